//! Hints: "look now", given after a commit. Whoever misses one is slower, never wrong.

use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, SessionId};
use tokio::sync::broadcast;

use crate::metrics::Metrics;

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
}

/// Where hints are heard.
#[derive(Debug)]
pub struct Hints {
    sender: broadcast::Sender<Hint>,
    enabled: bool,
    metrics: Metrics,
}

impl Hints {
    pub(crate) fn new(enabled: bool, metrics: Metrics) -> Self {
        Self {
            sender: broadcast::Sender::new(CAPACITY),
            enabled,
            metrics,
        }
    }

    /// Hears every hint from now on. `RecvError::Lagged` means: look at everything.
    pub fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.sender.subscribe()
    }

    /// Gives the hints of a committed transaction, which holds each once.
    pub(crate) fn give(&self, hints: Vec<Hint>) {
        if !self.enabled {
            return;
        }
        for hint in hints {
            // Without a listener there is nobody to tell.
            if self.sender.send(hint).is_ok() {
                self.metrics.hints_sent.inc();
            }
        }
    }
}
