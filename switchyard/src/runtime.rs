//! The runtime of a role: as many threads as cores, and gone when the role is.

use crate::refusal::Refusal;

/// Runs a role to its end. What it left running is dropped: an orderly role leaves nothing.
pub(crate) fn run(role: impl Future<Output = Result<(), Refusal>>) -> Result<(), Refusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(role);
    runtime.shutdown_background();
    result
}
