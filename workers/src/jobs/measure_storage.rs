//! Adding up what businesses with a limit of storage keep.

use crate::jobs::Context;
use crate::outcome::Outcome;

/// A few businesses at a time, until all were looked at.
pub(super) async fn measure_storage(context: &Context) -> store::Result<Outcome> {
    let mut after = None;
    loop {
        after = store::quota::measure_storage(&context.store, after).await?;
        if after.is_none() {
            return Ok(Outcome::Done);
        }
    }
}
