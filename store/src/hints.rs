//! Hints: "look now", given after a commit. Whoever misses one is slower, never wrong.
//!
//! Listeners of this process hear them at once, those of others through a [`Relay`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, SessionId};
use tokio::sync::broadcast;

use crate::metrics::Metrics;

mod outbox;
mod postgres;
pub(crate) mod relay;

use outbox::Outbox;
pub use relay::{Relay, Via};

/// Hints that one subscriber may be behind by; one that lags further is told so and looks at everything.
const CAPACITY: usize = 1_024;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A job became due in this queue.
    Jobs(Queue),
    /// This business has new events.
    Events(BusinessId),
    /// Somebody wants something of this session, or its link attempt changed.
    Session(SessionId),
    /// Somebody's rights changed: what is kept of credentials counts no more. The number is random.
    Credentials(u64),
}

/// Where hints are heard.
#[derive(Debug)]
pub struct Hints {
    sender: broadcast::Sender<Hint>,
    enabled: bool,
    /// What other processes are to hear; none without a relay.
    outbox: OnceLock<Arc<Outbox>>,
    /// The sum of what was heard of credentials, in whatever order.
    credentials: AtomicU64,
    metrics: Metrics,
}

impl Hints {
    pub(crate) fn new(enabled: bool, metrics: Metrics) -> Self {
        Self {
            sender: broadcast::Sender::new(CAPACITY),
            enabled,
            outbox: OnceLock::new(),
            credentials: AtomicU64::new(0),
            metrics,
        }
    }

    /// Hears every hint from now on. `RecvError::Lagged` means: look at everything.
    pub fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.sender.subscribe()
    }

    /// Tells every process that somebody's rights changed. Call it after the commit; this process knows at once.
    pub fn credentials_changed(&self) {
        let word = rand::random();
        self.credentials.fetch_add(word, Ordering::Relaxed);
        self.give(vec![Hint::Credentials(word)]);
    }

    /// Another number after rights changed, here or where it was heard of; processes that heard the same have the same.
    pub fn credentials(&self) -> u64 {
        self.credentials.load(Ordering::Relaxed)
    }

    /// Gives the hints of a committed transaction, which holds each once.
    pub(crate) fn give(&self, hints: Vec<Hint>) {
        if !self.enabled || hints.is_empty() {
            return;
        }
        let outbox = self.outbox.get();
        if let Some(outbox) = outbox {
            outbox.put(&hints);
        }
        for hint in hints {
            // Without a listener there is nobody to tell.
            if self.sender.send(hint).is_ok() || outbox.is_some() {
                self.metrics.hints_sent.inc();
            }
        }
    }

    /// What waits for other processes, gathered from the first call on.
    fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(self.outbox.get_or_init(Arc::default))
    }

    /// Hints of another process.
    fn pass_on(&self, hints: Vec<Hint>) {
        for hint in hints {
            if let Hint::Credentials(word) = hint {
                self.credentials.fetch_add(word, Ordering::Relaxed);
            }
            // Without a listener there is nobody to tell.
            self.sender.send(hint).ok();
        }
    }

    /// A hint of our own came back.
    fn echoed(&self) {
        self.metrics.echoes.inc();
    }
}
