//! A Redis server of the test's own, and what its users do without it.

use std::time::{Duration, Instant};

use store::redis::Redis;

pub(crate) use crate::redis_server::Server;

impl Server {
    pub(crate) fn client(&self) -> Redis {
        Redis::open(&format!("redis://127.0.0.1:{}", self.port())).unwrap()
    }

    /// What the server's own client shows.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let output = self.cli(words);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// Waits until something holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let start = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        pace.tick().await;
        if holds().await {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{what}: not in time"
        );
    }
}

#[tokio::test]
async fn every_key_has_our_prefix_and_an_end() {
    use store::cache::Cache;
    use store::rates::{Rate, Rates};

    let server = Server::start().await;
    let rates = Rates::new(Some(server.client()));
    rates.take("caller:1", Rate::per_s(1, 5)).await;
    let registry = prometheus::Registry::new();
    let cache = Cache::new(
        "tests",
        Some(server.client()),
        Duration::from_secs(4),
        &registry,
    )
    .unwrap();
    let filled = cache
        .get_or_fill("key:1", async { Ok::<_, ()>(Some(1)) })
        .await;
    assert_eq!(filled, Ok(Some(1)));
    let keys = server.command(&["--raw", "KEYS", "*"]);
    assert_eq!(keys.lines().count(), 3, "{keys}");
    for key in keys.lines() {
        assert!(key.starts_with("sy:"), "{key}");
        let life: i64 = server.command(&["--raw", "PTTL", key]).parse().unwrap();
        assert!((1..=60_000).contains(&life), "{key}: {life}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_refused() {
    assert!(Redis::open("postgres://somewhere").is_err());
}
