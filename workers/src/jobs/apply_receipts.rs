//! Applying a batch of receipts.

use std::time::Duration;

use switchyard_core::job::Receipt;
use switchyard_core::{BusinessId, SessionId, Timestamp};

use crate::jobs::Context;
use crate::outcome::Outcome;

/// A receipt of a message that is not here may be ahead of it: tried once more while it is not older than this.
const AHEAD: Duration = Duration::from_mins(1);

/// Applying twice is harmless, so the whole batch comes again when one of its receipts may be ahead of its message.
pub(super) async fn apply_receipts(
    context: &Context,
    business: BusinessId,
    session: SessionId,
    receipts: &[Receipt],
    attempt: u16,
) -> store::Result<Outcome> {
    let now = Timestamp::now();
    let unknown = store::receipts::apply(&context.store, now, business, session, receipts).await?;
    let ahead = |receipt: &Receipt| now.since(receipt.at) < AHEAD;
    if attempt == 1 && unknown.iter().any(ahead) {
        return Ok(Outcome::Failed {
            code: "message_unknown",
        });
    }
    Ok(Outcome::Done)
}
