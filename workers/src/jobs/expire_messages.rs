//! Giving up queued messages whose deadline has passed.

use switchyard_core::Timestamp;

use crate::jobs::Context;
use crate::outcome::Outcome;

/// In small transactions, until none is left.
pub(super) async fn expire_messages(context: &Context) -> store::Result<Outcome> {
    while store::sweeps::expire_messages(&context.store, Timestamp::now()).await? > 0 {}
    Ok(Outcome::Done)
}
