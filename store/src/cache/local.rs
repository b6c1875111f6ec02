//! Cached values of one process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::future::Cache;
use moka::ops::compute::Op;

use super::place;

/// Values that are kept; the least used go first.
const MOST: u64 = 20_000;
/// Versions that are told apart: a fill whose key shares a place with an invalidated one is thrown away too.
const VERSIONS: usize = 1_024;

/// A value and when it ends.
#[derive(Debug, Clone)]
struct Entry {
    text: String,
    until: Instant,
}

/// The cache of one process.
#[derive(Debug)]
pub(super) struct Local {
    entries: Cache<String, Entry>,
    versions: Vec<AtomicU64>,
}

impl Local {
    /// No value lives longer than `longest`.
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            entries: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(longest)
                .build(),
            versions: (0..VERSIONS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(super) async fn get(&self, key: &str) -> Option<String> {
        let entry = self.entries.get(key).await?;
        (entry.until > Instant::now()).then_some(entry.text)
    }

    pub(super) fn version(&self, key: &str) -> u64 {
        let version = self.versions.get(place(key, VERSIONS));
        version.map_or(0, |it| it.load(Ordering::Acquire))
    }

    /// Keeps a value; `false` when it was invalidated since that version was read.
    pub(super) async fn keep(&self, key: &str, text: String, version: u64, life: Duration) -> bool {
        let until = Instant::now().checked_add(life);
        let entry = until.map(|until| Entry { text, until });
        let mut kept = false;
        // Keeping and forgetting of one key take turns, so that neither falls between the other's two steps.
        self.entries
            .entry(key.to_owned())
            .and_compute_with(|_old| {
                kept = self.version(key) == version;
                let op = match entry.filter(|_| kept) {
                    Some(entry) => Op::Put(entry),
                    None => Op::Nop,
                };
                std::future::ready(op)
            })
            .await;
        kept
    }

    /// Forgets a value.
    pub(super) async fn forget(&self, key: &str) {
        self.entries
            .entry(key.to_owned())
            .and_compute_with(|_old| {
                if let Some(version) = self.versions.get(place(key, VERSIONS)) {
                    version.fetch_add(1, Ordering::AcqRel);
                }
                std::future::ready(Op::Remove)
            })
            .await;
    }
}
