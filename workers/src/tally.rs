//! What has ended in this process since it was told last, by queue.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::jobs::End;
use store::queues::Ended;
use switchyard_core::queue::Queue;

/// Counts of ends that the database does not know yet; at most one entry per queue.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<HashMap<Queue, Ended>>);

impl Tally {
    /// An attempt ended. What comes again through no fault is not counted.
    pub(crate) fn count(&self, queue: Queue, end: &End) {
        let one = match end {
            End::Done => Ended {
                done: 1,
                ..Ended::default()
            },
            End::RetryAt { counts: true, .. } => Ended {
                failed: 1,
                ..Ended::default()
            },
            End::RetryAt { counts: false, .. } => return,
            End::Dead { .. } => Ended {
                dead: 1,
                ..Ended::default()
            },
        };
        self.add(&[(queue, one)]);
    }

    /// Everything counted so far, which is counted no more.
    pub(crate) fn take(&self) -> Vec<(Queue, Ended)> {
        std::mem::take(&mut *self.lock()).into_iter().collect()
    }

    /// Puts back what could not be told.
    pub(crate) fn add(&self, counts: &[(Queue, Ended)]) {
        let mut all = self.lock();
        for (queue, more) in counts {
            let sum = all.entry(*queue).or_default();
            sum.done = sum.done.saturating_add(more.done);
            sum.failed = sum.failed.saturating_add(more.failed);
            sum.dead = sum.dead.saturating_add(more.dead);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Queue, Ended>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_told_is_told_the_next_time() {
        let tally = Tally::default();
        tally.count(Queue::High, &End::Done);
        tally.count(Queue::High, &End::Dead { code: "refused" });
        let told = tally.take();
        let once = Ended {
            done: 1,
            failed: 0,
            dead: 1,
        };
        assert_eq!(told, [(Queue::High, once)]);
        assert!(tally.take().is_empty());
        tally.count(Queue::High, &End::Done);
        tally.add(&told);
        assert_eq!(tally.take(), [(Queue::High, Ended { done: 2, ..once })]);
    }
}
