//! Looks every second at what a process depends on besides the database, and tells whoever asks for readiness.

use std::time::Duration;

use api::Readiness;
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};
use store::Store;
use store::queues::WorkerSeen;
use store::redis::Redis;
use switchyard_core::Timestamp;
use switchyard_core::job::Job;
use switchyard_core::queue::Queue;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// How often to look.
const LOOK: Duration = Duration::from_secs(1);

/// How often to look at the workers, who tell every five seconds that they live.
const WORKERS: Duration = Duration::from_secs(5);
/// A queue without a live worker for so long makes the process not ready.
const UNSERVED: Duration = Duration::from_mins(1);
/// How often to count what no shard holds: as often as metrics are usually read.
const HOLDERS: Duration = Duration::from_secs(15);

/// Looks at Redis until the process ends. The first look is over when this returns.
pub(crate) async fn redis(
    redis: Redis,
    readiness: Readiness,
    registry: &Registry,
) -> prometheus::Result<()> {
    let up = IntGauge::new("switchyard_redis_up", "1 while Redis answers.")?;
    registry.register(Box::new(up.clone()))?;
    look_at_redis(&redis, &readiness, &up).await;
    tokio::spawn(async move {
        let mut looks = looks();
        loop {
            looks.tick().await;
            look_at_redis(&redis, &readiness, &up).await;
        }
    });
    Ok(())
}

/// Looks until the process ends whether the shard has its lease.
pub(crate) fn lease(
    has_lease: impl Fn() -> bool + Send + 'static,
    readiness: Readiness,
    registry: &Registry,
) -> prometheus::Result<()> {
    let held = IntGauge::new("switchyard_lease_held", "1 while the shard has its lease.")?;
    registry.register(Box::new(held.clone()))?;
    let look = move || {
        if has_lease() {
            held.set(1);
            readiness.set("lease", true, "held");
        } else {
            held.set(0);
            readiness.set("lease", false, "lost; registering anew");
        }
    };
    look();
    tokio::spawn(async move {
        let mut looks = looks();
        loop {
            looks.tick().await;
            look();
        }
    });
    Ok(())
}

/// Tells until the process ends whether new calls are let in.
pub(crate) fn calls(mut ready: watch::Receiver<bool>, readiness: Readiness) {
    readiness.set("slots", false, "not counted yet");
    tokio::spawn(async move {
        loop {
            if *ready.borrow_and_update() {
                readiness.set("slots", true, "counted");
            } else {
                readiness.set("slots", false, "not counted; calls under way go on");
            }
            if ready.changed().await.is_err() {
                return;
            }
        }
    });
}

/// Looks until the process ends at what the other processes do, which their own figures do not tell once they are gone.
pub(crate) fn others(
    store: &Store,
    readiness: &Readiness,
    registry: &Registry,
) -> prometheus::Result<()> {
    workers(store.clone(), readiness.clone(), registry)?;
    holders(store.clone(), registry)
}

/// Looks until the process ends whether every queue has a live worker. One that just began to look gives them a minute;
/// while the database does not answer, what was known last holds, since another check says so.
fn workers(store: Store, readiness: Readiness, registry: &Registry) -> prometheus::Result<()> {
    let options = Opts::new(
        "switchyard_queue_unserved",
        "1 while no live worker has served the queue for a minute.",
    );
    let gauge = IntGaugeVec::new(options, &["queue"])?;
    registry.register(Box::new(gauge.clone()))?;
    show_unserved(&gauge, &[]);
    readiness.set("workers", true, "looking");
    tokio::spawn(async move {
        let begun = Instant::now();
        let mut looks = every(WORKERS);
        loop {
            looks.tick().await;
            match store::queues::workers(&store, Timestamp::now()).await {
                Ok(seen) => {
                    let unserved = unserved(&seen, begun.elapsed());
                    show_unserved(&gauge, &unserved);
                    if unserved.is_empty() {
                        readiness.set("workers", true, "every queue has one");
                    } else {
                        let queues = unserved.join(", ");
                        let detail = format!("no live worker for a minute: {queues}");
                        readiness.set("workers", false, detail);
                    }
                }
                Err(error) => tracing::warn!(%error, "nobody knows which workers live"),
            }
        }
    });
    Ok(())
}

