//! Applying what the newest receipts and replies of a chat imply for earlier messages.

use switchyard_core::{ChatId, Timestamp};

use crate::jobs::Context;
use crate::outcome::Outcome;

pub(super) async fn sync_receipts(context: &Context, chat: ChatId) -> store::Result<Outcome> {
    store::receipts::sync(&context.store, Timestamp::now(), chat).await?;
    Ok(Outcome::Done)
}
