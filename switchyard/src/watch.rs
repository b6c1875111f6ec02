//! Looks every second at what a process depends on besides the database, and tells whoever asks for readiness.

use std::time::Duration;

use api::Readiness;
use store::redis::Redis;
use tokio::time::MissedTickBehavior;

/// How often to look.
const LOOK: Duration = Duration::from_secs(1);

/// Looks at Redis until the process ends. The first look is over when this returns.
pub(crate) async fn redis(redis: Redis, readiness: Readiness) {
    look_at_redis(&redis, &readiness).await;
    tokio::spawn(async move {
        let mut looks = looks();
        loop {
            looks.tick().await;
            look_at_redis(&redis, &readiness).await;
        }
    });
}

/// Looks until the process ends whether the shard has its lease.
pub(crate) fn lease(has_lease: impl Fn() -> bool + Send + 'static, readiness: Readiness) {
    let look = move || {
        if has_lease() {
            readiness.set("lease", true, "held");
        } else {
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
}

fn looks() -> tokio::time::Interval {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

async fn look_at_redis(redis: &Redis, readiness: &Readiness) {
    match redis.ping().await {
        Ok(()) => readiness.set("redis", true, "answers"),
        Err(error) => {
            tracing::warn!(%error, "Redis is away: limits are counted by each process, and polling finds what is new");
            readiness.set("redis", false, "does not answer; messages go on without it");
        }
    }
}
