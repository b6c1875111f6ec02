//! Pausing: nobody claims from a paused queue, and what is pushed into it waits.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, Timestamp};

use super::sql;
use crate::audit::{self, Actor};
use crate::hints::Hint;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Lane, Result, Store};

/// Pauses a queue, or lets it go on. Every worker obeys within two seconds; what runs is finished. An entry in the
/// audit log of the operator's business says so. False: it was so already.
pub async fn pause(
    store: &Store,
    now: Timestamp,
    by: Actor,
    noted_in: BusinessId,
    queue: Queue,
    paused: bool,
) -> Result<bool> {
    let input = (now, by, noted_in, queue, paused);
    store
        .write(
            Lane::Rest,
            input,
            |tx, (now, by, noted_in, queue, paused)| {
                Box::pin(async move {
                    let (has_changed, action) = if *paused {
                        let row =
                            fetch_optional!(tx, (String,), sql::PAUSE, queue.name(), now.ms())?;
                        (row.is_some(), AuditAction::QueuePaused)
                    } else {
                        let changed = execute!(tx, sql::RESUME, queue.name())?;
                        (changed > 0, AuditAction::QueueResumed)
                    };
                    if !has_changed {
                        return Ok(false);
                    }
                    tx.hint(Hint::Jobs(*queue));
                    audit::note(tx, *now, *noted_in, by, action, queue.name(), &json!({})).await?;
                    Ok(true)
                })
            },
        )
        .await
}

/// The queues that are paused.
pub async fn paused(store: &Store) -> Result<Vec<Queue>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(conn, (String,), sql::PAUSED)?;
    Ok(rows
        .iter()
        .filter_map(|(name,)| Queue::parse(name))
        .collect())
}
