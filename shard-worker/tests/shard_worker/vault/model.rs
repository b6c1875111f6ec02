//! Against a model: whatever order the client calls in, the vault answers what the client's own in-memory store does.

use std::sync::Arc;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::InMemoryBackend;
use wacore::store::traits::{
    AppStateSyncKey, Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry, MsgSecretEntry,
    PendingInboundKey, PendingInboundRow,
};

use super::Desk;
use crate::bench::{Bench, both_engines};

/// Calls of one run. The ids below are few, so that most calls meet what earlier ones left.
const CALLS: u32 = 1_500;
/// The vault is opened anew after about so many calls.
const REOPEN: u32 = 150;

both_engines! {
    async fn the_vault_answers_as_the_clients_own_store(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let mut vault = desk.open().await;
        let model = InMemoryBackend::new();
        let mut chance = StdRng::seed_from_u64(7);
        for call in 0..CALLS {
            if chance.random_ratio(1, REOPEN) {
                vault.close().await.unwrap();
                vault = desk.open().await;
            }
            let seed = chance.random();
            let kind = chance.random_range(0..KINDS);
            let ours = answer(vault.as_ref(), kind, seed).await;
            let theirs = answer(&model, kind, seed).await;
            assert_eq!(ours, theirs, "call {call}, kind {kind}, seed {seed}");
        }
    }
}

const KINDS: u32 = 7;

/// Makes one call, chosen by `kind` and `seed`, and says what came back.
async fn answer(store: &impl Backend, kind: u32, seed: u64) -> String {
    let mut chance = StdRng::seed_from_u64(seed);
    let chance = &mut chance;
    match kind {
        0 => signal(store, chance).await,
        1 => prekeys(store, chance).await,
        2 => app_state(store, chance).await,
        3 => groups(store, chance).await,
        4 => contacts(store, chance).await,
        5 => tokens(store, chance).await,
        _ => messages(store, chance).await,
    }
}

fn bytes(chance: &mut StdRng) -> Vec<u8> {
    let length = chance.random_range(0..40);
    (0..length).map(|_| chance.random()).collect()
}

async fn signal(store: &impl Backend, chance: &mut StdRng) -> String {
    let user = chance.random_range(1..6);
    let device: u32 = chance.random_range(0..3);
    let address = match device {
        0 => format!("{user}@lid"),
        _ => format!("{user}:{device}@lid"),
    };
    let shared: Arc<str> = Arc::from(address.as_str());
    match chance.random_range(0..9) {
        0 => format!("{:?}", store.put_session(&address, &bytes(chance)).await),
        1 => {
            let batch = [(shared, Bytes::from(bytes(chance)))];
            format!("{:?}", store.put_sessions_batch(&batch).await)
        }
        2 => format!("{:?}", store.get_session(&address).await),
        3 => format!("{:?}", store.delete_session(&address).await),
        4 => format!("{:?}", store.has_session(&address).await),
        5 => {
            let user = user.to_string();
            format!("{:?}", store.has_signal_state_for_user(&user).await)
        }
        6 => format!("{:?}", store.put_identity(&address, chance.random()).await),
        7 => format!("{:?}", store.load_identity(&address).await),
        _ => format!("{:?}", store.delete_identity(&address).await),
    }
}

async fn prekeys(store: &impl Backend, chance: &mut StdRng) -> String {
    let id = chance.random_range(1..12);
    match chance.random_range(0..8) {
        0 => {
            let batch = [
                (id, Bytes::from(bytes(chance))),
                (id + 1, Bytes::from_static(b"next")),
            ];
            format!("{:?}", store.store_prekeys_batch(&batch, false).await)
        }
        1 => format!("{:?}", store.load_prekey(id).await),
        2 => format!("{:?}", store.remove_prekey(id).await),
        3 => format!("{:?}", store.mark_prekeys_uploaded(&[id, id + 1]).await),
        4 => format!("{:?}", store.get_max_prekey_id().await),
        5 => {
            let mut found = store
                .load_prekeys_batch(&[id, id + 1, id + 2])
                .await
                .unwrap();
            found.sort();
            format!("{found:?}")
        }
        6 => format!("{:?}", store.store_signed_prekey(id, &bytes(chance)).await),
        _ => {
            let mut all = store.load_all_signed_prekeys().await.unwrap();
            all.sort();
            format!("{all:?}")
        }
    }
}

async fn app_state(store: &impl Backend, chance: &mut StdRng) -> String {
    let name = ["regular", "critical"][chance.random_range(0..2)];
    let index = [chance.random_range(0..5_u8); 32];
    match chance.random_range(0..9) {
        0 => {
            let key = AppStateSyncKey {
                key_data: bytes(chance),
                ..AppStateSyncKey::default()
            };
            format!("{:?}", store.set_sync_key(&index[..1], key).await)
        }
        1 => format!("{:?}", store.get_sync_key(&index[..1]).await),
        2 => format!("{:?}", store.get_latest_sync_key_id().await),
        3 => {
            let state = HashState {
                version: chance.random_range(0..9),
                ..HashState::default()
            };
            format!("{:?}", store.set_version(name, state).await)
        }
        4 => format!("{:?}", store.get_version(name).await.unwrap().version),
        5 => {
            let mac = AppStateMutationMAC {
                index_mac: index.to_vec(),
                value_mac: bytes(chance),
            };
            format!("{:?}", store.put_mutation_macs(name, 1, &[mac]).await)
        }
        6 => {
            let found = store
                .get_mutation_macs(name, &[index, [4; 32]])
                .await
                .unwrap();
            let mut found: Vec<_> = found.into_iter().collect();
            found.sort();
            format!("{found:?}")
        }
        7 => format!(
            "{:?}",
            store.delete_mutation_macs(name, &[index.to_vec()]).await
        ),
        _ => format!("{:?}", store.clear_mutation_macs(name).await),
    }
}

