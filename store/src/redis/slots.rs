//! Slots of calls in Redis, one script a verb. Everything is under one hash tag, so that each script runs on one node of
//! a cluster; the scripts need Redis 6.2 or Valkey (`ZADD GT`), and a server that evicts nothing.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use switchyard_core::BusinessId;
use uuid::Uuid;

use super::{Away, Redis};
use crate::slots::{
    Admission, Ask, HOLDERS_MOST, Holder, Holding, LIFE, Last, Pulse, Renaming, STONE, Standing,
    Timing, Turn,
};

const SLOTS: &str = "sy:{calls}:slots";
const META: &str = "sy:{calls}:meta";
const REPLICAS: &str = "sy:{calls}:rep";
const LEADER: &str = "sy:{calls}:leader";
/// What the names of calls begin with.
const CALL: &str = "sy:{calls}:call:";

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {$(
        static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("slots/clock.lua"), include_str!($file)))
        });
    )*};
}

scripts! {
    ACQUIRE = "slots/acquire.lua";
    AIR = "slots/air.lua";
    BEAT = "slots/beat.lua";
    RELEASE = "slots/release.lua";
    VACATE = "slots/vacate.lua";
    RENAME = "slots/rename.lua";
    SWEEP = "slots/sweep.lua";
    STANDING = "slots/standing.lua";
    HOLDERS = "slots/holders.lua";
    LIMIT = "slots/limit.lua";
    TURN = "slots/turn.lua";
    LAST = "slots/page.lua";
    PHASE = "slots/phase.lua";
    LEAD = "slots/lead.lua";
    LEAVE = "slots/leave.lua";
}

/// A row of [`HOLDERS`]: id, business, owner, epoch, phase, age and rest in milliseconds, whether the owner lives.
type Row = (String, String, String, u64, String, i64, i64, u8);

impl Redis {
    pub(crate) async fn acquire(&self, timing: Timing, ask: Ask<'_>) -> Result<Admission, Away> {
        let (of_business, call) = (of_business(ask.business), call(ask.id));
        let keys = [SLOTS, of_business.as_str(), call.as_str(), META];
        let business = ask.business.uuid().to_string();
        let numbers = [
            ms(timing.lease),
            ask.limit.to_string(),
            ask.business_limit.to_string(),
            ms(timing.stale),
            ms(timing.grace),
            ask.epoch.to_string(),
            ms(LIFE),
        ];
        let mut arguments = vec![ask.id, &business, ask.owner, ask.mode.name()];
        arguments.extend(numbers.iter().map(String::as_str));
        arguments.push(ask.phase);
        let answer: (String, u64, u64, String) = self.script(&ACQUIRE, &keys, &arguments).await?;
        let (name, number, epoch, owner) = answer;
        Ok(match name.as_str() {
            "new" => Admission::New {
                live: u32::try_from(number).unwrap_or(u32::MAX),
                epoch,
            },
            "held" => Admission::Held { epoch, owner },
            "warming" => Admission::Warming {
                left: Duration::from_millis(number),
            },
            "full_of_business" => Admission::FullOfBusiness,
            "ended" => Admission::Ended,
            _ => Admission::Full,
        })
    }

    pub(crate) async fn beat(
        &self,
        timing: Timing,
        replica: &str,
        held: &[Holding],
    ) -> Result<Vec<Pulse>, Away> {
        let mut keys = vec![SLOTS.to_owned(), META.to_owned(), REPLICAS.to_owned()];
        let mut arguments = vec![
            replica.to_owned(),
            ms(timing.lease),
            ms(timing.alive),
            ms(timing.stale),
            ms(timing.grace),
        ];
        for held in held {
            keys.extend([call(&held.id), of_business(held.business)]);
            arguments.extend([held.id.clone(), held.epoch.to_string(), ms(held.left)]);
        }
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answers: Vec<String> = self.script(&BEAT, &keys, &arguments).await?;
        Ok(answers.iter().map(|name| Pulse::named(name)).collect())
    }

    pub(crate) async fn release(
        &self,
        id: &str,
        business: BusinessId,
        ended: &str,
    ) -> Result<bool, Away> {
        let (of_business, call, life) = (of_business(business), call(id), ms(STONE));
        let keys = [SLOTS, of_business.as_str(), call.as_str()];
        let whose = business.uuid().to_string();
        let arguments = [id, ended, &life, &whose];
        let first: u8 = self.script(&RELEASE, &keys, &arguments).await?;
        Ok(first == 1)
    }

    pub(crate) async fn vacate(
        &self,
        id: &str,
        business: BusinessId,
        owner: &str,
    ) -> Result<bool, Away> {
        let (of_business, call) = (of_business(business), call(id));
        let keys = [SLOTS, of_business.as_str(), call.as_str()];
        let freed: u8 = self.script(&VACATE, &keys, &[id, owner]).await?;
        Ok(freed == 1)
    }

