//! The keys of the Signal protocol. Rows are named, for addresses tell phone numbers; none of them is cached here,
//! for the client has a cache of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use store::vault::Write;
use wacore::store::error::Result;
use wacore::store::traits::SignalStore;

use super::SessionVault;
use super::fault::Failure;
use super::prekey::number_of;
use super::rows::{delete, taken, taken_vec};
use super::space::Space;

/// How long ratchets wait, so that the messages that moved them are handed over before them.
const MESSAGES_FIRST: Duration = Duration::from_millis(1);

#[async_trait]
impl SignalStore for SessionVault {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        let write = self.put_of_user(Space::Identity, address, &key)?;
        Ok(self.commit(vec![write]).await?)
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let writes = identities
            .iter()
            .map(|(address, key)| self.put_of_user(Space::Identity, address, key));
        Ok(self
            .commit(writes.collect::<std::result::Result<_, _>>()?)
            .await?)
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        let found = self.of_user(Space::Identity, address).await?;
        let identity = found.map(|text| text.as_ref().try_into());
        Ok(identity
            .transpose()
            .map_err(|_other_length| Failure::NotOfItsKind("identity"))?)
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        let write = self.delete_of_user(Space::Identity, address);
        Ok(self.commit(vec![write]).await?)
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        Ok(self.of_user(Space::Session, address).await?)
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        let write = self.put_of_user(Space::Session, address, session)?;
        Ok(self.commit(vec![write]).await?)
    }

    /// A ratchet here may have moved on for a message that was decrypted a moment ago and is only now on its way
    /// into the queue. Written first, a crash before the message's own commit would lose it: so it goes ahead.
    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        tokio::time::sleep(MESSAGES_FIRST).await;
        let writes = sessions
            .iter()
            .map(|(address, session)| self.put_of_user(Space::Session, address, session));
        Ok(self
            .commit(writes.collect::<std::result::Result<_, _>>()?)
            .await?)
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        let write = self.delete_of_user(Space::Session, address);
        Ok(self.commit(vec![write]).await?)
    }

    async fn has_session(&self, address: &str) -> Result<bool> {
        Ok(self.of_user(Space::Session, address).await?.is_some())
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        let sub = self.user_name(user);
        Ok(
            self.has_sub(Space::Session, &sub).await?
                || self.has_sub(Space::Identity, &sub).await?,
        )
    }

    async fn store_prekey(&self, id: u32, record: &[u8], _uploaded: bool) -> Result<()> {
        let write = self.put_numbered(Space::Prekey, id, record)?;
        Ok(self.commit(vec![write]).await?)
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], _uploaded: bool) -> Result<()> {
        let writes = keys
            .iter()
            .map(|(id, record)| self.put_numbered(Space::Prekey, *id, record));
        Ok(self
            .commit(writes.collect::<std::result::Result<_, _>>()?)
            .await?)
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        Ok(self.numbered(Space::Prekey, id).await?.map(taken))
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| id.to_be_bytes().to_vec()).collect();
        let found = self.get_many(Space::Prekey, &keys, &[]).await?;
        let keys = found
            .into_iter()
            .map(|row| Ok((number_of(&row)?, taken(row))));
        Ok(keys.collect::<std::result::Result<_, Failure>>()?)
    }

    /// Nothing: which pre-keys were uploaded is the device's watermark, no trait reads it from the rows, and a key
    /// that was consumed meanwhile must stay deleted.
    async fn mark_prekeys_uploaded(&self, _ids: &[u32]) -> Result<()> {
        Ok(())
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        let write = delete(Space::Prekey, id.to_be_bytes().to_vec());
        Ok(self.commit(vec![write]).await?)
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        let highest = self.highest(Space::Prekey).await?.unwrap_or(0);
        Ok(u32::try_from(highest).map_err(|_out_of_range| Failure::NotOfItsKind("prekey"))?)
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        let write = self.put_numbered(Space::SignedPrekey, id, record)?;
        Ok(self.commit(vec![write]).await?)
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        Ok(self.numbered(Space::SignedPrekey, id).await?.map(taken_vec))
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        let found = self.scan(Space::SignedPrekey).await?;
        let keys = found
            .into_iter()
            .map(|row| Ok((number_of(&row)?, taken_vec(row))));
        Ok(keys.collect::<std::result::Result<_, Failure>>()?)
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        let write = delete(Space::SignedPrekey, id.to_be_bytes().to_vec());
        Ok(self.commit(vec![write]).await?)
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        let write = self.put_named(Space::SenderKey, address, record)?;
        Ok(self.commit(vec![write]).await?)
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        let writes = sender_keys
            .iter()
            .map(|(address, record)| self.put_named(Space::SenderKey, address, record));
        Ok(self
            .commit(writes.collect::<std::result::Result<_, _>>()?)
            .await?)
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        let key = self.name(Space::SenderKey, &[address]);
        Ok(self.get(Space::SenderKey, &key, &[]).await?.map(taken_vec))
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        let key = self.name(Space::SenderKey, &[address]);
        Ok(self.commit(vec![delete(Space::SenderKey, key)]).await?)
    }
}

impl SessionVault {
    /// The `sub` of a user's rows: the same in every space that has it.
    fn user_name(&self, user: &str) -> Vec<u8> {
        self.name(Space::Identity, &["user", user])
    }

    /// Key and `sub` of an address: `user@server`, or `user:device@server`.
    fn address(&self, space: Space, address: &str) -> (Vec<u8>, Vec<u8>) {
        let user = address.split(['@', ':']).next().unwrap_or(address);
        (
            self.name(space, &["address", address]),
            self.user_name(user),
        )
    }

    fn put_of_user(
        &self,
        space: Space,
        address: &str,
        text: &[u8],
    ) -> std::result::Result<Write, Failure> {
        let (key, sub) = self.address(space, address);
        Ok(Write::Put(self.row_of(space, key, sub, text)?))
    }

    async fn of_user(
        &self,
        space: Space,
        address: &str,
    ) -> std::result::Result<Option<Bytes>, Failure> {
        let (key, sub) = self.address(space, address);
        Ok(self.get(space, &key, &sub).await?.map(taken))
    }

    fn delete_of_user(&self, space: Space, address: &str) -> Write {
        let (key, sub) = self.address(space, address);
        Write::Delete {
            space: space.name(),
            key,
            sub,
        }
    }

    fn put_named(
        &self,
        space: Space,
        address: &str,
        text: &[u8],
    ) -> std::result::Result<Write, Failure> {
        let key = self.name(space, &[address]);
        Ok(Write::Put(self.row(space, key, text)?))
    }
}
