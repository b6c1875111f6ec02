//! What is known of a user's devices, and the base keys by which a retry loop is noticed.

use std::time::Duration;

use store::vault::Write;
use subtle::ConstantTimeEq;
use switchyard_core::Timestamp;
use wacore::store::traits::DeviceListRecord;

use super::SessionVault;
use super::fault::Failure;
use super::rows::{Change, delete, parsed, written};
use super::space::Space;

/// A base key matters while one message is retried; the client deletes most of them itself.
const BASE_KEY_LIFE: Duration = Duration::from_hours(24);

impl SessionVault {
    pub(super) async fn device_list(
        &self,
        user: &str,
    ) -> Result<Option<DeviceListRecord>, Failure> {
        let text = self.hot(Space::Devices, user).await?;
        text.map(|text| parsed(Space::Devices, &text)).transpose()
    }

    pub(super) async fn write_device_lists(
        &self,
        records: &[DeviceListRecord],
    ) -> Result<(), Failure> {
        if records.is_empty() {
            return Ok(());
        }
        let changes = records.iter().map(|record| {
            Ok(Change {
                space: Space::Devices,
                id: record.user.clone(),
                text: Some(written(Space::Devices, record)?),
            })
        });
        let changes = changes.collect::<Result<Vec<_>, Failure>>()?;
        let turn = self.turn().await;
        self.post_hot(&turn, changes).await
    }

    pub(super) async fn forget_device_list(&self, user: &str) -> Result<(), Failure> {
        let change = Change {
            space: Space::Devices,
            id: user.to_owned(),
            text: None,
        };
        let turn = self.turn().await;
        self.post_hot(&turn, vec![change]).await
    }

    pub(super) async fn keep_base_key(
        &self,
        address: &str,
        message: &str,
        base_key: &[u8],
    ) -> Result<(), Failure> {
        let key = self.name(Space::BaseKey, &[address, message]);
        let row = self.row(Space::BaseKey, key, base_key)?;
        let end = Timestamp::now().plus(BASE_KEY_LIFE);
        self.queue
            .post(vec![Write::Put(row.with_expiry(end))])
            .await
    }

    pub(super) async fn is_base_key(
        &self,
        address: &str,
        message: &str,
        base_key: &[u8],
    ) -> Result<bool, Failure> {
        self.queue.settle().await?;
        let key = self.name(Space::BaseKey, &[address, message]);
        let found = self.get(Space::BaseKey, &key, &[]).await?;
        Ok(found.is_some_and(|row| row.text.as_slice().ct_eq(base_key).into()))
    }

    pub(super) async fn forget_base_key(
        &self,
        address: &str,
        message: &str,
    ) -> Result<(), Failure> {
        let key = self.name(Space::BaseKey, &[address, message]);
        self.queue.post(vec![delete(Space::BaseKey, key)]).await
    }
}
