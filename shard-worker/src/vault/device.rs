//! The device: credentials and what the client remembers of itself, in one row.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};
use store::vault::Write;
use wacore::store::Device;
use wacore::store::error::Result;
use wacore::store::traits::DeviceStore;
use whatsapp_rust::store::persistence_manager::PersistenceManager;

use super::SessionVault;
use super::fault::Failure;
use super::rows::{parsed, written};
use super::space::Space;

/// The key of the one row.
const ONLY: &[u8] = b"only";
/// What [`DeviceStore::create`] answers: the client has one device per store.
const DEVICE_ID: i32 = 1;
/// How often the device may change while its save is waited for.
const CHANGES: u32 = 100;

type Hash = [u8; 32];
/// A snapshot of the device that is known to be saved, compared by address.
type Snapshot = Arc<whatsapp_rust::store::Device>;

/// What the row holds now, as far as this holder wrote or read it.
#[derive(Default)]
pub(super) struct Saved {
    hash: Option<Hash>,
    snapshot: Option<Snapshot>,
}

impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Saved(…)")
    }
}

impl SessionVault {
    /// Loads and unseals the device. Call it before a client is built: a damaged row, or the missing row of a session
    /// that was paired, is an error here, and nothing is written over it. `None` for a session never linked.
    pub async fn device(&self) -> std::result::Result<Option<Device>, Failure> {
        let mut saved = self.saved.lock().await;
        let Some(row) = self.get(Space::Device, ONLY, &[]).await? else {
            if self.paired.load(Ordering::Acquire) {
                return Err(Failure::DeviceMissing);
            }
            return Ok(None);
        };
        let device: Device = parsed(Space::Device, &row.text)?;
        saved.hash = Some(hash(&row.text));
        saved.snapshot = None;
        if device.pn.is_some() {
            self.paired.store(true, Ordering::Release);
        }
        Ok(Some(device))
    }

    /// Answers once the device that `manager` holds is committed: what a frame must wait for before it leaves.
    ///
    /// `flush` alone is not enough: it answers at once while another save of the same change is under way. So this
    /// waits for that save and compares what was written with what the manager holds.
    pub async fn device_committed(&self, manager: &PersistenceManager) -> Result<()> {
        for _ in 0..CHANGES {
            self.standing.check()?;
            let held = manager.get_device_snapshot();
            if self.is_saved(&held).await? {
                return Ok(());
            }
            // Marks it changed: the mark of the change that is not saved yet may be taken by a save that failed
            // to keep up with it.
            manager.modify_device(|_same| ()).await;
            manager.flush().await?;
        }
        Err(Failure::OutOfTime.into())
    }

    async fn is_saved(&self, held: &Snapshot) -> std::result::Result<bool, Failure> {
        let mut saved = self.saved.lock().await;
        if saved
            .snapshot
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, held))
        {
            return Ok(true);
        }
        let text = Zeroizing::new(written(Space::Device, &held.core)?);
        let same = saved.hash == Some(hash(&text));
        if same {
            saved.snapshot = Some(Arc::clone(held));
        }
        Ok(same)
    }

    async fn save_device(&self, device: &Device) -> std::result::Result<(), Failure> {
        let mut saved = self.saved.lock().await;
        let text = Zeroizing::new(written(Space::Device, device)?);
        let hash = hash(&text);
        if saved.hash == Some(hash) {
            return Ok(());
        }
        saved.hash = None;
        saved.snapshot = None;
        let row = self.row(Space::Device, ONLY.to_vec(), &text)?;
        self.commit(vec![Write::Put(row)]).await?;
        saved.hash = Some(hash);
        if device.pn.is_some() {
            self.paired.store(true, Ordering::Release);
        }
        Ok(())
    }
}

fn hash(text: &[u8]) -> Hash {
    Sha256::digest(text).into()
}

#[async_trait]
impl DeviceStore for SessionVault {
    async fn save(&self, device: &Device) -> Result<()> {
        Ok(self.save_device(device).await?)
    }

    async fn load(&self) -> Result<Option<Device>> {
        Ok(self.device().await?)
    }

    async fn exists(&self) -> Result<bool> {
        Ok(self.device().await?.is_some())
    }

    /// Makes a device for a session that was never linked; one that is there stays as it is.
    async fn create(&self) -> Result<i32> {
        if self.device().await?.is_none() {
            self.save_device(&Device::new()).await?;
        }
        Ok(DEVICE_ID)
    }
}
