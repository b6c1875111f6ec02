//! What a worker process is started with.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use store::Store;
use switchyard_core::drain::{DrainAnswer, DrainRequest};
use switchyard_core::queue::Group;

/// Asks the shard of this process to drain a chat.
#[derive(Clone)]
pub struct Nearby(Arc<dyn Fn(DrainRequest) -> BoxFuture<'static, DrainAnswer> + Send + Sync>);

impl Nearby {
    /// A shard that is asked by calling this.
    pub fn new<F, A>(drain: F) -> Self
    where
        F: Fn(DrainRequest) -> A + Send + Sync + 'static,
        A: Future<Output = DrainAnswer> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(drain(request))))
    }

    pub(crate) async fn drain(&self, request: DrainRequest) -> DrainAnswer {
        (self.0)(request).await
    }
}

impl fmt::Debug for Nearby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nearby")
    }
}

/// What a worker process serves, and how.
#[derive(Debug)]
pub struct WorkerOptions {
    /// Where the jobs are.
    pub store: Store,
    /// The groups whose queues this process serves.
    pub groups: Vec<Group>,
    /// Jobs of a kind that run at once in this process, where it differs from [`slots_of`].
    pub slots: HashMap<&'static str, u32>,
    /// The shard of this process, which is asked without a detour over the network.
    pub nearby: Option<Nearby>,
    /// What a shard asks for; `None` where shards listen on loopback only.
    pub internal_key: Option<SecretString>,
    /// Where the metrics are registered.
    pub registry: prometheus::Registry,
    /// How fast things go.
    pub pace: Pace,
}

/// The spans of a worker process. The defaults are the product's; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// A claim is ours for so long unless it is renewed, which happens every quarter of it.
    pub lease: Duration,
    /// Without any hint the queues are looked at this often.
    pub poll: Duration,
    /// No attempt may take longer than this, whatever its queue allows.
    pub timeout_at_most: Duration,
    /// No wait between two attempts is longer than this, whatever its queue says.
    pub backoff_at_most: Duration,
}

impl Default for Pace {
    /// 20 s: a killed worker's jobs run elsewhere within 30 s. 1 s: what a lost hint may cost.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(20),
            poll: Duration::from_secs(1),
            timeout_at_most: Duration::MAX,
            backoff_at_most: Duration::MAX,
        }
    }
}

impl WorkerOptions {
    /// The product's pace and slots.
    pub fn new(
        store: Store,
        groups: Vec<Group>,
        internal_key: Option<SecretString>,
        registry: prometheus::Registry,
    ) -> Self {
        Self {
            store,
            groups,
            slots: HashMap::new(),
            nearby: None,
            internal_key,
            registry,
            pace: Pace::default(),
        }
    }

    pub(crate) fn slots(&self, kind: &str) -> u32 {
        let slots = self.slots.get(kind).copied();
        slots.unwrap_or_else(|| slots_of(kind)).max(1)
    }
}

/// Jobs of a kind that one process runs at once. Sending waits mostly for the network, the writing of receipts
/// for the disk; a sweep is alone.
pub fn slots_of(kind: &str) -> u32 {
    match kind {
        "drain_chat" => 32,
        "apply_receipts" | "sync_receipts" => 8,
        _ => 1,
    }
}
