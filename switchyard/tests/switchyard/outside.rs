//! The real program from outside: its process, its rows, its API and the phones of the simulated network.

pub(crate) mod api;
pub(crate) mod cluster;
pub(crate) mod line;
pub(crate) mod network;
pub(crate) mod place;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod redis;
mod redis_server;
pub(crate) mod rows;

use std::time::{Duration, Instant};

/// What may take long on a busy machine without being wrong.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A client under construction. TLS has no provider of its own in this build, and a client wants one even for `http`.
pub(crate) fn http() -> reqwest::ClientBuilder {
    // Another test of this process may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::builder().no_proxy()
}

/// Waits until `look` finds something, and fails with `what` after [`LONG`].
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    look: impl FnMut() -> F,
) -> T {
    within(LONG, what, look).await
}

/// Waits until `look` finds something, and fails with `what` after `deadline`.
pub(crate) async fn within<T, F: Future<Output = Option<T>>>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    let mut pace = tokio::time::interval(LOOK);
    loop {
        pace.tick().await;
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            start.elapsed() < deadline,
            "{what}: not within {deadline:?}"
        );
    }
}
