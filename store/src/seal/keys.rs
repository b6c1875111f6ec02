//! The data keys, opened when they are needed and kept in a bounded cache.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use switchyard_core::{BusinessId, Timestamp};

use super::business::BusinessKey;
use super::master::MasterKey;
use super::sql::{DATA_KEY, INSERT_DATA_KEY};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store};

/// Opened data keys kept in memory; each is some hundred bytes.
const CACHED: u64 = 10_000;
/// An opened key that nobody asks for is forgotten.
const IDLE: Duration = Duration::from_hours(1);
/// The number of a business's first data key.
const FIRST: u32 = 1;

/// Opens the data key of a business under the master key, making it at the first need. Cloning is cheap.
#[derive(Clone)]
pub struct Keys {
    store: Store,
    master: MasterKey,
    opened: Cache<BusinessId, Arc<BusinessKey>>,
}

impl Keys {
    /// The data keys of this database. Call [`super::ensure_fingerprint`] before.
    pub fn new(store: Store, master: MasterKey) -> Self {
        let opened = Cache::builder()
            .max_capacity(CACHED)
            .time_to_idle(IDLE)
            .build();
        Self {
            store,
            master,
            opened,
        }
    }

    /// The database that they are of.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The opened data key. [`Error::VaultUnreadable`] when the stored one does not open: no other is made then.
    pub async fn of(&self, business: BusinessId) -> Result<Arc<BusinessKey>> {
        if let Some(key) = self.opened.get(&business).await {
            return Ok(key);
        }
        let key = Arc::new(self.load_or_make(business).await?);
        self.opened.insert(business, Arc::clone(&key)).await;
        Ok(key)
    }

    async fn load_or_make(&self, business: BusinessId) -> Result<BusinessKey> {
        let mut conn = self.store.of(business).read().await?;
        let found = fetch_optional!(conn, Wrapped, DATA_KEY, business.uuid())?;
        drop(conn);
        match found {
            Some(wrapped) => self.open(business, &wrapped),
            None => self.make(business).await,
        }
    }

    /// Keeps a new key and reads back whichever key was kept: another process may have been faster.
    async fn make(&self, business: BusinessId) -> Result<BusinessKey> {
        let key = BusinessKey::generate(business, FIRST);
        let wrapped = key.wrap(&self.master)?;
        let now = Timestamp::now().ms();
        let kept = self
            .store
            .write(Lane::Rest, wrapped, move |tx, wrapped| {
                Box::pin(async move {
                    execute!(
                        tx,
                        INSERT_DATA_KEY,
                        business.uuid(),
                        i64::from(FIRST),
                        wrapped,
                        now
                    )?;
                    fetch_optional!(tx, Wrapped, DATA_KEY, business.uuid())
                })
            })
            .await?;
        let kept = kept.ok_or(Error::VaultUnreadable)?;
        self.open(business, &kept)
    }

    fn open(&self, business: BusinessId, (id, wrapped): &Wrapped) -> Result<BusinessKey> {
        let id = u32::try_from(*id).map_err(|_out_of_range| Error::VaultUnreadable)?;
        Ok(BusinessKey::unwrap_from(
            &self.master,
            business,
            id,
            wrapped,
        )?)
    }
}

/// Number and wrapped bytes.
type Wrapped = (i64, Vec<u8>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}
