//! The vault: the sealed keys and ratchets of a session, one table for all of them.
//!
//! A row is found by `(space, key, sub)`; `n` and `expires_at` are plain numbers for what SQL must compare. Every
//! write is fenced by the session's epoch and answers after its commit; writes of many sessions share one. A read
//! never turns an error into absence: a row that does not open is [`crate::Error::VaultUnreadable`].

mod batch;
mod committer;
pub(crate) mod mapping;
mod read;
mod rounds;
mod row;
pub(crate) mod sql;

use std::sync::Arc;

pub use committer::Committer;
pub use mapping::Mapping;
pub use row::{Found, Row, Write};

use crate::seal::{BusinessKey, Keys, Place};
use crate::{Held, Result, Store};

/// The vault of one session, for its holder. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Vault {
    store: Store,
    committer: Committer,
    key: Arc<BusinessKey>,
    held: Held,
}

impl Vault {
    /// Opens the business's data key; reads and writes no row of the session.
    pub async fn open(committer: &Committer, keys: &Keys, held: Held) -> Result<Self> {
        Ok(Self {
            store: committer.store().clone(),
            committer: committer.clone(),
            key: keys.of(held.business).await?,
            held,
        })
    }

    /// Who holds the session, under which epoch.
    pub fn held(&self) -> Held {
        self.held
    }

    /// A name for a row whose key would tell a phone number; see [`BusinessKey::name`].
    pub fn name(&self, space: &str, parts: &[&str]) -> Vec<u8> {
        self.key.name(self.held.session, space, parts)
    }

    /// Seals a value into a row that can be written.
    pub fn row(&self, space: &'static str, key: Vec<u8>, sub: Vec<u8>, text: &[u8]) -> Result<Row> {
        let place = Place {
            owner: self.held.session.uuid(),
            space,
            key: &key,
            sub: &sub,
        };
        let sealed = self.key.seal(place, text)?;
        Ok(Row {
            space,
            key,
            sub,
            n: None,
            expires_at: None,
            sealed,
        })
    }

    /// Makes these writes in order, all or none, and answers after the commit how many rows each of them deleted;
    /// a [`Write::Delete`] is not counted.
    /// [`crate::Error::Fenced`] when the epoch is stale; then none was made.
    pub async fn write(&self, writes: Arc<Vec<Write>>) -> Result<Vec<u64>> {
        self.committer.commit(self.held, writes).await
    }
}