    pub(crate) async fn rename(
        &self,
        reservation: &str,
        id: &str,
        business: BusinessId,
    ) -> Result<Renaming, Away> {
        let (of_business, old, new) = (of_business(business), call(reservation), call(id));
        let keys = [SLOTS, &of_business, &old, &new, META];
        let (life, stone) = (ms(LIFE), ms(STONE));
        let name: String = self
            .script(&RENAME, &keys, &[reservation, id, &life, &stone])
            .await?;
        Ok(match name.as_str() {
            "renamed" => Renaming::Renamed,
            "done" => Renaming::Done,
            "ended" => Renaming::Ended,
            _ => Renaming::Lost,
        })
    }

    pub(crate) async fn sweep(&self) -> Result<Vec<(String, Option<BusinessId>)>, Away> {
        let swept: Vec<(String, String)> = self.script(&SWEEP, &[SLOTS], &[CALL]).await?;
        Ok(swept
            .into_iter()
            .map(|(id, business)| (id, whose(&business)))
            .collect())
    }

    pub(crate) async fn standing(&self, timing: Timing, limit: u32) -> Result<Standing, Away> {
        let arguments = [limit.to_string(), ms(timing.stale), ms(timing.grace)];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer: (u32, u32, u64) = self.script(&STANDING, &[SLOTS, META], &arguments).await?;
        Ok(Standing {
            live: answer.0,
            limit: answer.1,
            warming: Duration::from_millis(answer.2),
        })
    }

    pub(crate) async fn holders(&self) -> Result<Vec<Holder>, Away> {
        let most = HOLDERS_MOST.to_string();
        let rows: Vec<Row> = self
            .script(&HOLDERS, &[SLOTS, REPLICAS], &[CALL, &most])
            .await?;
        let millis = |number: i64| Duration::from_millis(u64::try_from(number).unwrap_or(0));
        let shown = rows.into_iter().map(|row| Holder {
            id: row.0,
            business: whose(&row.1),
            owner: row.2,
            epoch: row.3,
            phase: row.4,
            age: millis(row.5),
            left: millis(row.6),
            owner_lives: row.7 == 1,
        });
        Ok(shown.collect())
    }

    pub(crate) async fn set_limit(&self, limit: Option<u32>) -> Result<(), Away> {
        let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
        self.script(&LIMIT, &[META], &[&limit]).await
    }

    pub(crate) async fn turn(
        &self,
        id: &str,
        page: u32,
        body: &str,
        phase: &str,
    ) -> Result<Turn, Away> {
        let (call, page, life) = (call(id), page.to_string(), ms(LIFE));
        let arguments = [page.as_str(), body, phase, &life];
        let (name, body): (String, String) = self.script(&TURN, &[&call], &arguments).await?;
        Ok(match name.as_str() {
            "turned" => Turn::Turned,
            "ended" => Turn::Ended,
            _ => Turn::Repeated(body),
        })
    }

    pub(crate) async fn last(&self, id: &str) -> Result<Last, Away> {
        let answer: (String, u32, String, String) = self.script(&LAST, &[&call(id)], &[]).await?;
        Ok(Last {
            ended: !answer.0.is_empty(),
            ended_as: answer.0,
            page: answer.1,
            body: answer.2,
            phase: answer.3,
        })
    }

    pub(crate) async fn note_phase(&self, id: &str, phase: &str) -> Result<(), Away> {
        self.script(&PHASE, &[&call(id)], &[phase]).await
    }

    pub(crate) async fn begin_page(&self, id: &str, page: u32, phase: &str) -> Result<bool, Away> {
        let (call, page) = (call(id), page.to_string());
        let arguments = [id, page.as_str(), phase];
        let first: u8 = self.script(&AIR, &[SLOTS, &call], &arguments).await?;
        Ok(first == 1)
    }

    pub(crate) async fn leave(&self, replica: &str) -> Result<(), Away> {
        self.script(&LEAVE, &[REPLICAS, LEADER], &[replica]).await
    }

    pub(crate) async fn lead(&self, replica: &str, time: Duration) -> Result<bool, Away> {
        let leads: u8 = self.script(&LEAD, &[LEADER], &[replica, &ms(time)]).await?;
        Ok(leads == 1)
    }
}

fn of_business(business: BusinessId) -> String {
    format!("{SLOTS}:b:{}", business.uuid())
}

fn call(id: &str) -> String {
    format!("{CALL}{id}")
}

fn whose(text: &str) -> Option<BusinessId> {
    Uuid::parse_str(text).ok().map(BusinessId::from)
}

fn ms(time: Duration) -> String {
    time.as_millis().to_string()
}