async fn groups(store: &impl Backend, chance: &mut StdRng) -> String {
    let group = format!("{}@g.us", chance.random_range(1..4));
    let device = format!("{}@lid", chance.random_range(1..4));
    match chance.random_range(0..10) {
        0 | 1 => {
            let marks = [
                (device.as_str(), chance.random()),
                ("9@lid", chance.random()),
            ];
            format!("{:?}", store.set_sender_key_status(&group, &marks).await)
        }
        2 => {
            let mut devices = store.get_sender_key_devices(&group).await.unwrap();
            devices.sort();
            format!("{devices:?}")
        }
        3 => format!("{:?}", store.clear_sender_key_devices(&group).await),
        4 => format!(
            "{:?}",
            store
                .delete_sender_key_device_rows(&[device.as_str()])
                .await
        ),
        5 => format!(
            "{:?}",
            store.put_group_metadata(&group, &bytes(chance)).await
        ),
        6 => format!("{:?}", store.get_group_metadata(&group).await),
        7 => format!("{:?}", store.delete_group_metadata(&group).await),
        8 => format!("{:?}", store.put_sender_key(&group, &bytes(chance)).await),
        _ => format!("{:?}", store.get_sender_key(&group).await),
    }
}

async fn contacts(store: &impl Backend, chance: &mut StdRng) -> String {
    // Two phone numbers of its own for every LID: of one that two had, the in-memory store forgets both.
    let lid = chance.random_range(1..5);
    let phone = format!("{}", lid * 10 + chance.random_range(0..2));
    let lid = lid.to_string();
    match chance.random_range(0..8) {
        0 | 1 => {
            let mapping = LidPnMappingEntry {
                lid,
                phone_number: phone,
                created_at: chance.random_range(0..100),
                updated_at: chance.random_range(0..100),
                learning_source: "usync".to_owned(),
            };
            format!("{:?}", store.put_lid_mapping(&mapping).await)
        }
        2 => format!("{:?}", store.get_lid_mapping(&lid).await),
        3 => format!("{:?}", store.get_pn_mapping(&phone).await),
        4 => {
            let all = store.get_all_lid_mappings().await.unwrap();
            let mut all: Vec<_> = all
                .into_iter()
                .map(|it| (it.lid, it.phone_number))
                .collect();
            all.sort();
            format!("{all:?}")
        }
        5 => {
            let list = DeviceListRecord {
                user: phone,
                devices: vec![DeviceInfo::new(chance.random_range(0..9), None)],
                timestamp: chance.random_range(0..9),
                phash: None,
                raw_id: None,
            };
            format!("{:?}", store.update_device_lists(vec![list]).await)
        }
        6 => format!("{:?}", store.get_devices(&phone).await),
        _ => format!("{:?}", store.delete_devices(&phone).await),
    }
}

async fn tokens(store: &impl Backend, chance: &mut StdRng) -> String {
    let jid = format!("{}@lid", chance.random_range(1..5));
    let at = chance.random_range(1..50);
    match chance.random_range(0..8) {
        0 | 1 => format!(
            "{:?}",
            store
                .store_received_tc_token(&jid, &bytes(chance), at)
                .await
        ),
        2 | 3 => format!(
            "{:?}",
            store.touch_tc_token_sender_timestamp(&jid, at).await
        ),
        4 => format!("{:?}", store.get_tc_token(&jid).await),
        5 => {
            let mut jids = store.get_all_tc_token_jids().await.unwrap();
            jids.sort();
            format!("{jids:?}")
        }
        6 => format!(
            "{:?}",
            store.delete_expired_tc_tokens(at - 20, at - 20).await
        ),
        _ => format!("{:?}", store.delete_tc_token(&jid).await),
    }
}

async fn messages(store: &impl Backend, chance: &mut StdRng) -> String {
    let id = format!("M{}", chance.random_range(1..6));
    match chance.random_range(0..11) {
        0 => format!(
            "{:?}",
            store.store_sent_message("c", &id, &bytes(chance)).await
        ),
        1 => format!("{:?}", store.take_sent_message("c", &id).await),
        2 => {
            let message = bytes(chance);
            let row = PendingInboundRow {
                chat: "c",
                sender: "s",
                id: &id,
                message: &message,
            };
            format!("{:?}", store.store_pending_inbound_batch(&[row]).await)
        }
        3 => format!("{:?}", store.get_pending_inbound("c", "s", &id).await),
        4 => {
            let key = PendingInboundKey {
                chat: "c",
                sender: "s",
                id: &id,
            };
            format!("{:?}", store.delete_pending_inbound_batch(&[key]).await)
        }
        5 => {
            let entry = MsgSecretEntry {
                chat: Arc::from("c"),
                sender: Arc::from("s"),
                msg_id: Arc::from(id.as_str()),
                secret: chance.random(),
                expires_at: chance.random_range(0..50),
                message_ts: chance.random_range(0..50),
            };
            format!("{:?}", store.put_msg_secrets(vec![entry]).await)
        }
        6 => format!("{:?}", store.get_msg_secret_with_ts("c", "s", &id).await),
        7 => {
            let cutoff = chance.random_range(0..50);
            format!("{:?}", store.delete_expired_msg_secrets(cutoff).await)
        }
        8 => format!(
            "{:?}",
            store
                .save_base_key("a", &id, &[chance.random_range(0..3)])
                .await
        ),
        9 => {
            let key = [chance.random_range(0..3)];
            format!("{:?}", store.has_same_base_key("a", &id, &key).await)
        }
        _ => format!("{:?}", store.delete_base_key("a", &id).await),
    }
}
