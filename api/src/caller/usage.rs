//! When API keys were last used: written behind the requests, once a minute per key at most.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use store::Store;
use store::accounts::{self, ApiKey};
use switchyard_core::{KeyId, Timestamp};
use tokio::sync::Semaphore;

/// A use within this time of a noted one is not written.
const EVERY: Duration = Duration::from_mins(1);
/// Keys whose last note is remembered; one that is forgotten is written once more.
const REMEMBERED: u64 = 10_000;
/// Notes that may wait for the database; a later use makes up for one that is left out.
const WAITING: usize = 16;

/// Which keys were noted in the last minute.
pub(super) struct Usage {
    noted: Cache<KeyId, ()>,
    waiting: Arc<Semaphore>,
}

impl Usage {
    pub(super) fn new() -> Self {
        Self {
            noted: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(EVERY)
                .build(),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Notes that the key is used now. Waits for nothing but memory.
    pub(super) async fn note(&self, store: &Store, now: Timestamp, key: &ApiKey) {
        if self.noted.contains_key(&key.id) {
            return;
        }
        let Ok(turn) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return;
        };
        self.noted.insert(key.id, ()).await;
        let (store, business, id) = (store.clone(), key.business, key.id);
        actix_web::rt::spawn(async move {
            if let Err(error) = accounts::key_used(&store, now, business, id).await {
                tracing::warn!(%error, "the use of a key was not noted");
            }
            drop(turn);
        });
    }
}
