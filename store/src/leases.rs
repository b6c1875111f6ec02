//! Leases: which shard process may hold a session, under which epoch.
//!
//! One lease row per process; the row of a session changes only when the session changes hands.

use std::time::Duration;

use switchyard_core::{BusinessId, SessionId, Timestamp};
use uuid::Uuid;

use crate::hints::Hint;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Held, Lane, Result, Store, Tx};

mod giving;
mod renewer;
pub(crate) mod sql;
mod unheld;

pub use giving::{Given, Homing, give_away, send_home};
pub use renewer::Renewer;
pub use unheld::{Unheld, count_unheld, take_businesses, unheld};

/// One start of one shard process: a woken old process and its restarted namesake are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Incarnation(pub Uuid);

/// What a shard tells of itself when it starts.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its number, from 1.
    pub number: u16,
    /// Where its internal HTTP is reached.
    pub url: String,
    /// So many sessions it wants to hold at most.
    pub capacity: u32,
    /// How long its lease lasts without a renewal.
    pub lease: Duration,
}

/// How a shard process does, since it last told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Thousandths of a processor that it used.
    pub cpu_milli: i64,
    /// Its memory, in bytes.
    pub rss_bytes: i64,
    /// Thousandths of a message a second, in and out.
    pub messages_milli: i64,
}

/// The live process that holds a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Where its internal HTTP is reached.
    pub url: String,
    /// The process.
    pub incarnation: Incarnation,
    /// Under this epoch.
    pub epoch: i64,
}

/// Registers a starting shard. While another live process has the number: [`Error::Conflict`]
/// `shard_number_taken`. On SQLite the caller holds the lock of the data folder, which proves every
/// predecessor dead, so it takes over at once.
pub async fn register(
    store: &Store,
    now: Timestamp,
    registration: Registration,
) -> Result<Incarnation> {
    let incarnation = Incarnation(Uuid::new_v4());
    let input = (now, registration, incarnation);
    let registered = store
        .write(Lane::Leases, input, |tx, (now, shard, incarnation)| {
            Box::pin(async move {
                execute!(tx, sql::RETIRE, i64::from(shard.number))?;
                execute!(
                    tx,
                    sql::REGISTER,
                    incarnation.0,
                    i64::from(shard.number),
                    shard.url.as_str(),
                    i64::from(shard.capacity),
                    ms(shard.lease),
                    now.ms()
                )
            })
        })
        .await;
    match registered {
        Ok(_) => Ok(incarnation),
        Err(error) if error.is_unique_violation() => Err(Error::Conflict("shard_number_taken")),
        Err(error) => Err(error),
    }
}

/// Marks every shard as lost whose lease has lapsed, and answers how many. Committed before anybody
/// adopts, so that a lost one can never renew again.
pub async fn mark_lost(store: &Store) -> Result<u64> {
    store
        .write(Lane::Leases, (), |tx, ()| {
            Box::pin(async move { execute!(tx, sql::MARK_LOST) })
        })
        .await
}

/// Takes a session under a new epoch; waits for writes under the old one to end.
/// `None`: a live other holds it or alone may take it, or there is no such session. [`Error::Fenced`]: our own lease is lost.
pub async fn take(
    store: &Store,
    incarnation: Incarnation,
    session: SessionId,
) -> Result<Option<Held>> {
    let input = (incarnation, session);
    store
        .write(Lane::Leases, input, |tx, (incarnation, session)| {
            Box::pin(async move {
                must_be_live(tx, *incarnation).await?;
                let row = fetch_optional!(tx, LeaseRow, sql::LOCK, session.uuid())?;
                match row {
                    Some(row) => take_locked(tx, *incarnation, &row).await,
                    None => Ok(None),
                }
            })
        })
        .await
}

/// Takes every session that no live other holds, each under a new epoch.
pub async fn take_all(store: &Store, incarnation: Incarnation) -> Result<Vec<Held>> {
    store
        .write(Lane::Leases, incarnation, |tx, incarnation| {
            Box::pin(async move {
                must_be_live(tx, *incarnation).await?;
                let rows = fetch_all!(tx, LeaseRow, sql::LOCK_ALL)?;
                let mut held = Vec::with_capacity(rows.len());
                for row in rows {
                    held.extend(take_locked(tx, *incarnation, &row).await?);
                }
                Ok(held)
            })
        })
        .await
}

/// Lets go of a session; writes under its epoch are refused from now on.
pub async fn release(store: &Store, incarnation: Incarnation, session: SessionId) -> Result<()> {
    let input = (incarnation, session);
    store
        .write(Lane::Leases, input, |tx, (incarnation, session)| {
            Box::pin(async move {
                fetch_optional!(tx, LeaseRow, sql::LOCK, session.uuid())?;
                tx.forget_current();
                execute!(tx, sql::RELEASE, session.uuid(), incarnation.0)?;
                tx.hint(Hint::Session(*session));
                Ok(())
            })
        })
        .await
}

/// Who holds a session, as long as its lease has not lapsed.
pub async fn holder(store: &Store, session: SessionId) -> Result<Option<Holder>> {
    let mut conn = store.read().await?;
    let row = fetch_optional!(conn, (String, Uuid, i64), sql::HOLDER, session.uuid())?;
    Ok(row.map(|(url, incarnation, epoch)| Holder {
        url,
        incarnation: Incarnation(incarnation),
        epoch,
    }))
}

/// Leaves for good: lets go of every session and gives the number back.
pub async fn deregister(store: &Store, incarnation: Incarnation) -> Result<()> {
    store
        .write(Lane::Leases, incarnation, |tx, incarnation| {
            Box::pin(async move {
                execute!(tx, sql::DEREGISTER, incarnation.0)?;
                fetch_all!(tx, LeaseRow, sql::LOCK_MINE, incarnation.0)?;
                tx.forget_current();
                execute!(tx, sql::RELEASE_ALL, incarnation.0)?;
                Ok(())
            })
        })
        .await
}

async fn must_be_live(tx: &mut Tx, incarnation: Incarnation) -> Result<()> {
    let live = fetch_optional!(tx, (i64,), sql::IS_LIVE, incarnation.0)?;
    live.map(|_| ()).ok_or(Error::Fenced)
}

async fn take_locked(tx: &mut Tx, me: Incarnation, row: &LeaseRow) -> Result<Option<Held>> {
    let heir = row.heir.filter(|_| row.incarnation != Some(me.0));
    for other in [row.incarnation, heir].into_iter().flatten() {
        if other != me.0 && fetch_optional!(tx, (i64,), sql::IS_LIVE, other)?.is_some() {
            return Ok(None);
        }
    }
    tx.forget_current();
    let taken = fetch_optional!(tx, (i64,), sql::TAKE, row.session_id, me.0)?;
    unheld::note_moved(tx, me, row.business_id, row.heir).await?;
    Ok(taken.map(|(epoch,)| Held {
        session: row.session_id.into(),
        business: BusinessId::from(row.business_id),
        epoch,
    }))
}

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    session_id: Uuid,
    business_id: Uuid,
    incarnation: Option<Uuid>,
    heir: Option<Uuid>,
}
