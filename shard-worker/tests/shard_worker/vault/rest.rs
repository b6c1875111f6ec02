//! What lies on the disk: nothing that a thief could use.

use wacore::store::traits::{
    AppStateSyncKey, AppSyncStore, DeviceInfo, DeviceListRecord, DeviceStore, ProtocolStore,
    SignalStore,
};

use super::Desk;
use crate::bench::Bench;

const PHONE: &str = "15557654321";

fn is_in(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// A key as the device's JSON spells it.
fn spelled(key: &[u8]) -> Vec<u8> {
    let numbers: Vec<String> = key.iter().map(u8::to_string).collect();
    numbers.join(",").into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_and_no_phone_number_lies_in_the_database_file() {
    let bench = Bench::sqlite().await;
    let desk = Desk::new(&bench).await;
    let vault = desk.open().await;
    vault.create().await.unwrap();
    let device = vault.device().await.unwrap().unwrap();
    let address = format!("{PHONE}@s.whatsapp.net");
    vault.put_session(&address, &[0x5a; 64]).await.unwrap();
    vault.store_prekey(1, &[0x5b; 64], false).await.unwrap();
    vault
        .store_sent_message(&address, "M1", b"a very private text")
        .await
        .unwrap();
    vault
        .store_pending_inbound(&address, &address, "M2", b"a very private text")
        .await
        .unwrap();
    let key = AppStateSyncKey {
        key_data: vec![0x5c; 32],
        ..AppStateSyncKey::default()
    };
    vault.set_sync_key(b"id", key).await.unwrap();
    let devices = DeviceListRecord {
        user: PHONE.to_owned(),
        devices: vec![DeviceInfo::new(0, None)],
        timestamp: 1,
        phash: None,
        raw_id: None,
    };
    vault.update_device_list(devices).await.unwrap();
    vault.settle().await.unwrap();

    let private = device.noise_key.private_key.serialize();
    let identity = device.identity_key.private_key.serialize();
    let master = desk.master.to_base64();
    let mut files = 0;
    for entry in std::fs::read_dir(bench.folder().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += usize::from(!bytes.is_empty());
        for secret in [
            private.to_vec(),
            identity.to_vec(),
            spelled(private),
            spelled(identity),
            device.adv_secret_key.to_vec(),
            master.as_bytes().to_vec(),
            vec![0x5a; 16],
            vec![0x5b; 16],
            vec![0x5c; 16],
            b"92,92,92,92".to_vec(),
            b"a very private text".to_vec(),
            PHONE.as_bytes().to_vec(),
        ] {
            assert!(!is_in(&bytes, &secret));
        }
    }
    assert!(files >= 2, "the database and its log were searched");
    bench.end().await;
}
