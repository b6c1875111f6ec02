//! Sweeps: what regularly finds lost work and removes what is spent. Each call is one small transaction.

use std::time::Duration;

use switchyard_core::job::Job;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use crate::messages::MessageRow;
use crate::messages::row::tell_status;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::statement::Sql;
use crate::{Lane, Result, Store, jobs, queues};

pub(crate) mod sql;

/// Rows that one call changes of each table: it bounds how long others wait for the one writer.
const BATCH: u32 = 200;
/// How long after its deadline a message that went to the socket waits for its acknowledgement.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_mins(1);
/// Events are kept so long.
const EVENTS_KEPT: Duration = Duration::from_hours(7 * 24);
/// An idempotency key answers a repeated request so long.
const KEYS_KEPT: Duration = Duration::from_hours(24);
/// Sign-ins and sign-in links stay so long after their end: the reuse of an old token is still recognised.
const SIGN_INS_KEPT: Duration = Duration::from_hours(24);
/// API keys and invitations stay so long after their end: whoever reads of one in the audit log, or wonders why a program
/// is refused, still finds what it was.
const ACCESS_KEPT: Duration = Duration::from_hours(30 * 24);
/// Who was missed stays known for longer than any window in which nobody is written to twice, and for as long as a message
/// to them that was given up can be retried.
const MISSED_KEPT: Duration = Duration::from_hours(30 * 24);

/// A worker process that was not seen for so long has ended, and nobody asks for it.
const WORKERS_KEPT: Duration = Duration::from_hours(1);

/// Pushes a drain for chats that have unsent messages or reads that are not told, a connected session, and no drain that
/// waits or runs. Through a session whose new chats are restricted only replies go. Answers how many were missing.
pub async fn drains_missing(store: &Store, now: Timestamp) -> Result<u64> {
    let mut conn = store.read().await?;
    let limit = i64::from(BATCH);
    let mut found = fetch_all!(conn, (Uuid, Uuid, Uuid), sql::DRAINS_MISSING, limit)?;
    found.extend(fetch_all!(
        conn,
        (Uuid, Uuid, Uuid),
        sql::READS_MISSING,
        limit
    )?);
    drop(conn);
    if found.is_empty() {
        return Ok(0);
    }
    store
        .write(Lane::Rest, (now, found), |tx, (now, found)| {
            Box::pin(async move {
                let mut pushed = 0_u64;
                for (business, session, chat) in found {
                    let drain = Job::DrainChat {
                        session: (*session).into(),
                        chat: (*chat).into(),
                    };
                    let business = Some(BusinessId::from(*business));
                    let is_new = jobs::push(tx, *now, business, &drain, *now).await?;
                    pushed = pushed.saturating_add(u64::from(is_new));
                }
                Ok(pushed)
            })
        })
        .await
}

/// Gives up some of the messages whose deadline has passed; one that went to the socket may still be acknowledged
/// for a minute. Answers how many; 0: none is left.
pub async fn expire_messages(store: &Store, now: Timestamp) -> Result<u64> {
    let mut conn = store.read().await?;
    let grace = now.minus(ACKNOWLEDGED_WITHIN);
    let passed = fetch_optional!(conn, (i64,), sql::HAS_EXPIRED, now.ms(), grace.ms())?;
    drop(conn);
    if passed.is_none() {
        return Ok(0);
    }
    store
        .write(Lane::Rest, (now, grace), |tx, (now, grace)| {
            Box::pin(async move {
                let rows = fetch_all!(
                    tx,
                    MessageRow,
                    sql::EXPIRE,
                    now.ms(),
                    grace.ms(),
                    i64::from(BATCH)
                )?;
                tell_status(tx, *now, rows)
            })
        })
        .await
}

/// Removes some of what is spent: finished jobs, old events, idempotency keys, ended sign-ins and links, invitations and
/// API keys that ended 30 days ago, callers whom nobody missed or wrote to for as long, expired values of the vault, minutes
/// of queues, workers that ended. Answers how many rows went; 0: nothing is left that is old enough.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64> {
    let jobs = jobs::prune(store, now, BATCH).await?;
    let spent: [(&'static Sql, Timestamp); 12] = [
        (&sql::PRUNE_EVENTS, now.minus(EVENTS_KEPT)),
        (&sql::PRUNE_KEYS, now.minus(KEYS_KEPT)),
        (&sql::PRUNE_SIGN_INS, now.minus(SIGN_INS_KEPT)),
        (&sql::PRUNE_LINKS, now.minus(SIGN_INS_KEPT)),
        (&sql::PRUNE_INVITATIONS, now.minus(ACCESS_KEPT)),
        (&sql::PRUNE_EXPIRED_KEYS, now.minus(ACCESS_KEPT)),
        (&sql::PRUNE_REVOKED_KEYS, now.minus(ACCESS_KEPT)),
        (&sql::PRUNE_MISSED, now.minus(MISSED_KEPT)),
        (&sql::PRUNE_SHARDS, now.minus(SIGN_INS_KEPT)),
        (&sql::PRUNE_VAULT, now),
        (&queues::sql::PRUNE_MINUTES, now.minus(queues::MINUTES_KEPT)),
        (&queues::sql::PRUNE_WORKERS, now.minus(WORKERS_KEPT)),
    ];
    let rest = store
        .write(Lane::Rest, spent, |tx, spent| {
            Box::pin(async move {
                let mut gone = 0_u64;
                for (statement, before) in spent {
                    let deleted = execute!(tx, statement, before.ms(), i64::from(BATCH))?;
                    gone = gone.saturating_add(deleted);
                }
                Ok(gone)
            })
        })
        .await?;
    Ok(jobs.saturating_add(rest))
}
