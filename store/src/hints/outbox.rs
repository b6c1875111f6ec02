//! Hints on their way to other processes: each once, however often it was given since the last look.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::Hint;

/// Different hints that may wait; more are dropped, and whoever missed them finds what changed by polling.
const MOST: usize = 4_096;

/// What waits to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<HashSet<Hint>>,
    look: Notify,
}

impl Outbox {
    /// Adds hints.
    pub(super) fn put(&self, hints: &[Hint]) {
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            for hint in hints {
                if waiting.len() < MOST {
                    waiting.insert(*hint);
                }
            }
        }
        self.look.notify_one();
    }

    /// All that waits, as soon as something does.
    pub(super) async fn take(&self) -> Vec<Hint> {
        loop {
            let taken: Vec<Hint> = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.drain().collect()
            };
            if !taken.is_empty() {
                return taken;
            }
            self.look.notified().await;
        }
    }
}
