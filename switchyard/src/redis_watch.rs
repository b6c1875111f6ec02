//! Whether Redis answers, looked at every second and told to whoever asks for readiness.

use std::time::Duration;

use api::Readiness;
use store::redis::Redis;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often to look.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until the process ends. The first look is over when this returns.
pub(crate) async fn start(redis: Redis, readiness: Readiness) -> JoinHandle<()> {
    look(&redis, &readiness).await;
    tokio::spawn(async move {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            look(&redis, &readiness).await;
        }
    })
}

async fn look(redis: &Redis, readiness: &Readiness) {
    match redis.ping().await {
        Ok(()) => readiness.set("redis", true, "answers"),
        Err(error) => {
            tracing::warn!(%error, "Redis is away: limits are counted by each process, and polling finds what is new");
            readiness.set("redis", false, "does not answer; messages go on without it");
        }
    }
}
