//! The cache: one contract for the values of a process and for those in Redis.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prometheus::Registry;
use store::cache::Cache;
use tokio::sync::oneshot;

use crate::redis::{Server, until};

/// A cache, what it counts, and how often it was filled.
struct Stage {
    cache: Arc<Cache>,
    registry: Registry,
    fills: AtomicU32,
}

impl Stage {
    fn new(server: Option<&Server>, life: Duration) -> Self {
        let registry = Registry::new();
        let cache = Cache::new("tests", server.map(Server::client), life, &registry).unwrap();
        Self {
            cache: Arc::new(cache),
            registry,
            fills: AtomicU32::new(0),
        }
    }

    async fn get(&self, key: &str, value: &str) -> Option<String> {
        let fill = async {
            self.fills.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Some(value.to_owned()))
        };
        self.cache.get_or_fill(key, fill).await.unwrap()
    }

    fn fills(&self) -> u32 {
        self.fills.load(Ordering::Relaxed)
    }

    fn counted(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == name)
            .unwrap();
        family.get_metric()[0].get_counter().get_value()
    }
}

macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($stage:ident: Stage, $life_ms:literal) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn check($stage: Stage) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn here() {
                check(Stage::new(None, Duration::from_millis($life_ms))).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                let server = Server::start().await;
                check(Stage::new(Some(&server), Duration::from_millis($life_ms))).await;
            }
        }
    )*};
}

both! {
    async fn a_value_is_filled_once_and_found_until_it_is_invalidated(stage: Stage, 60_000) {
        assert_eq!(stage.get("a", "one").await.as_deref(), Some("one"));
        assert_eq!(stage.get("a", "two").await.as_deref(), Some("one"));
        assert_eq!(stage.get("b", "other").await.as_deref(), Some("other"));
        stage.cache.invalidate().await;
        assert_eq!(stage.get("a", "three").await.as_deref(), Some("three"));
        assert_eq!(stage.get("b", "another").await.as_deref(), Some("another"));
        assert_eq!(stage.get("a", "four").await.as_deref(), Some("three"));
        assert_eq!(stage.fills(), 4);
        assert_eq!(stage.counted("switchyard_cache_hits_total"), 2.0);
        assert_eq!(stage.counted("switchyard_cache_misses_total"), 4.0);
    }

    async fn a_value_ends_by_itself(stage: Stage, 60) {
        stage.get("a", "one").await;
        until("it is filled anew", || async { stage.get("a", "two").await.as_deref() == Some("two") }).await;
    }

    async fn what_is_not_found_is_not_kept(stage: Stage, 60_000) {
        let nothing = stage.cache.get_or_fill("a", async { Ok::<_, Infallible>(None::<String>) }).await;
        assert_eq!(nothing, Ok(None));
        let failed = stage.cache.get_or_fill("a", async { Err::<Option<String>, _>("away") }).await;
        assert_eq!(failed, Err("away"));
        assert_eq!(stage.get("a", "one").await.as_deref(), Some("one"));
    }

    async fn of_many_that_miss_at_once_one_fills(stage: Stage, 60_000) {
        let stage = Arc::new(stage);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let stage = Arc::clone(&stage);
            tasks.spawn(async move {
                let fill = async {
                    stage.fills.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    Ok::<_, Infallible>(Some("one".to_owned()))
                };
                stage.cache.get_or_fill("a", fill).await.unwrap()
            });
        }
        for found in tasks.join_all().await {
            assert_eq!(found.as_deref(), Some("one"));
        }
        assert_eq!(stage.fills(), 1);
    }

    async fn a_fill_that_began_before_an_invalidation_is_not_kept(stage: Stage, 60_000) {
        let (begun, has_begun) = oneshot::channel();
        let (go_on, goes_on) = oneshot::channel::<()>();
        let cache = Arc::clone(&stage.cache);
        let late = tokio::spawn(async move {
            let fill = async {
                begun.send(()).unwrap();
                goes_on.await.unwrap();
                Ok::<_, Infallible>(Some("of before".to_owned()))
            };
            cache.get_or_fill("a", fill).await
        });
        has_begun.await.unwrap();
        stage.cache.invalidate().await;
        go_on.send(()).unwrap();
        assert_eq!(late.await.unwrap(), Ok(Some("of before".to_owned())));
        assert_eq!(stage.counted("switchyard_cache_stale_total"), 1.0);
        assert_eq!(stage.get("a", "of after").await.as_deref(), Some("of after"));
    }
}

#[tokio::test]
async fn an_invalidation_in_one_process_counts_in_all_that_share_redis() {
    let server = Server::start().await;
    let stages = [(); 2].map(|()| Stage::new(Some(&server), Duration::from_mins(1)));
    assert_eq!(stages[0].get("a", "one").await.as_deref(), Some("one"));
    assert_eq!(stages[1].get("a", "two").await.as_deref(), Some("one"));
    stages[1].cache.invalidate().await;
    assert_eq!(stages[0].get("a", "three").await.as_deref(), Some("three"));
}

#[tokio::test]
async fn a_flush_during_a_fill_leaves_nothing_old_and_without_redis_every_value_is_filled() {
    let mut server = Server::start().await;
    let stage = Stage::new(Some(&server), Duration::from_mins(1));
    let fill = async {
        server.command(&["FLUSHALL"]);
        stage.cache.invalidate().await;
        server.command(&["FLUSHALL"]);
        Ok::<_, Infallible>(Some("of before".to_owned()))
    };
    stage.cache.get_or_fill("a", fill).await.unwrap();
    assert_eq!(
        stage.get("a", "of after").await.as_deref(),
        Some("of after")
    );
    server.stop();
    assert_eq!(stage.get("a", "fresh").await.as_deref(), Some("fresh"));
    assert_eq!(stage.get("a", "fresher").await.as_deref(), Some("fresher"));
}
