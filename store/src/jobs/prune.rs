//! Removing jobs that are over.

use std::time::Duration;

use switchyard_core::Timestamp;

use super::sql;
use crate::run::execute;
use crate::{Lane, Result, Store};

/// Finished jobs stay this long: for a look at what just happened, and so that a regular job's tick is not repeated.
const DONE_KEPT: Duration = Duration::from_mins(10);
/// Dead letters stay this long, for somebody to look at and retry.
const DEAD_KEPT: Duration = Duration::from_hours(30 * 24);

/// Removes up to `limit` jobs of each final state that were over long enough; answers how many went.
pub async fn prune(store: &Store, now: Timestamp, limit: u32) -> Result<u64> {
    let ages = [
        ("done", now.minus(DONE_KEPT)),
        ("cancelled", now.minus(DONE_KEPT)),
        ("dead", now.minus(DEAD_KEPT)),
    ];
    store
        .write(Lane::Rest, (ages, limit), |tx, (ages, limit)| {
            Box::pin(async move {
                let mut gone = 0_u64;
                for (state, before) in ages {
                    let deleted = execute!(tx, sql::PRUNE, *state, before.ms(), i64::from(*limit))?;
                    gone = gone.saturating_add(deleted);
                }
                Ok(gone)
            })
        })
        .await
}
