//! Groups: which devices have our sender key, and what is known of a group.

use store::vault::Write;

use super::SessionVault;
use super::fault::Failure;
use super::rows::{Change, parsed, written};
use super::space::Space;

const DEVICE: Space = Space::SenderKeyDevice;

impl SessionVault {
    pub(super) async fn sender_key_devices(
        &self,
        group: &str,
    ) -> Result<Vec<(String, bool)>, Failure> {
        let found = self.of_sub(DEVICE, &self.group_name(group)).await?;
        found.iter().map(|row| parsed(DEVICE, &row.text)).collect()
    }

    pub(super) async fn mark_sender_key_devices(
        &self,
        group: &str,
        entries: &[(&str, bool)],
    ) -> Result<(), Failure> {
        let sub = self.group_name(group);
        let writes = entries.iter().map(|entry| {
            let text = written(DEVICE, entry)?;
            let row = self.row_of(DEVICE, self.device_name(entry.0), sub.clone(), &text)?;
            Ok(Write::Put(row))
        });
        self.commit(writes.collect::<Result<_, Failure>>()?).await
    }

    pub(super) async fn forget_group_devices(&self, group: &str) -> Result<(), Failure> {
        let write = Write::DeleteSub {
            space: DEVICE.name(),
            sub: self.group_name(group),
        };
        self.commit(vec![write]).await
    }

    pub(super) async fn forget_devices(&self, devices: &[&str]) -> Result<(), Failure> {
        let writes = devices.iter().map(|device| Write::DeleteKey {
            space: DEVICE.name(),
            key: self.device_name(device),
        });
        self.commit(writes.collect()).await
    }

    pub(super) async fn forget_all_devices(&self) -> Result<(), Failure> {
        let write = Write::DeleteSpace {
            space: DEVICE.name(),
        };
        self.commit(vec![write]).await
    }

    pub(super) async fn write_group(
        &self,
        group: &str,
        text: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let change = Change {
            space: Space::Group,
            id: group.to_owned(),
            text: text.map(<[u8]>::to_vec),
        };
        let turn = self.turn().await;
        self.post_hot(&turn, vec![change]).await
    }

    fn group_name(&self, group: &str) -> Vec<u8> {
        self.name(DEVICE, &["group", group])
    }

    fn device_name(&self, device: &str) -> Vec<u8> {
        self.name(DEVICE, &["device", device])
    }
}
