//! Recording how jobs ended: many in one statement, under their fence, until the database has taken them.

use std::sync::Arc;

use store::jobs::{End, Finished};
use switchyard_core::{JobId, Timestamp};
use tokio::sync::mpsc;

use crate::claims::KindLane;
use crate::process::{Backoff, Process};

/// Ends that may wait to be recorded; then jobs keep their slots until there is room.
pub(crate) const WAITING: usize = 1_024;
/// Ends in one transaction.
const BATCH: usize = 128;

/// A job whose attempt is over.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) lane: Arc<KindLane>,
    pub(crate) id: JobId,
    pub(crate) fence: i64,
    pub(crate) end: End,
}

/// Records ends until nobody can send any more. `process` must not hold the last sender.
pub(crate) async fn run(process: Recorder, mut ends: mpsc::Receiver<Ended>) {
    let mut batch = Vec::with_capacity(BATCH);
    while ends.recv_many(&mut batch, BATCH).await > 0 {
        process.record(&batch).await;
        for ended in batch.drain(..) {
            process.holdings.remove(ended.id, ended.fence);
            if let End::RetryAt { at, .. } = ended.end {
                ended.lane.dues.add(at);
                ended.lane.look.notify_one();
            }
        }
    }
}

/// What the finisher needs of its process, without a sender of its own.
pub(crate) struct Recorder {
    store: store::Store,
    metrics: crate::metrics::Metrics,
    holdings: Arc<crate::holdings::Holdings>,
}

impl Recorder {
    pub(crate) fn of(process: &Process) -> Self {
        Self {
            store: process.store.clone(),
            metrics: process.metrics.clone(),
            holdings: Arc::clone(&process.holdings),
        }
    }

    async fn record(&self, batch: &[Ended]) {
        let finished = |ended: &Ended| Finished {
            id: ended.id,
            fence: ended.fence,
            end: ended.end,
        };
        let finished: Vec<Finished> = batch.iter().map(finished).collect();
        let mut backoff = Backoff::new();
        loop {
            match store::jobs::finish(&self.store, Timestamp::now(), finished.clone()).await {
                Ok(stale) => {
                    self.metrics.lost.inc_by(stale);
                    return;
                }
                Err(error) => self.metrics.refused("finish", &error),
            }
            backoff.wait().await;
        }
    }
}
