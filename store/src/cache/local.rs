//! Cached values of one process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::future::Cache;

/// Values that are kept; the least used go first.
const MOST: u64 = 20_000;

/// A value, when it ends, and the version that it was read under.
#[derive(Debug, Clone)]
struct Entry {
    text: String,
    until: Instant,
    version: u64,
}

/// The cache of one process.
#[derive(Debug)]
pub(super) struct Local {
    entries: Cache<String, Entry>,
    version: AtomicU64,
}

impl Local {
    /// No value lives longer than `longest`.
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            entries: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(longest)
                .build(),
            version: AtomicU64::new(0),
        }
    }

    pub(super) async fn get(&self, key: &str) -> Option<String> {
        let entry = self.entries.get(key).await?;
        let is_good = entry.version == self.version() && entry.until > Instant::now();
        is_good.then_some(entry.text)
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Keeps a value; `false` when all was invalidated since that version was read. One that is invalidated a moment later
    /// is kept and never found.
    pub(super) async fn keep(&self, key: &str, text: String, version: u64, life: Duration) -> bool {
        if self.version() != version {
            return false;
        }
        if let Some(until) = Instant::now().checked_add(life) {
            let entry = Entry {
                text,
                until,
                version,
            };
            self.entries.insert(key.to_owned(), entry).await;
        }
        true
    }

    /// Forgets everything; what is left of it goes by its age.
    pub(super) fn forget(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }
}
