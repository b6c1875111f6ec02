//! Removing what is spent: finished jobs, old events, keys, invitations, links and tokens.

use switchyard_core::Timestamp;

use crate::jobs::Context;
use crate::outcome::Outcome;

/// In small transactions, until nothing is left that is old enough.
pub(super) async fn prune(context: &Context) -> store::Result<Outcome> {
    while store::sweeps::prune(&context.store, Timestamp::now()).await? > 0 {}
    Ok(Outcome::Done)
}