/// Counts until the process ends the sessions that no live shard holds.
fn holders(store: Store, registry: &Registry) -> prometheus::Result<()> {
    let unheld = IntGauge::new(
        "switchyard_sessions_unheld",
        "Sessions that should be connected and that no live shard holds.",
    )?;
    registry.register(Box::new(unheld.clone()))?;
    tokio::spawn(async move {
        let mut looks = every(HOLDERS);
        loop {
            looks.tick().await;
            match store::leases::count_unheld(&store).await {
                Ok(count) => unheld.set(i64::try_from(count).unwrap_or(i64::MAX)),
                Err(error) => tracing::warn!(%error, "nobody knows which sessions have a shard"),
            }
        }
    });
    Ok(())
}

fn show_unserved(gauge: &IntGaugeVec, unserved: &[&'static str]) {
    for queue in Queue::ALL.into_iter().filter(|it| can_hold(*it)) {
        let name = queue.name();
        let is_unserved = i64::from(unserved.contains(&name));
        gauge.with_label_values(&[name]).set(is_unserved);
    }
}

/// Whether jobs can wait in the queue at all.
fn can_hold(queue: Queue) -> bool {
    Job::KINDS.iter().any(|(_, it)| *it == queue)
}

/// The queues in which jobs can wait and which no worker has served for a minute.
fn unserved(seen: &[WorkerSeen], looked_for: Duration) -> Vec<&'static str> {
    let is_unserved = |queue: &Queue| {
        let group = queue.policy().group;
        let serving = seen.iter().filter(|it| it.serves.contains(&group));
        let age = serving.map(|it| it.age).min();
        age.map_or(looked_for, |age| age.min(looked_for)) >= UNSERVED
    };
    let queues = Queue::ALL.into_iter().filter(|it| can_hold(*it));
    queues.filter(is_unserved).map(Queue::name).collect()
}

fn looks() -> tokio::time::Interval {
    every(LOOK)
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut looks = tokio::time::interval(period);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

async fn look_at_redis(redis: &Redis, readiness: &Readiness, up: &IntGauge) {
    match redis.ping().await {
        Ok(()) => {
            up.set(1);
            readiness.set("redis", true, "answers");
        }
        Err(error) => {
            up.set(0);
            tracing::warn!(%error, "Redis is away: limits are counted by each process, and polling finds what is new");
            readiness.set("redis", false, "does not answer; messages go on without it");
        }
    }
}

#[cfg(test)]
mod tests {
    use switchyard_core::queue::Group;

    use super::*;

    fn worker(serves: &[Group], age_s: u64) -> WorkerSeen {
        WorkerSeen {
            serves: serves.to_vec(),
            age: Duration::from_secs(age_s),
        }
    }

    #[test]
    fn a_queue_is_unserved_after_a_minute_without_any_worker_of_its_group() {
        let all = [worker(&Group::ALL, 70), worker(&[Group::High], 4)];
        let day = Duration::from_hours(24);
        let named = unserved(&all, day);
        let without = [
            "default",
            "receipts",
            "receipts_sync",
            "maintenance",
            "recordings",
        ];
        assert_eq!(named, without);
        assert!(
            unserved(&all, Duration::from_secs(50)).is_empty(),
            "just begun to look"
        );
        assert!(unserved(&[worker(&Group::ALL, 59)], day).is_empty());
        assert_eq!(unserved(&[], day).len(), without.len() + 1);
    }
    #[test]
    fn every_queue_that_can_hold_jobs_is_shown_and_recovers() {
        let options = Opts::new("switchyard_queue_unserved", "of the tests");
        let gauge = IntGaugeVec::new(options, &["queue"]).unwrap();
        let shown = |queue: &str| gauge.with_label_values(&[queue]).get();
        show_unserved(&gauge, &["high"]);
        assert_eq!((shown("high"), shown("default")), (1, 0));
        show_unserved(&gauge, &[]);
        assert_eq!(shown("high"), 0);
        let count = prometheus::core::Collector::collect(&gauge)[0]
            .get_metric()
            .len();
        let holding = Queue::ALL.into_iter().filter(|it| can_hold(*it));
        assert_eq!(count, holding.count());
    }
}
