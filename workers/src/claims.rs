//! Claiming jobs of one kind: never more than there are free slots, in turn between businesses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::jobs::{Ask, Claimed};
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::dues::Dues;
use crate::process::{Backoff, Process};

/// A claimed job on its way to being carried out.
#[derive(Debug)]
pub(crate) struct Assigned {
    pub(crate) claimed: Claimed,
    /// Cancelled when another worker has the job.
    pub(crate) lost: CancellationToken,
    /// Freed when the attempt is over.
    pub(crate) slot: OwnedSemaphorePermit,
}

/// The jobs of one kind, as this process takes them.
#[derive(Clone)]
pub(crate) struct Claims {
    process: Process,
    lane: Arc<KindLane>,
}

/// So long lies between two claims of a kind at least; and as long as the first one took, so that a database that has
/// much to do is asked less often, and for more at once.
const APART: Duration = Duration::from_millis(5);

/// Where the next claim begins.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    /// After the business that was served last.
    served: Option<BusinessId>,
    /// [`APART`] after the last one, or as long after it as that took.
    not_before: Option<Instant>,
    /// The last one got all that it asked for, so that more wait.
    was_full: bool,
}

/// The state of one kind in this process.
#[derive(Debug)]
pub(crate) struct KindLane {
    pub(crate) kind: &'static str,
    pub(crate) queue: Queue,
    slots: u32,
    free: Arc<Semaphore>,
    /// "Look now."
    pub(crate) look: Notify,
    /// When jobs that were put off come due.
    pub(crate) dues: Dues,
    turn: Mutex<Turn>,
    /// Its queue is paused: nothing is claimed.
    paused: watch::Sender<bool>,
    /// The last claim left due jobs of businesses that had their share.
    left_some: AtomicBool,
}

impl KindLane {
    pub(crate) fn new(kind: &'static str, queue: Queue, slots: u32) -> Self {
        Self {
            kind,
            queue,
            slots,
            free: Arc::new(Semaphore::new(usize::try_from(slots).unwrap_or(1))),
            look: Notify::new(),
            dues: Dues::default(),
            turn: Mutex::default(),
            paused: watch::Sender::new(false),
            left_some: AtomicBool::new(false),
        }
    }

    /// A slot was freed: whoever had its share may go on.
    pub(crate) fn freed(&self) {
        if self.left_some.swap(false, Ordering::Relaxed) {
            self.look.notify_one();
        }
    }

    /// Its queue is paused from now on, or is not.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.paused.send_if_modified(|now| {
            let changes = *now != paused;
            *now = paused;
            changes
        });
    }

    /// Until its queue is not paused.
    async fn open(&self) {
        // The sender lives as long as the lane.
        let mut paused = self.paused.subscribe();
        paused.wait_for(|paused| !paused).await.ok();
    }

    /// Until a hint, the regular look, or a job that was put off.
    async fn wait(&self) {
        let looked = self.look.notified();
        match self.dues.next(Timestamp::now()) {
            None => looked.await,
            Some(wait) => {
                tokio::select! {
                    () = looked => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
    }

    /// One free slot, waited for, and all others that are free; not sooner after the claim before it than [`APART`],
    /// so that busy slots are filled by a few claims instead of one each. A backlog need not wait once half the slots
    /// are free.
    async fn take_free(&self) -> Vec<OwnedSemaphorePermit> {
        let mut taken = Vec::new();
        if let Ok(first) = Arc::clone(&self.free).acquire_owned().await {
            taken.push(first);
        }
        let turn = self.turn();
        if let Some(due) = turn.not_before {
            let half = if turn.was_full {
                self.slots / 2
            } else {
                self.slots
            };
            tokio::select! {
                () = sleep_until(due) => {}
                free = self.free.acquire_many(half) => drop(free),
            }
        }
        while let Ok(next) = Arc::clone(&self.free).try_acquire_owned() {
            taken.push(next);
        }
        taken
    }

    fn turn(&self) -> Turn {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claimed(&self, served: Option<BusinessId>, was_full: bool, took: Duration) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Turn {
            served,
            not_before: Instant::now().checked_add(took.max(APART)),
            was_full,
        };
    }
}

impl Claims {
    pub(crate) fn new(process: Process, lane: Arc<KindLane>) -> Self {
        Self { process, lane }
    }

    /// At least one claimed job, waited for as long as it takes. Never fails: what the database refuses is asked again.
    pub(crate) async fn next(&self) -> Vec<Assigned> {
        let mut backoff = Backoff::new();
        loop {
            let free = self.lane.take_free().await;
            if *self.lane.paused.borrow() {
                drop(free);
                self.lane.open().await;
                continue;
            }
            // On the tracker: a claim that has begun is accounted for even when nobody waits for it any more.
            let claim = self.clone().claim(free);
            match self.process.tasks.spawn(claim).await {
                Ok(Ok(assigned)) if assigned.is_empty() => self.lane.wait().await,
                Ok(Ok(assigned)) => return assigned,
                Ok(Err(error)) => {
                    self.process.metrics.refused("claim", &error);
                    backoff.wait().await;
                }
                Err(error) => {
                    tracing::error!(%error, kind = self.lane.kind, "a claim ended badly");
                    backoff.wait().await;
                }
            }
        }
    }

    async fn claim(self, free: Vec<OwnedSemaphorePermit>) -> store::Result<Vec<Assigned>> {
        let ask = Ask {
            kind: self.lane.kind,
            worker: Arc::clone(&self.process.worker),
            slots: self.lane.slots,
            free: u32::try_from(free.len()).unwrap_or(u32::MAX),
            running: self.process.holdings.running(self.lane.kind),
            after: self.lane.turn().served,
            lease: self.process.pace.lease,
        };
        let asked = Instant::now();
        let taken = store::jobs::claim(&self.process.store, Timestamp::now(), ask).await?;
        let was_full = taken.jobs.len() == free.len();
        self.lane.claimed(taken.served, was_full, asked.elapsed());
        self.lane
            .left_some
            .store(taken.left_some, Ordering::Relaxed);
        let assign = |(claimed, slot): (Claimed, OwnedSemaphorePermit)| {
            let lost = self.process.holdings.add(self.lane.kind, &claimed);
            Assigned {
                claimed,
                lost,
                slot,
            }
        };
        Ok(taken.jobs.into_iter().zip(free).map(assign).collect())
    }
}
