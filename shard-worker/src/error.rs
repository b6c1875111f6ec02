//! Why a shard could not start.

/// The result of starting a shard.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a shard could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has this number and goes on renewing its registration.
    #[error("another live process has this shard's number")]
    NumberTaken,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A metric is registered already.
    #[error("a metric could not be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The thread that keeps the lease could not be started.
    #[error("the thread of the lease could not be started: {0}")]
    Thread(std::io::Error),
}
