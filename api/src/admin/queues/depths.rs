//! The depths of the queues, counted at most every other second however many operators look.

use std::time::{Duration, Instant};

use store::Store;
use store::jobs::{self, Count};
use switchyard_core::Timestamp;
use tokio::sync::Mutex;

/// Counting reads every waiting row: what was counted within this is answered again.
const FRESH: Duration = Duration::from_secs(2);

/// What was counted last, and when.
#[derive(Debug, Default)]
pub(crate) struct Depths(Mutex<Option<(Instant, Vec<Count>)>>);

impl Depths {
    /// The depths as they were within the last two seconds. Whoever asks meanwhile waits for the one count.
    pub(crate) async fn counts(&self, store: &Store, now: Timestamp) -> store::Result<Vec<Count>> {
        let mut last = self.0.lock().await;
        if let Some((at, counts)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok(counts.clone());
        }
        let counts = jobs::counts(store, now).await?;
        *last = Some((Instant::now(), counts.clone()));
        Ok(counts)
    }
}
