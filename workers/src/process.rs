//! What all tasks of one worker process share.

use std::sync::Arc;
use std::time::Duration;

use store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::finisher::Ended;
use crate::holdings::Holdings;
use crate::metrics::Metrics;
use crate::options::Pace;
use crate::outcome::Perform;
use crate::tally::Tally;

/// One worker process. `worker` is new at every start, so that a restarted namesake is somebody else.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) store: Store,
    pub(crate) worker: Arc<str>,
    pub(crate) pace: Pace,
    pub(crate) perform: Perform,
    pub(crate) metrics: Metrics,
    pub(crate) holdings: Arc<Holdings>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) ends: mpsc::Sender<Ended>,
    /// Every task that may hold a claim.
    pub(crate) tasks: TaskTracker,
    /// Take nothing new.
    pub(crate) soft: CancellationToken,
    /// Drop what runs.
    pub(crate) hard: CancellationToken,
}

/// The wait between two tries of something that the database refused: 100 ms, doubled up to 5 s.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MOST: Duration = Duration::from_secs(5);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(BACKOFF_FIRST)
    }

    /// Waits, longer every time.
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = self.0.saturating_mul(2).min(BACKOFF_MOST);
    }
}
