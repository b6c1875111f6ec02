//! What nobody holds though there is something to do, and taking it: whole businesses at a time.

use std::collections::{HashMap, HashSet};

use switchyard_core::adoption::Estate;
use switchyard_core::routing::{Peer, Route, Stray};
use switchyard_core::{BusinessId, SessionId};
use uuid::Uuid;

use super::{Incarnation, must_be_live, sql};
use crate::run::{execute, fetch_all, fetch_optional, hex};
use crate::{Error, Held, Lane, Result, Store, Tx};

/// What a shard may take, and who else could.
#[derive(Debug, Clone, Default)]
pub struct Unheld {
    /// Businesses with sessions that nobody holds.
    pub strays: Vec<Stray>,
    /// Businesses whose sessions were let go for this shard.
    pub inherited: Vec<BusinessId>,
    /// The shards whose lease has not lapsed; none when there is nothing to take.
    pub peers: Vec<Peer>,
    /// Whether a holder is asked to let go of something for this shard.
    pub expects: bool,
    /// Whether this shard is to be empty.
    pub drains: bool,
}

/// How many sessions are to be connected and have no live holder: what a monitor asks where no shard may be left to ask.
pub async fn count_unheld(store: &Store) -> Result<u64> {
    let mut conn = store.read().await?;
    let found = fetch_optional!(conn, (i64,), sql::COUNT_UNHELD)?;
    Ok(found.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
}

/// What a shard may take now.
pub async fn unheld(store: &Store, me: Incarnation) -> Result<Unheld> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(conn, StrayRow, sql::UNHELD, me.0)?;
    let standing = fetch_optional!(conn, (bool, bool), sql::STANDING, me.0)?;
    let (expects, drains) = standing.unwrap_or_default();
    let mut unheld = Unheld {
        expects,
        drains,
        ..Unheld::default()
    };
    if rows.is_empty() {
        return Ok(unheld);
    }
    unheld.peers = fetch_all!(conn, (i64, i64, Uuid), sql::PEERS)?
        .into_iter()
        .filter_map(|(number, room, _)| {
            let number = u16::try_from(number).ok()?;
            let room = u32::try_from(room.max(0)).ok()?;
            Some(Peer { number, room })
        })
        .collect();
    for row in rows {
        if row.inherited > 0 {
            unheld.inherited.push(row.business_id.into());
        } else {
            unheld.strays.push(row.into_stray()?);
        }
    }
    Ok(unheld)
}

/// Takes the sessions of these businesses that nobody holds and that have something to do, each under a new epoch. A
/// business of which somebody takes a part at this moment is left to them. [`Error::Fenced`]: our own lease is lost.
pub async fn take_businesses(
    store: &Store,
    me: Incarnation,
    businesses: Vec<BusinessId>,
) -> Result<Vec<Held>> {
    if businesses.is_empty() {
        return Ok(Vec::new());
    }
    let input = (me, businesses);
    store
        .write(Lane::Leases, input, |tx, (me, businesses)| {
            Box::pin(take_in(tx, *me, businesses))
        })
        .await
}

async fn take_in(tx: &mut Tx, me: Incarnation, businesses: &[BusinessId]) -> Result<Vec<Held>> {
    must_be_live(tx, me).await?;
    let list: Vec<String> = businesses.iter().map(|it| hex(it.uuid())).collect();
    let list = serde_json::to_string(&list)?;
    let rows = fetch_all!(tx, LockedRow, sql::LOCK_BUSINESSES, list.as_str())?;
    let mut locked: HashMap<Uuid, i64> = HashMap::new();
    for row in &rows {
        let count = locked.entry(row.business_id).or_default();
        *count = count.saturating_add(1);
    }
    let all = fetch_all!(tx, (Uuid, i64), sql::COUNT_BUSINESSES, list.as_str())?;
    let whole: HashSet<Uuid> = all
        .into_iter()
        .filter(|(business, count)| locked.get(business) == Some(count))
        .map(|(business, _)| business)
        .collect();
    let live: HashSet<Uuid> = fetch_all!(tx, (Uuid,), sql::ALL_LIVE)?
        .into_iter()
        .map(|(incarnation,)| incarnation)
        .collect();
    let is_live = |who: Option<Uuid>| who.is_some_and(|who| live.contains(&who));
    let mut heirs: Vec<&LockedRow> = Vec::new();
    let mut sessions: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| whole.contains(&row.business_id)) {
        let for_me = row.heir == Some(me.0);
        let free = !is_live(row.incarnation) && (for_me || !is_live(row.heir));
        if free && (for_me || row.has_work) {
            sessions.push(hex(row.session_id));
            heirs.extend(row.heir.map(|_| row));
        }
    }
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    tx.forget_current();
    let sessions = serde_json::to_string(&sessions)?;
    let taken = fetch_all!(
        tx,
        (Uuid, Uuid, i64),
        sql::TAKE_THESE,
        sessions.as_str(),
        me.0
    )?;
    for row in heirs {
        note_moved(tx, me, row.business_id, row.heir).await?;
    }
    Ok(taken
        .into_iter()
        .map(|(session, business, epoch)| Held {
            session: SessionId::from(session),
            business: BusinessId::from(business),
            epoch,
        })
        .collect())
}

/// A session that was to go to `heir` is taken by `me`: the move that somebody asked for has come further, or failed.
pub(super) async fn note_moved(
    tx: &mut Tx,
    me: Incarnation,
    business: Uuid,
    heir: Option<Uuid>,
) -> Result<()> {
    match heir {
        Some(heir) if heir == me.0 => execute!(tx, sql::MOVED, business, heir)?,
        Some(heir) => execute!(tx, sql::MOVE_FAILED, business, heir)?,
        None => 0,
    };
    Ok(())
}

#[derive(sqlx::FromRow)]
struct StrayRow {
    business_id: Uuid,
    sessions: i64,
    inherited: i64,
    shard_override: Option<i64>,
    shard: Option<i64>,
    last: Option<i64>,
    process: Option<String>,
    left_behind: Option<i64>,
    holder: Option<i64>,
}

impl StrayRow {
    fn into_stray(self) -> Result<Stray> {
        let business = BusinessId::from(self.business_id);
        let number = |value: Option<i64>| {
            let number = value.map(u16::try_from).transpose();
            number.map_err(|_range| Error::Corrupt {
                table: "businesses",
                column: "shard",
                id: business.to_string(),
            })
        };
        Ok(Stray {
            business,
            sessions: u32::try_from(self.sessions).unwrap_or(u32::MAX),
            route: Route {
                holder: number(self.holder)?,
                chosen: number(self.shard_override)?,
                pinned: number(self.shard)?,
            },
            last: number(self.last)?,
            estate: self.process.and_then(|process| {
                Some(Estate {
                    process: Uuid::parse_str(&process).ok()?,
                    sessions: u32::try_from(self.left_behind?).ok()?,
                })
            }),
        })
    }
}

#[derive(sqlx::FromRow)]
struct LockedRow {
    session_id: Uuid,
    business_id: Uuid,
    incarnation: Option<Uuid>,
    heir: Option<Uuid>,
    has_work: bool,
}
