//! Sessions that a shard gives to others: all of them while it is to be empty, and those that belong elsewhere once
//! their shard has been well for a while.

use std::collections::HashMap;
use std::time::Duration;

use switchyard_core::BusinessId;
use switchyard_core::routing::{Peer, hand_out};
use uuid::Uuid;

use super::{Incarnation, ms, must_be_live, sql};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Lane, Result, Store, Tx};

/// So many businesses are looked at for the way home: those whose shard is full must not hide the others.
const HOMING_LOOK: i64 = 200;
/// So many sessions of a shard are on their way at a time.
const ON_THEIR_WAY: i64 = 50;

/// When a session goes home by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Homing {
    /// The home must have been live for so long.
    pub healthy: Duration,
    /// It must not have changed hands for so long.
    pub calm: Duration,
    /// So many sessions at a time; a business goes whole.
    pub at_a_time: u32,
}

/// What a shard that is to be empty gave away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    /// So many sessions.
    pub sessions: u32,
    /// So many shards had room for any.
    pub heirs: u32,
}

/// A shard that is to be empty names who shall have the next of its businesses: some `each` sessions for each of those
/// that have room, of businesses that go whole.
pub async fn give_away(store: &Store, me: Incarnation, each: u32) -> Result<Given> {
    store
        .write(Lane::Leases, (me, each), |tx, (me, each)| {
            Box::pin(async move {
                must_be_live(tx, *me).await?;
                let (peers, processes) = others(tx, *me).await?;
                let heirs = peers.iter().filter(|peer| peer.room > 0).count();
                let heirs = u32::try_from(heirs).unwrap_or(u32::MAX);
                let mut given = Given { sessions: 0, heirs };
                let open = fetch_optional!(tx, (i64,), sql::ON_THEIR_WAY, me.0)?;
                let free = ON_THEIR_WAY.saturating_sub(open.map_or(0, |(open,)| open));
                let free = free.min(each.saturating_mul(heirs).into());
                if free <= 0 {
                    return Ok(given);
                }
                let held = fetch_all!(tx, (Uuid, i64), sql::TO_GIVE, me.0, free)?;
                let held: Vec<(BusinessId, u32)> = held
                    .into_iter()
                    .map(|(id, count)| (id.into(), u32::try_from(count).unwrap_or(u32::MAX)))
                    .collect();
                let free = u32::try_from(free).unwrap_or(0);
                for (business, number, sessions) in hand_out(&peers, &held, free) {
                    if let Some(heir) = processes.get(&number) {
                        execute!(tx, sql::GIVE, business.uuid(), me.0, *heir)?;
                        given.sessions = given.sessions.saturating_add(sessions);
                    }
                }
                Ok(given)
            })
        })
        .await
}

/// A shard names their own shard as the next holder of sessions that belong there, when that has been well and they
/// have been quiet for long enough; answers how many sessions that are.
pub async fn send_home(store: &Store, me: Incarnation, number: u16, homing: Homing) -> Result<u32> {
    let input = (me, number, homing);
    store
        .write(Lane::Leases, input, |tx, (me, number, homing)| {
            Box::pin(async move {
                must_be_live(tx, *me).await?;
                let away = fetch_all!(
                    tx,
                    (Uuid, i64, i64),
                    sql::AWAY_FROM_HOME,
                    me.0,
                    i64::from(*number),
                    ms(homing.healthy),
                    ms(homing.calm),
                    HOMING_LOOK
                )?;
                if away.is_empty() {
                    return Ok(0);
                }
                let (peers, processes) = others(tx, *me).await?;
                let mut room: HashMap<i64, u32> = peers
                    .iter()
                    .map(|peer| (i64::from(peer.number), peer.room))
                    .collect();
                let mut sent: u32 = 0;
                for (business, sessions, home) in away {
                    let sessions = u32::try_from(sessions).unwrap_or(u32::MAX);
                    let heir = u16::try_from(home).ok().and_then(|it| processes.get(&it));
                    let left = room.entry(home).or_default();
                    let fits = sent == 0 || sent.saturating_add(sessions) <= homing.at_a_time;
                    if let Some(heir) = heir.filter(|_| fits && *left >= sessions) {
                        *left = left.saturating_sub(sessions);
                        execute!(tx, sql::GIVE, business, me.0, *heir)?;
                        sent = sent.saturating_add(sessions);
                    }
                }
                Ok(sent)
            })
        })
        .await
}

/// The other live shards with their processes.
async fn others(tx: &mut Tx, me: Incarnation) -> Result<(Vec<Peer>, HashMap<u16, Uuid>)> {
    let rows = fetch_all!(tx, (i64, i64, Uuid), sql::PEERS)?;
    let (mut peers, mut processes) = (Vec::new(), HashMap::new());
    for (number, room, incarnation) in rows {
        if let (Ok(number), false) = (u16::try_from(number), incarnation == me.0) {
            let room = u32::try_from(room.max(0)).unwrap_or(u32::MAX);
            peers.push(Peer { number, room });
            processes.insert(number, incarnation);
        }
    }
    Ok((peers, processes))
}
