//! What all sessions of one shard process share.

use std::sync::Arc;

use store::Store;
use store::seal::Keys;
use switchyard_core::fail::FailPoints;
use tokio_util::sync::CancellationToken;

use crate::dialler::Line;
use crate::metrics::Metrics;
use crate::patience::Patience;
use crate::vault::Vaults;

/// What all sessions of one shard process share.
pub(crate) struct World {
    /// The store.
    pub(crate) store: Store,
    /// The keys that seal codes at rest.
    pub(crate) keys: Keys,
    /// The vaults of the sessions.
    pub(crate) vaults: Vaults,
    /// Where and how to dial.
    pub(crate) line: Arc<Line>,
    /// How long to wait for what does not come.
    pub(crate) patience: Patience,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Where a test build kills itself.
    pub(crate) fail: Arc<FailPoints>,
    /// Cancelled when the process stops: finish what is in flight and hang up.
    pub(crate) soft: CancellationToken,
}
