//! Giving up queued messages, and calls that wait to be placed, whose deadline has passed.

use switchyard_core::Timestamp;

use crate::jobs::Context;
use crate::outcome::Outcome;

/// In small transactions, until none is left.
pub(super) async fn expire_messages(context: &Context) -> store::Result<Outcome> {
    while store::sweeps::expire_messages(&context.store, Timestamp::now()).await? > 0 {}
    // Mostly whoever places calls did so before.
    store::calls::give_up_requests(&context.store, Timestamp::now()).await?;
    Ok(Outcome::Done)
}
