//! Finding chats whose drain was lost.

use switchyard_core::Timestamp;

use crate::jobs::Context;
use crate::outcome::Outcome;

pub(super) async fn sweep_chats(context: &Context) -> store::Result<Outcome> {
    let found = store::sweeps::drains_missing(&context.store, Timestamp::now()).await?;
    if found > 0 {
        tracing::info!(
            drains.missing = found,
            "{found} chats had queued messages and no drain"
        );
    }
    Ok(Outcome::Done)
}
