//! The keys, versions and MACs of the app state. They tell no phone number, so their keys stand as they are.

use std::collections::HashMap;

use async_trait::async_trait;
use secrecy::zeroize::Zeroizing;
use store::vault::Write;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::error::Result;
use wacore::store::traits::{AppStateSyncKey, AppSyncStore};

use super::SessionVault;
use super::fault::Failure;
use super::rows::{parsed, taken_vec, written};
use super::space::Space;

/// The key of a space that has one row.
const ONLY: &[u8] = b"only";

#[async_trait]
impl AppSyncStore for SessionVault {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        let found = self.get(Space::SyncKey, key_id, &[]).await?;
        let key = found.map(|row| parsed(Space::SyncKey, &row.text));
        Ok(key.transpose()?)
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        let text = Zeroizing::new(written(Space::SyncKey, &key)?);
        let row = self.row(Space::SyncKey, key_id.to_vec(), &text)?;
        let latest = self.row(Space::LatestSyncKey, ONLY.to_vec(), key_id)?;
        Ok(self
            .commit(vec![Write::Put(row), Write::Put(latest)])
            .await?)
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        let found = self.get(Space::Version, name.as_bytes(), &[]).await?;
        let state = found.map(|row| parsed(Space::Version, &row.text));
        Ok(state.transpose()?.unwrap_or_default())
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        let text = written(Space::Version, &state)?;
        let row = self.row(Space::Version, name.as_bytes().to_vec(), &text)?;
        Ok(self.commit(vec![Write::Put(row)]).await?)
    }

    async fn put_mutation_macs(
        &self,
        name: &str,
        _version: u64,
        mutations: &[AppStateMutationMAC],
    ) -> Result<()> {
        let writes = mutations.iter().map(|mac| {
            let (key, sub) = (mac.index_mac.clone(), name.as_bytes().to_vec());
            let row = self.row_of(Space::MutationMac, key, sub, &mac.value_mac)?;
            Ok(Write::Put(row))
        });
        Ok(self
            .commit(writes.collect::<std::result::Result<_, Failure>>()?)
            .await?)
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        let found = self
            .get(Space::MutationMac, index_mac, name.as_bytes())
            .await?;
        Ok(found.map(taken_vec))
    }

    async fn get_mutation_macs(
        &self,
        name: &str,
        index_macs: &[[u8; 32]],
    ) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        let keys: Vec<Vec<u8>> = index_macs.iter().map(|mac| mac.to_vec()).collect();
        let found = self
            .get_many(Space::MutationMac, &keys, name.as_bytes())
            .await?;
        let macs = found.into_iter().map(|row| {
            let key = row.key.as_slice().try_into();
            let key = key.map_err(|_other_length| Failure::NotOfItsKind("mutation_mac"))?;
            Ok((key, taken_vec(row)))
        });
        Ok(macs.collect::<std::result::Result<_, Failure>>()?)
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        let writes = index_macs.iter().map(|mac| Write::Delete {
            space: Space::MutationMac.name(),
            key: mac.clone(),
            sub: name.as_bytes().to_vec(),
        });
        Ok(self.commit(writes.collect()).await?)
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        let write = Write::DeleteSub {
            space: Space::MutationMac.name(),
            sub: name.as_bytes().to_vec(),
        };
        Ok(self.commit(vec![write]).await?)
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        let found = self.get(Space::LatestSyncKey, ONLY, &[]).await?;
        Ok(found.map(taken_vec))
    }
}
