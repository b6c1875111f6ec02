//! The cache of hot reads: written through, bounded, one for all sessions of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use moka::future::Cache;

use super::space::Space;

/// Bytes that the cache of a process may hold: some ten thousand active chats.
const BYTES: u64 = 32 * 1_024 * 1_024;
/// What an entry costs beside its text.
const OVERHEAD: usize = 160;
/// An entry that nobody reads is forgotten.
const IDLE: Duration = Duration::from_hours(1);

/// Whose entry, of which kind, and which one.
type Key = (u64, Space, Box<str>);

/// The cache of all sessions.
#[derive(Debug, Clone)]
pub(super) struct HotReads {
    entries: Cache<Key, Option<Bytes>>,
    next: Arc<AtomicU64>,
}

impl HotReads {
    pub(super) fn new() -> Self {
        let weight = |(_, _, id): &Key, text: &Option<Bytes>| {
            let text = text.as_ref().map_or(0, Bytes::len);
            let bytes = OVERHEAD.saturating_add(id.len()).saturating_add(text);
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self {
            entries: Cache::builder()
                .max_capacity(BYTES)
                .weigher(weight)
                .time_to_idle(IDLE)
                .build(),
            next: Arc::new(AtomicU64::new(0)),
        }
    }

    /// The part of one open vault. It starts empty: what another holder did meanwhile is not known here.
    pub(super) fn of_one(&self) -> Hot {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Hot {
            all: self.clone(),
            number: Arc::new(AtomicU64::new(number)),
        }
    }
}

/// One open vault's part of the cache.
#[derive(Debug, Clone)]
pub(super) struct Hot {
    all: HotReads,
    number: Arc<AtomicU64>,
}

impl Hot {
    /// What is known: `Some(None)` is known to be absent.
    pub(super) async fn get(&self, space: Space, id: &str) -> Option<Option<Bytes>> {
        self.all.entries.get(&self.key(space, id)).await
    }

    pub(super) async fn put(&self, space: Space, id: &str, text: Option<Bytes>) {
        self.all.entries.insert(self.key(space, id), text).await;
    }

    /// Forgets one entry: the next read asks the database.
    pub(super) async fn forget(&self, space: Space, id: &str) {
        self.all.entries.invalidate(&self.key(space, id)).await;
    }

    /// Forgets all of this vault's entries; they age out of the cache.
    pub(super) fn forget_all(&self) {
        let number = self.all.next.fetch_add(1, Ordering::Relaxed);
        self.number.store(number, Ordering::Release);
    }

    fn key(&self, space: Space, id: &str) -> Key {
        (self.number.load(Ordering::Acquire), space, id.into())
    }
}
