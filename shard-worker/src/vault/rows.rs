//! Rows of a session: reading, writing, and the cached ones among them.

use bytes::Bytes;
use store::vault::{Found, Row, Write};
use switchyard_core::Timestamp;
use tokio::sync::MutexGuard;

use super::SessionVault;
use super::fault::Failure;
use super::space::Space;

/// The right to read in order to write.
pub(super) type Turn<'v> = MutexGuard<'v, ()>;

impl SessionVault {
    /// Waits for the turn of a read that ends in a write.
    pub(super) async fn turn(&self) -> Turn<'_> {
        self.turn.lock().await
    }

    /// The key of a row that would tell a phone number.
    pub(super) fn name(&self, space: Space, parts: &[&str]) -> Vec<u8> {
        self.vault.name(space.name(), parts)
    }

    /// A sealed row without `sub`.
    pub(super) fn row(&self, space: Space, key: Vec<u8>, text: &[u8]) -> Result<Row, Failure> {
        self.row_of(space, key, Vec::new(), text)
    }

    /// A sealed row.
    pub(super) fn row_of(
        &self,
        space: Space,
        key: Vec<u8>,
        sub: Vec<u8>,
        text: &[u8],
    ) -> Result<Row, Failure> {
        Ok(self.vault.row(space.name(), key, sub, text)?)
    }

    /// A row, read from the database.
    pub(super) async fn get(
        &self,
        space: Space,
        key: &[u8],
        sub: &[u8],
    ) -> Result<Option<Found>, Failure> {
        self.standing
            .until_deadline(|| self.vault.get(space.name(), key, sub))
            .await
    }

    /// Those of these rows that are there.
    pub(super) async fn get_many(
        &self,
        space: Space,
        keys: &[Vec<u8>],
        sub: &[u8],
    ) -> Result<Vec<Found>, Failure> {
        self.standing
            .until_deadline(|| self.vault.get_many(space.name(), keys, sub))
            .await
    }

    /// The rows of a `sub`.
    pub(super) async fn of_sub(&self, space: Space, sub: &[u8]) -> Result<Vec<Found>, Failure> {
        self.standing
            .until_deadline(|| self.vault.of_sub(space.name(), sub))
            .await
    }

    /// Whether a row of a `sub` is there.
    pub(super) async fn has_sub(&self, space: Space, sub: &[u8]) -> Result<bool, Failure> {
        self.standing
            .until_deadline(|| self.vault.has_sub(space.name(), sub))
            .await
    }

    /// All rows of a space.
    pub(super) async fn scan(&self, space: Space) -> Result<Vec<Found>, Failure> {
        self.standing
            .until_deadline(|| self.vault.scan(space.name()))
            .await
    }

    /// The largest number of a space.
    pub(super) async fn highest(&self, space: Space) -> Result<Option<i64>, Failure> {
        self.standing
            .until_deadline(|| self.vault.highest(space.name()))
            .await
    }

    /// Makes writes and answers after their commit.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Result<(), Failure> {
        if writes.is_empty() {
            return Ok(());
        }
        self.queue.commit(writes).await.map(drop)
    }

    /// Makes one write that deletes, and answers after its commit how many rows went.
    pub(super) async fn commit_counted(&self, write: Write) -> Result<u32, Failure> {
        let gone: u64 = self.queue.commit(vec![write]).await?.into_iter().sum();
        Ok(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    /// A cached row whose key is named by `id`; absence is cached too.
    pub(super) async fn hot(&self, space: Space, id: &str) -> Result<Option<Bytes>, Failure> {
        if let Some(known) = self.hot.get(space, id).await {
            return Ok(known);
        }
        let turn = self.turn().await;
        self.hot_in_turn(&turn, space, id).await
    }

    /// Like [`Self::hot`], for whoever has the turn. A miss waits for what is queued, so that it cannot put an older
    /// value into the cache than the one that was written.
    pub(super) async fn hot_in_turn(
        &self,
        _turn: &Turn<'_>,
        space: Space,
        id: &str,
    ) -> Result<Option<Bytes>, Failure> {
        if let Some(known) = self.hot.get(space, id).await {
            return Ok(known);
        }
        self.queue.settle().await?;
        let key = self.name(space, &[id]);
        let found = self.get(space, &key, &[]).await?.map(taken);
        self.hot.put(space, id, found.clone()).await;
        Ok(found)
    }

    /// Writes cached rows and answers once they are queued.
    pub(super) async fn post_hot(
        &self,
        _turn: &Turn<'_>,
        changes: Vec<Change>,
    ) -> Result<(), Failure> {
        let writes = self.forget_and_seal(&changes).await?;
        self.queue.post(writes).await?;
        self.keep(changes).await;
        Ok(())
    }

    /// First the cache forgets: should the caller be cancelled on the way, a read asks the database.
    async fn forget_and_seal(&self, changes: &[Change]) -> Result<Vec<Write>, Failure> {
        let mut writes = Vec::with_capacity(changes.len());
        for change in changes {
            self.hot.forget(change.space, &change.id).await;
            let key = self.name(change.space, &[&change.id]);
            writes.push(match &change.text {
                Some(text) => Write::Put(self.row(change.space, key, text)?),
                None => delete(change.space, key),
            });
        }
        Ok(writes)
    }

    async fn keep(&self, changes: Vec<Change>) {
        for Change { space, id, text } in changes {
            self.hot.put(space, &id, text.map(Bytes::from)).await;
        }
    }
}

/// A cached row's new text, or its end.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) space: Space,
    pub(super) id: String,
    pub(super) text: Option<Vec<u8>>,
}

/// Deletes a row without `sub`.
pub(super) fn delete(space: Space, key: Vec<u8>) -> Write {
    Write::Delete {
        space: space.name(),
        key,
        sub: Vec::new(),
    }
}

/// The client's seconds as the table's milliseconds.
pub(super) fn instant(seconds: i64) -> Timestamp {
    Timestamp(seconds.saturating_mul(1_000))
}

/// The text of a row, for whoever asked; wiping it is theirs from now on.
pub(super) fn taken(mut found: Found) -> Bytes {
    Bytes::from(std::mem::take(&mut *found.text))
}

/// Like [`taken`], as a vector.
pub(super) fn taken_vec(mut found: Found) -> Vec<u8> {
    std::mem::take(&mut *found.text)
}

/// Reads what [`written`] wrote.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(
    space: Space,
    text: &[u8],
) -> Result<T, Failure> {
    serde_json::from_slice(text).map_err(|_not_ours| Failure::NotOfItsKind(space.name()))
}

/// A value as it is sealed.
pub(super) fn written<T: serde::Serialize>(space: Space, value: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|_not_ours| Failure::NotOfItsKind(space.name()))
}
