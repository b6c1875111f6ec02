//! Looks every second at what a process depends on besides the database, and tells whoever asks for readiness.

use std::time::Duration;

use api::Readiness;
use prometheus::{IntGauge, Registry};
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

/// Looks until the process ends whether every queue has a live worker. One that just began to look gives them a minute;
/// while the database does not answer, what was known last holds, since another check says so.
pub(crate) fn workers(store: Store, readiness: Readiness) {
    readiness.set("workers", true, "looking");
    tokio::spawn(async move {
        let begun = Instant::now();
        let mut looks = tokio::time::interval(WORKERS);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            match store::queues::workers(&store, Timestamp::now()).await {
                Ok(seen) => match unserved(&seen, begun.elapsed()).as_slice() {
                    [] => readiness.set("workers", true, "every queue has one"),
                    queues => {
                        let queues = queues.join(", ");
                        let detail = format!("no live worker for a minute: {queues}");
                        readiness.set("workers", false, detail);
                    }
                },
                Err(error) => tracing::warn!(%error, "nobody knows which workers live"),
            }
        }
    });
}

/// The queues in which jobs can wait and which no worker has served for a minute.
fn unserved(seen: &[WorkerSeen], looked_for: Duration) -> Vec<&'static str> {
    let can_hold = |queue: &Queue| Job::KINDS.iter().any(|(_, it)| it == queue);
    let is_unserved = |queue: &Queue| {
        let group = queue.policy().group;
        let serving = seen.iter().filter(|it| it.serves.contains(&group));
        let age = serving.map(|it| it.age).min();
        age.map_or(looked_for, |age| age.min(looked_for)) >= UNSERVED
    };
    let queues = Queue::ALL.into_iter().filter(can_hold);
    queues.filter(is_unserved).map(Queue::name).collect()
}

fn looks() -> tokio::time::Interval {
    let mut looks = tokio::time::interval(LOOK);
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
}
