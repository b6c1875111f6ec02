//! How queues stand: paused or not, what has ended in them, by the minute and in all, and who serves them.

use std::time::Duration;

use switchyard_core::Timestamp;
use switchyard_core::queue::{Group, Queue};

use super::row::MinuteRow;
use super::{minute_of, sql};
use crate::run::fetch_all;
use crate::{Result, Store};

/// Rates are those of this minute so far and of so many before it.
const RATED: Duration = Duration::from_mins(2);
/// A worker process that was not seen for so long is of no interest to anybody.
const FORGOTTEN: Duration = Duration::from_mins(10);

/// What ended in a queue since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Jobs done.
    pub done: i64,
    /// Attempts that failed, of jobs that came again.
    pub failed: i64,
    /// Jobs that died.
    pub dead: i64,
}

/// One minute of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// When it began.
    pub at: Timestamp,
    /// Jobs done in it.
    pub done: i64,
    /// Attempts that failed in it, of jobs that come again.
    pub failed: i64,
    /// Jobs that died in it.
    pub dead: i64,
    /// Jobs that waited or ran when they were counted last in it; `None`: nobody counted.
    pub depth: Option<i64>,
    /// For how long the job that was due longest had been due then, in milliseconds.
    pub oldest_ms: Option<i64>,
}

/// How a queue stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The queue.
    pub queue: Queue,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// What has ended in it.
    pub totals: Totals,
    /// Its latest minutes, oldest first: this one so far, and two before it.
    pub latest: Vec<Minute>,
}

impl Standing {
    /// Jobs a second that came in, went out (done or dead), and attempts a second that failed, over the latest minutes.
    pub fn rates(&self, now: Timestamp, depth: i64) -> Rates {
        let begin = minute_of(now).saturating_sub(ms(RATED));
        let seconds = Duration::from_millis(
            u64::try_from(now.ms().saturating_sub(begin))
                .unwrap_or(0)
                .max(1),
        );
        let sum = |of: fn(&Minute) -> i64| self.latest.iter().map(of).sum::<i64>();
        let (done, failed, dead) = (sum(|it| it.done), sum(|it| it.failed), sum(|it| it.dead));
        let per_s = |jobs: i64| {
            let jobs = u32::try_from(jobs.max(0)).unwrap_or(u32::MAX);
            f64::from(jobs) / seconds.as_secs_f64()
        };
        let first = self.latest.iter().find_map(|it| it.depth);
        let grown = first.map_or(0, |first| depth.saturating_sub(first));
        let left = done.saturating_add(dead);
        Rates {
            arriving: per_s(left.saturating_add(grown)),
            leaving: per_s(left),
            failing: per_s(failed.saturating_add(dead)),
        }
    }
}

/// Jobs a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// That were pushed: those that ended, and what the depth has grown by.
    pub arriving: f64,
    /// That ended, done or dead.
    pub leaving: f64,
    /// Attempts that failed, whether or not the job comes again.
    pub failing: f64,
}

/// A worker process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSeen {
    /// The groups that it serves.
    pub serves: Vec<Group>,
    /// How long ago it was seen.
    pub age: Duration,
}

/// Every queue, in the order of their table.
pub async fn standing(store: &Store, now: Timestamp) -> Result<Vec<Standing>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(conn, (String, Option<i64>, i64, i64, i64), sql::STANDING)?;
    let since = minute_of(now).saturating_sub(ms(RATED));
    let minutes = fetch_all!(conn, MinuteRow, sql::LATEST, since)?;
    let minutes: Vec<(Queue, Minute)> = minutes
        .into_iter()
        .filter_map(MinuteRow::into_minute)
        .collect();
    let of = |queue: Queue| {
        let row = rows.iter().find(|(name, ..)| name == queue.name());
        let latest = minutes.iter().filter(|(it, _)| *it == queue);
        Standing {
            queue,
            paused_at: row.and_then(|it| it.1).map(Timestamp),
            totals: row.map_or_else(Totals::default, |it| Totals {
                done: it.2,
                failed: it.3,
                dead: it.4,
            }),
            latest: latest.map(|(_, minute)| *minute).collect(),
        }
    };
    Ok(Queue::ALL.into_iter().map(of).collect())
}

/// The minutes of a queue since an instant, oldest first; those in which nothing ended and nobody counted are left out.
pub async fn minutes(store: &Store, queue: Queue, since: Timestamp) -> Result<Vec<Minute>> {
    let mut conn = store.read().await?;
    let since = minute_of(since);
    let rows = fetch_all!(conn, MinuteRow, sql::MINUTES, queue.name(), since)?;
    let minutes = rows.into_iter().filter_map(MinuteRow::into_minute);
    Ok(minutes.map(|(_, minute)| minute).collect())
}

/// The worker processes that were seen in the last ten minutes.
pub async fn workers(store: &Store, now: Timestamp) -> Result<Vec<WorkerSeen>> {
    let mut conn = store.read().await?;
    let since = now.minus(FORGOTTEN).ms();
    let rows = fetch_all!(conn, (String, String, i64), sql::WORKERS, since)?;
    let seen = |(_, serves, age_ms): (String, String, i64)| WorkerSeen {
        serves: serves.split(',').filter_map(Group::parse).collect(),
        age: Duration::from_millis(u64::try_from(age_ms).unwrap_or(0)),
    };
    Ok(rows.into_iter().map(seen).collect())
}

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
