//! The leases of claims: renewed by their worker, taken up when they lapse, given back when it stops.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use switchyard_core::queue::Queue;
use switchyard_core::{JobId, Timestamp};
use uuid::Uuid;

use super::end::{End, Finished, record};
use super::{ms, sql};
use crate::run::{answered, fetch_all, fetch_optional, hex};
use crate::{Engine, Lane, Result, Store, Tx};

/// The wait after the first lapsed lease: the time until it lapsed was a wait already.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Makes these claims of a worker last `lease` from now on, in one statement. Answers those that are not its own
/// any more: whoever works on them stops.
pub async fn renew(
    store: &Store,
    worker: &Arc<str>,
    held: Vec<(JobId, i64)>,
    lease: Duration,
) -> Result<Vec<(JobId, i64)>> {
    let input = (Arc::clone(worker), held.clone(), lease);
    let renewed = store
        .write_relaxed(Lane::Leases, input, |tx, (worker, held, lease)| {
            Box::pin(renew_in(tx, worker, held, *lease))
        })
        .await?;
    let renewed: HashSet<(Uuid, i64)> = renewed.into_iter().collect();
    let lost = |claim: &(JobId, i64)| !renewed.contains(&(claim.0.uuid(), claim.1));
    Ok(held.into_iter().filter(lost).collect())
}

async fn renew_in(
    tx: &mut Tx,
    worker: &str,
    held: &[(JobId, i64)],
    lease: Duration,
) -> Result<Vec<(Uuid, i64)>> {
    let patience = tx.patience();
    match tx.engine() {
        Engine::Sqlite(connection) => {
            let held: Vec<(String, i64)> = held
                .iter()
                .map(|(id, fence)| (hex(id.uuid()), *fence))
                .collect();
            let renewed = sqlx::query_as(sql::RENEW.sqlite)
                .bind(worker)
                .bind(ms(lease))
                .bind(serde_json::to_string(&held)?)
                .fetch_all(connection)
                .await?;
            Ok(renewed)
        }
        Engine::Postgres(connection) => {
            let ids: Vec<Uuid> = held.iter().map(|(id, _)| id.uuid()).collect();
            let fences: Vec<i64> = held.iter().map(|(_, fence)| *fence).collect();
            let renewed = sqlx::query_as(sql::RENEW.postgres)
                .bind(worker)
                .bind(ms(lease))
                .bind(ids)
                .bind(fences)
                .fetch_all(connection);
            Ok(answered(patience, renewed).await?)
        }
    }
}

/// Takes up to `limit` lapsed claims from their workers: waiting again after a wait, or dead when it was the last
/// attempt. Answers how many there were.
pub async fn reap(store: &Store, now: Timestamp, limit: u32) -> Result<u64> {
    // Most looks find nothing, and need no turn of the writer.
    let mut conn = store.read().await?;
    if fetch_optional!(conn, (i64,), sql::HAS_LAPSED)?.is_none() {
        return Ok(0);
    }
    drop(conn);
    store
        .write(Lane::Leases, (now, limit), |tx, (now, limit)| {
            Box::pin(async move {
                let rows = fetch_all!(tx, LapsedRow, sql::LAPSED, i64::from(*limit))?;
                let ends: Vec<Finished> = rows.iter().map(|row| row.end(*now)).collect();
                record(tx, *now, &ends).await?;
                Ok(u64::try_from(ends.len()).unwrap_or(u64::MAX))
            })
        })
        .await
}

/// Gives back everything that a worker holds: at once due again, and not counted as an attempt.
pub async fn hand_back(store: &Store, now: Timestamp, worker: &Arc<str>) -> Result<u64> {
    store
        .write(
            Lane::Messages,
            (now, Arc::clone(worker)),
            |tx, (now, worker)| {
                Box::pin(async move {
                    let held = fetch_all!(tx, (Uuid, i64), sql::HELD_BY, &**worker)?;
                    let back = |(id, fence): (Uuid, i64)| Finished {
                        id: id.into(),
                        fence,
                        end: End::RetryAt {
                            at: *now,
                            code: "handed_back",
                            counts: false,
                        },
                    };
                    let ends: Vec<Finished> = held.into_iter().map(back).collect();
                    record(tx, *now, &ends).await?;
                    Ok(u64::try_from(ends.len()).unwrap_or(u64::MAX))
                })
            },
        )
        .await
}

#[derive(sqlx::FromRow)]
struct LapsedRow {
    id: Uuid,
    queue: String,
    attempts: i64,
    fence: i64,
}

impl LapsedRow {
    fn end(&self, now: Timestamp) -> Finished {
        let attempt = u16::try_from(self.attempts).unwrap_or(u16::MAX);
        let end = match Queue::parse(&self.queue) {
            None => End::Dead {
                code: "unknown_queue",
            },
            Some(queue) if attempt >= queue.policy().attempts => End::Dead {
                code: "lease_lapsed",
            },
            Some(queue) => End::RetryAt {
                at: now.plus(match attempt {
                    0 | 1 => FIRST_WAIT,
                    more => queue.policy().backoff_after(more.saturating_sub(1)),
                }),
                code: "lease_lapsed",
                counts: true,
            },
        };
        Finished {
            id: self.id.into(),
            fence: self.fence,
            end,
        }
    }
}
