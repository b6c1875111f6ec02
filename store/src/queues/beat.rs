//! What a worker process tells of itself: that it lives, what it serves, what has ended in it, how deep the queues are.

use std::sync::Arc;

use switchyard_core::Timestamp;
use switchyard_core::queue::{Group, Queue};

use super::{minute_of, sql};
use crate::jobs::Count;
use crate::run::execute;
use crate::{Lane, Result, Store};

/// How many attempts ended in a queue since they were told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ended {
    /// Jobs that are done.
    pub done: u32,
    /// Attempts that failed, of jobs that come again.
    pub failed: u32,
    /// Jobs that died.
    pub dead: u32,
}

/// Notes that a worker process lives, and adds what ended in it. Lost in a power cut: counts of some seconds.
pub async fn beat(
    store: &Store,
    now: Timestamp,
    worker: &Arc<str>,
    serves: &[Group],
    ended: Vec<(Queue, Ended)>,
) -> Result<()> {
    let names: Vec<&str> = serves.iter().map(|group| group.name()).collect();
    let mut ended = ended;
    // In the order of names, so that two processes never wait for each other's rows in a circle.
    ended.sort_by_key(|(queue, _)| queue.name());
    let input = (now, Arc::clone(worker), names.join(","), ended);
    store
        .write_relaxed(Lane::Rest, input, |tx, (now, worker, serves, ended)| {
            Box::pin(async move {
                execute!(tx, sql::SEEN, &**worker, serves.as_str())?;
                for (queue, count) in ended {
                    let (done, failed) = (i64::from(count.done), i64::from(count.failed));
                    let (name, dead) = (queue.name(), i64::from(count.dead));
                    execute!(tx, sql::COUNT_ENDED, name, done, failed, dead)?;
                    let minute = minute_of(*now);
                    execute!(
                        tx,
                        sql::COUNT_ENDED_IN_MINUTE,
                        name,
                        minute,
                        done,
                        failed,
                        dead
                    )?;
                }
                Ok(())
            })
        })
        .await
}

/// Keeps the depths of the queues as they were counted now, as those of this minute.
pub async fn note_depths(store: &Store, now: Timestamp, counts: &[Count]) -> Result<()> {
    let mut counts = counts.to_vec();
    counts.sort_by_key(|count| count.queue.name());
    store
        .write_relaxed(Lane::Rest, (now, counts), |tx, (now, counts)| {
            Box::pin(async move {
                for count in counts {
                    let depth = count.waiting.saturating_add(count.running);
                    let oldest = count
                        .oldest
                        .map_or(0, |since| now.ms().saturating_sub(since.ms()));
                    let (name, minute) = (count.queue.name(), minute_of(*now));
                    execute!(tx, sql::NOTE_DEPTH, name, minute, depth, oldest)?;
                }
                Ok(())
            })
        })
        .await
}
