//! Emptying a shard: it takes nothing new and gives its businesses away, one after the other, until it is to take
//! sessions again.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::routing::{Peer, without_room};
use switchyard_core::shard::DrainState;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use super::{CANNOT_TAKE, sql};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Conn, Error, Lane, Result, Store, Tx, leases};

/// How far the emptying of a shard has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// The shard.
    pub number: u16,
    /// Where it stands.
    pub state: DrainState,
    /// Sessions that are gone.
    pub moved: u32,
    /// Sessions that it had to give away.
    pub total: u32,
    /// How long the rest will take at the pace so far; unknown before the first one is gone.
    pub seconds_left: Option<u32>,
    /// Sessions that stay for as long as no other shard has room for their whole business beside those that go before.
    pub waiting_for_room: u32,
}

/// Begins to empty a shard; once more changes nothing. `None`: no live process has that number. [`Error::Conflict`]
/// `shard_cannot_take`: there is no other live shard. It is noted in every business that the shard holds, and in
/// `home`, that of whoever asks.
pub async fn drain(
    store: &Store,
    now: Timestamp,
    by: Actor,
    home: Option<BusinessId>,
    number: u16,
) -> Result<Option<Drain>> {
    let input = (now, by, home, number);
    let known = store
        .write(Lane::Leases, input, |tx, (now, by, home, number)| {
            Box::pin(async move {
                let shard = i64::from(*number);
                let Some((incarnation,)) = fetch_optional!(tx, (Uuid,), sql::NUMBER, shard)? else {
                    return Ok(false);
                };
                if fetch_optional!(tx, (i64,), sql::ANOTHER, shard)?.is_none() {
                    return Err(Error::Conflict(CANNOT_TAKE));
                }
                if execute!(tx, sql::BEGIN_DRAIN, shard, incarnation, now.ms())? > 0 {
                    let action = AuditAction::ShardDrained;
                    note(tx, *now, by, *home, (*number, incarnation, action)).await?;
                    // Last: a renewal of the lease waits for the end of this.
                    execute!(tx, sql::DRAINING, incarnation)?;
                }
                Ok(true)
            })
        })
        .await?;
    if !known {
        return Ok(None);
    }
    drain_of(store, now, number).await
}

/// Lets a shard take sessions again. What has gone stays where it is; what is on its way arrives there; the rest stays
/// here. `None`: it was not to be empty.
pub async fn undrain(
    store: &Store,
    now: Timestamp,
    by: Actor,
    home: Option<BusinessId>,
    number: u16,
) -> Result<Option<()>> {
    let input = (now, by, home, number);
    store
        .write(Lane::Leases, input, |tx, (now, by, home, number)| {
            Box::pin(async move {
                let shard = i64::from(*number);
                let incarnation = fetch_optional!(tx, (Uuid,), sql::NUMBER, shard)?;
                if execute!(tx, sql::END_DRAIN, shard)? == 0 {
                    return Ok(None);
                }
                if let Some((incarnation,)) = incarnation {
                    execute!(tx, sql::STAY, incarnation)?;
                    let action = AuditAction::ShardUndrained;
                    note(tx, *now, by, *home, (*number, incarnation, action)).await?;
                    execute!(tx, sql::LIVE_AGAIN, incarnation)?;
                }
                Ok(Some(()))
            })
        })
        .await
}

/// How far the emptying of a shard has come; `None` when it is not to be empty.
pub async fn drain_of(store: &Store, now: Timestamp, number: u16) -> Result<Option<Drain>> {
    let mut conn = store.read().await?;
    let row = progress(&mut conn, number).await?;
    let waiting = match row {
        Some(_) => waiting_for_room(&mut conn, number).await?,
        None => 0,
    };
    Ok(row.map(|(total, held, started_at)| {
        let count = |sessions: i64| u32::try_from(sessions).unwrap_or(0);
        let moved = total.saturating_sub(held).max(0);
        let elapsed = now.ms().saturating_sub(started_at).max(0);
        let left = held.saturating_mul(elapsed).checked_div(moved);
        let seconds = left.map(|ms| u32::try_from(ms / 1_000).unwrap_or(u32::MAX));
        Drain {
            number,
            state: if held == 0 {
                DrainState::Drained
            } else {
                DrainState::Draining
            },
            moved: count(moved),
            total: count(total),
            seconds_left: if held == 0 { Some(0) } else { seconds },
            waiting_for_room: waiting,
        }
    }))
}

async fn progress(conn: &mut Conn, number: u16) -> Result<Option<(i64, i64, i64)>> {
    let shard = i64::from(number);
    fetch_optional!(conn, (i64, i64, i64), sql::DRAIN_PROGRESS, shard)
}

async fn waiting_for_room(conn: &mut Conn, number: u16) -> Result<u32> {
    let peers = fetch_all!(conn, (i64, i64, Uuid), leases::sql::PEERS)?;
    let peers = peers.into_iter().filter_map(|(peer, room, _)| {
        let peer = u16::try_from(peer).ok().filter(|it| *it != number)?;
        let room = u32::try_from(room.max(0)).ok()?;
        Some(Peer { number: peer, room })
    });
    let held = fetch_all!(conn, (Uuid, i64), sql::NOT_GIVEN, i64::from(number))?;
    let held = held
        .into_iter()
        .map(|(id, sessions)| (id.into(), u32::try_from(sessions).unwrap_or(u32::MAX)));
    Ok(without_room(
        &peers.collect::<Vec<_>>(),
        &held.collect::<Vec<_>>(),
    ))
}

/// In every business that the shard holds, and in that of whoever asks.
async fn note(
    tx: &mut Tx,
    now: Timestamp,
    by: &Actor,
    home: Option<BusinessId>,
    (number, incarnation, action): (u16, Uuid, AuditAction),
) -> Result<()> {
    let rows = fetch_all!(tx, (Uuid,), sql::HELD_BUSINESSES, incarnation)?;
    let mut businesses: Vec<BusinessId> = rows.into_iter().map(|(it,)| it.into()).collect();
    businesses.extend(home);
    businesses.sort_unstable_by_key(|it| it.uuid());
    businesses.dedup();
    for business in businesses {
        let detail = json!({"shard": number});
        let target = format!("shard {number}");
        audit::note(tx, now, business, by, action, &target, &detail).await?;
    }
    Ok(())
}
