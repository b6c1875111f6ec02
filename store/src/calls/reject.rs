//! Calls that were turned away: counted, and told of at most once a second per business, however many replicas count.

use std::time::Duration;

use switchyard_core::address::Phone;
use switchyard_core::call::Rejections;
use switchyard_core::event::EventType;
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};

use super::{missed, sql};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, NewEvent, Result, Store, Tx};

/// Events of one business are so far apart.
const APART: Duration = Duration::from_secs(1);
/// Callers of one call of [`call_rejected`] that may be written to.
pub const CALLERS_MAX: usize = 100;

/// Calls of one business that a replica turned away since it last said so.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Why the last of them.
    pub reason: CallReason,
    /// How many; 0 asks to tell of what was not told of yet.
    pub count: u32,
    /// Who called, as far as they are numbers; the first [`CALLERS_MAX`] are written to if the flow says so.
    pub callers: Vec<Phone>,
}

/// Counts calls that were turned away, and tells the world unless it was told within the last second. Answers how many
/// were not told of yet: ask again with none after a second while there are any.
pub async fn call_rejected(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    rejected: Rejected,
) -> Result<i64> {
    let input = (now, business, rejected);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, business, rejected)| {
            Box::pin(count(tx, *now, *business, rejected))
        })
        .await
}

async fn count(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    rejected: &Rejected,
) -> Result<i64> {
    for caller in rejected.callers.iter().take(CALLERS_MAX) {
        missed::note(tx, now, business, caller, None).await?;
    }
    let more = i64::from(rejected.count);
    let row = fetch_optional!(tx, (i64, i64), sql::REJECT, business.uuid(), more)?;
    let (waiting, told_at) = row.ok_or(Error::Conflict("call_rejections"))?;
    if waiting == 0 || now.since(Timestamp(told_at)) < APART {
        return Ok(waiting);
    }
    execute!(tx, sql::TOLD, business.uuid(), now.ms())?;
    tx.event(NewEvent {
        business,
        session: None,
        kind: EventType::CallRejected,
        at: now,
        data: serde_json::to_value(Rejections {
            reason: rejected.reason,
            count: waiting,
        })?,
    });
    Ok(0)
}
