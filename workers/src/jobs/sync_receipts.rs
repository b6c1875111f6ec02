//! Applying what the newest receipts and replies of a chat imply for earlier messages.

use switchyard_core::{ChatId, Timestamp};

use crate::jobs::Context;
use crate::outcome::Outcome;

/// In small transactions, until nothing moves any more.
pub(super) async fn sync_receipts(context: &Context, chat: ChatId) -> store::Result<Outcome> {
    while store::receipts::sync(&context.store, Timestamp::now(), chat).await? > 0 {}
    Ok(Outcome::Done)
}
