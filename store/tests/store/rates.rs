//! Rate limits: one contract for the buckets of a process and for those in Redis.

use std::sync::Arc;
use std::time::Duration;

use store::rates::{Rate, Rates};

use crate::redis::Server;

macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($rates:ident: Arc<Rates>) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn check($rates: Arc<Rates>) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn here() {
                check(Arc::new(Rates::new(None))).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                let server = Server::start().await;
                check(Arc::new(Rates::new(Some(server.client())))).await;
            }
        }
    )*};
}

/// Nothing flows in while a test runs.
const SLOW: Rate = Rate::over(5, Duration::from_hours(100));

both! {
    async fn the_burst_passes_and_the_next_one_is_told_how_long_to_wait(rates: Arc<Rates>) {
        for left in (0..5).rev() {
            let verdict = rates.take("caller:1", SLOW).await;
            assert!(verdict.passes, "{verdict:?}");
            assert_eq!((verdict.limit, verdict.remaining), (5, left));
        }
        let refused = rates.take("caller:1", SLOW).await;
        assert!(!refused.passes && refused.remaining == 0);
        assert!((71_000..=72_000).contains(&refused.reset_s), "{refused:?}");
        assert!(rates.take("caller:2", SLOW).await.passes, "another key has its own");
    }

    async fn what_is_given_back_may_be_taken_again(rates: Arc<Rates>) {
        for _ in 0..5 {
            assert!(rates.take("account:1", SLOW).await.passes);
        }
        rates.give_back("account:1").await;
        assert!(rates.take("account:1", SLOW).await.passes);
        assert!(!rates.take("account:1", SLOW).await.passes);
        rates.give_back("account:unknown").await;
        assert_eq!(rates.take("account:unknown", SLOW).await.remaining, 4);
    }

    async fn a_bucket_fills_as_time_passes(rates: Arc<Rates>) {
        let rate = Rate::per_s(50, 1);
        assert!(rates.take("caller:1", rate).await.passes);
        crate::redis::until("one flows in", || async { rates.take("caller:1", rate).await.passes }).await;
    }

    async fn of_many_at_once_only_the_burst_passes(rates: Arc<Rates>) {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let rates = Arc::clone(&rates);
            tasks.spawn(async move { rates.take("caller:1", SLOW).await.passes });
        }
        let passed = tasks.join_all().await.into_iter().filter(|passes| *passes).count();
        assert_eq!(passed, 5);
    }
}

#[tokio::test]
async fn two_processes_share_the_buckets_in_redis() {
    let server = Server::start().await;
    let (one, other) = (
        Rates::new(Some(server.client())),
        Rates::new(Some(server.client())),
    );
    for _ in 0..3 {
        assert!(one.take("caller:1", SLOW).await.passes);
    }
    assert_eq!(other.take("caller:1", SLOW).await.remaining, 1);
}

#[tokio::test]
async fn without_redis_the_process_counts_by_itself() {
    let mut server = Server::start().await;
    let rates = Rates::new(Some(server.client()));
    assert!(rates.take("caller:1", SLOW).await.passes);
    server.command(&["FLUSHALL"]);
    assert_eq!(
        rates.take("caller:1", SLOW).await.remaining,
        4,
        "a flush makes them full"
    );
    server.stop();
    for left in (0..5).rev() {
        assert_eq!(rates.take("caller:1", SLOW).await.remaining, left);
    }
    assert!(!rates.take("caller:1", SLOW).await.passes);
}
