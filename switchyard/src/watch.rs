//! Looks every second at what a process depends on besides the database, and tells whoever asks for readiness.

use std::time::Duration;

use api::Readiness;
use prometheus::{IntCounter, IntGauge, Registry};
use store::redis::Redis;
use tokio::time::MissedTickBehavior;

/// How often to look.
const LOOK: Duration = Duration::from_secs(1);

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

/// Looks until the process ends whether the shard has its lease. One that is lost and taken anew between two looks is
/// not counted: it was away for less than a second.
pub(crate) fn lease(
    has_lease: impl Fn() -> bool + Send + 'static,
    readiness: Readiness,
    registry: &Registry,
) -> prometheus::Result<()> {
    let held = IntGauge::new("switchyard_lease_held", "1 while the shard has its lease.")?;
    let lost = IntCounter::new(
        "switchyard_leases_lost_total",
        "Times that the shard was seen without its lease after it had one.",
    )?;
    registry.register(Box::new(held.clone()))?;
    registry.register(Box::new(lost.clone()))?;
    let look = move || {
        let had = held.get() == 1;
        if has_lease() {
            held.set(1);
            readiness.set("lease", true, "held");
        } else {
            held.set(0);
            lost.inc_by(u64::from(had));
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
