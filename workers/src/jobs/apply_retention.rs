//! Removing what businesses do not keep any longer.

use store::calls;
use store::retention::{self, Keeps};
use switchyard_core::Timestamp;

use crate::jobs::Context;
use crate::outcome::Outcome;

/// In small transactions, business by business. Stopped half-way, the next run goes on.
pub(super) async fn apply_retention(context: &Context) -> store::Result<Outcome> {
    let now = Timestamp::now();
    for keeps in retention::keeping(&context.store).await? {
        let gone = forget(context, now, keeps).await?;
        if gone > 0 {
            tracing::info!(
                business.id = %keeps.business,
                rows.gone = gone,
                "removed what a business does not keep any longer"
            );
        }
    }
    for (business, days) in calls::keeping_recordings(&context.store).await? {
        while calls::forget_recordings(&context.store, now, business, days).await? > 0 {}
    }
    Ok(Outcome::Done)
}

async fn forget(context: &Context, now: Timestamp, keeps: Keeps) -> store::Result<u64> {
    let (store, business) = (&context.store, keeps.business);
    let mut gone = 0_u64;
    if let Some(days) = keeps.retention.messages_days {
        for session in retention::sessions(store, business).await? {
            loop {
                let some = retention::forget_messages(store, now, business, session, days).await?;
                gone = gone.saturating_add(some);
                if some == 0 {
                    break;
                }
            }
        }
    }
    if let Some(days) = keeps.retention.events_days {
        loop {
            let some = retention::forget_events(store, now, business, days).await?;
            gone = gone.saturating_add(some);
            if some == 0 {
                break;
            }
        }
    }
    Ok(gone)
}
