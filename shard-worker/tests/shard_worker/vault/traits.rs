//! Each trait of the store, written through one vault and read through the next.

use std::sync::Arc;

use bytes::Bytes;
use switchyard_core::Timestamp;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::traits::{
    AppStateSyncKey, AppSyncStore, DeviceInfo, DeviceListRecord, LidPnMappingEntry, MsgSecretEntry,
    MsgSecretStore, PendingInboundKey, PendingInboundRow, ProtocolStore, SignalStore, TcTokenEntry,
};

use super::Desk;
use crate::bench::{Bench, both_engines};

const ADDRESS: &str = "15550001:3@s.whatsapp.net";
const GROUP: &str = "120363000000000001@g.us";

both_engines! {
    async fn identities_and_sessions_read_back(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        vault.put_identity(ADDRESS, [1; 32]).await.unwrap();
        vault.put_identities_batch(&[(Arc::from("7@lid"), [2; 32])]).await.unwrap();
        vault.put_session(ADDRESS, b"old").await.unwrap();
        vault.put_sessions_batch(&[
            (Arc::from(ADDRESS), Bytes::from_static(b"new")),
            (Arc::from("8:1@lid"), Bytes::from_static(b"other")),
        ]).await.unwrap();

        let vault = desk.open().await;
        assert_eq!(vault.load_identity(ADDRESS).await.unwrap(), Some([1; 32]));
        assert_eq!(vault.load_identity("7@lid").await.unwrap(), Some([2; 32]));
        assert_eq!(vault.get_session(ADDRESS).await.unwrap().unwrap(), "new");
        assert!(vault.has_session("8:1@lid").await.unwrap());
        assert!(!vault.has_session("8@lid").await.unwrap());
        for (user, known) in [("15550001", true), ("7", true), ("8", true), ("1555000", false), ("155500012", false)] {
            assert_eq!(vault.has_signal_state_for_user(user).await.unwrap(), known, "{user}");
        }

        vault.delete_session(ADDRESS).await.unwrap();
        vault.delete_identity(ADDRESS).await.unwrap();
        assert_eq!(vault.get_session(ADDRESS).await.unwrap(), None);
        assert_eq!(vault.load_identity(ADDRESS).await.unwrap(), None);
        assert!(!vault.has_signal_state_for_user("15550001").await.unwrap());
    }

    async fn prekeys_are_found_by_number_and_a_consumed_one_stays_gone(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        assert_eq!(vault.get_max_prekey_id().await.unwrap(), 0);
        let keys: Vec<(u32, Bytes)> = (1..=812).map(|id| (id, Bytes::from(format!("key {id}")))).collect();
        vault.store_prekeys_batch(&keys, false).await.unwrap();
        vault.store_prekey(900, b"key 900", false).await.unwrap();
        vault.remove_prekey(5).await.unwrap();
        vault.mark_prekeys_uploaded(&[4, 5, 6]).await.unwrap();

        let vault = desk.open().await;
        assert_eq!(vault.get_max_prekey_id().await.unwrap(), 900);
        assert_eq!(vault.load_prekey(4).await.unwrap().unwrap(), "key 4");
        assert_eq!(vault.load_prekey(5).await.unwrap(), None);
        let mut some = vault.load_prekeys_batch(&[3, 5, 812, 4_000_000_000]).await.unwrap();
        some.sort();
        assert_eq!(some, [(3, Bytes::from("key 3")), (812, Bytes::from("key 812"))]);
    }

    async fn signed_prekeys_and_sender_keys_read_back(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        vault.store_signed_prekey(1, b"one").await.unwrap();
        vault.store_signed_prekey(2, b"two").await.unwrap();
        vault.put_sender_key("g::a", b"first").await.unwrap();
        vault.put_sender_keys_batch(&[(Arc::from("g::b"), Bytes::from_static(b"second"))]).await.unwrap();

        let vault = desk.open().await;
        let all = vault.load_all_signed_prekeys().await.unwrap();
        assert_eq!(all, [(1, b"one".to_vec()), (2, b"two".to_vec())]);
        vault.remove_signed_prekey(1).await.unwrap();
        assert_eq!(vault.load_signed_prekey(1).await.unwrap(), None);
        assert_eq!(vault.load_signed_prekey(2).await.unwrap().unwrap(), b"two");
        assert_eq!(vault.get_sender_key("g::a").await.unwrap().unwrap(), b"first");
        vault.delete_sender_key("g::b").await.unwrap();
        assert_eq!(vault.get_sender_key("g::b").await.unwrap(), None);
    }

    async fn the_app_state_reads_back_by_collection(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        let key = |byte: u8| AppStateSyncKey { key_data: vec![byte; 32], fingerprint: vec![byte], timestamp: 9 };
        assert!(vault.get_latest_sync_key_id().await.unwrap().is_none());
        vault.set_sync_key(b"k1", key(1)).await.unwrap();
        vault.set_sync_key(b"k2", key(2)).await.unwrap();
        vault.set_sync_key(b"k1", key(3)).await.unwrap();
        vault.set_version("regular", HashState { version: 7, ..HashState::default() }).await.unwrap();
        let mac = |index: u8| AppStateMutationMAC { index_mac: vec![index; 32], value_mac: vec![index; 3] };
        vault.put_mutation_macs("regular", 7, &[mac(1), mac(2), mac(3)]).await.unwrap();
        vault.put_mutation_macs("critical", 1, &[mac(1)]).await.unwrap();

        let vault = desk.open().await;
        assert_eq!(vault.get_sync_key(b"k1").await.unwrap().unwrap().key_data, [3; 32]);
        assert_eq!(vault.get_latest_sync_key_id().await.unwrap().unwrap(), b"k1");
        assert_eq!(vault.get_version("regular").await.unwrap().version, 7);
        assert_eq!(vault.get_version("critical").await.unwrap().version, 0);
        vault.delete_mutation_macs("regular", &[vec![2; 32]]).await.unwrap();
        let some = vault.get_mutation_macs("regular", &[[1; 32], [2; 32], [3; 32]]).await.unwrap();
        assert_eq!(some.len(), 2);
        assert_eq!(some[&[3; 32]], [3; 3]);
        vault.clear_mutation_macs("regular").await.unwrap();
        assert_eq!(vault.get_mutation_mac("regular", &[1; 32]).await.unwrap(), None);
        assert_eq!(vault.get_mutation_mac("critical", &[1; 32]).await.unwrap().unwrap(), [1; 3]);
    }

    async fn sender_key_devices_are_kept_by_group_and_forgotten_by_device(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        vault.set_sender_key_status(GROUP, &[("a@lid", true), ("b@lid", false)]).await.unwrap();
        vault.set_sender_key_status("other@g.us", &[("a@lid", true)]).await.unwrap();
        vault.set_sender_key_status(GROUP, &[("b@lid", true)]).await.unwrap();

        let vault = desk.open().await;
        let mut devices = vault.get_sender_key_devices(GROUP).await.unwrap();
        devices.sort();
        assert_eq!(devices, [("a@lid".to_owned(), true), ("b@lid".to_owned(), true)]);
        vault.delete_sender_key_device_rows(&["a@lid"]).await.unwrap();
        assert_eq!(vault.get_sender_key_devices(GROUP).await.unwrap().len(), 1);
        assert!(vault.get_sender_key_devices("other@g.us").await.unwrap().is_empty());
        vault.clear_sender_key_devices(GROUP).await.unwrap();
        assert!(vault.get_sender_key_devices(GROUP).await.unwrap().is_empty());
        vault.set_sender_key_status(GROUP, &[("a@lid", true)]).await.unwrap();
        vault.clear_all_sender_key_devices().await.unwrap();
        assert!(vault.get_sender_key_devices(GROUP).await.unwrap().is_empty());
    }

    async fn mappings_are_found_from_both_ends_and_the_last_wins(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        let mapping = |lid: &str, phone: &str| LidPnMappingEntry {
            lid: lid.to_owned(), phone_number: phone.to_owned(), created_at: 1, updated_at: 2, learning_source: "usync".to_owned(),
        };
        assert!(vault.get_pn_mapping("111").await.unwrap().is_none());
        vault.put_lid_mapping(&mapping("l1", "111")).await.unwrap();
        vault.put_lid_mappings(&[mapping("l2", "222"), mapping("l3", "333")]).await.unwrap();
        vault.put_lid_mapping(&mapping("l4", "333")).await.unwrap();
        vault.put_lid_mapping(&mapping("l2", "999")).await.unwrap();

        for vault in [vault, desk.open().await] {
            assert_eq!(vault.get_lid_mapping("l1").await.unwrap().unwrap().phone_number, "111");
            assert_eq!(vault.get_pn_mapping("111").await.unwrap().unwrap().lid, "l1");
            assert_eq!(vault.get_pn_mapping("333").await.unwrap().unwrap().lid, "l4");
            assert_eq!(vault.get_pn_mapping("999").await.unwrap().unwrap().lid, "l2");
            assert!(vault.get_pn_mapping("222").await.unwrap().is_none());
            assert_eq!(vault.get_all_lid_mappings().await.unwrap().len(), 4);
        }
    }

    async fn device_lists_and_groups_are_seen_at_once_and_later(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        let list = |user: &str, devices: u32| DeviceListRecord {
            user: user.to_owned(), devices: (0..devices).map(|id| DeviceInfo::new(id, None)).collect(),
            timestamp: 1, phash: None, raw_id: Some(9),
        };
        assert!(vault.get_devices("1").await.unwrap().is_none());
        vault.update_device_list(list("1", 1)).await.unwrap();
        vault.update_device_lists(vec![list("1", 2), list("2", 3)]).await.unwrap();
        vault.put_group_metadata(GROUP, b"blob").await.unwrap();
        assert_eq!(vault.get_devices("1").await.unwrap().unwrap().devices.len(), 2);
        assert_eq!(vault.get_group_metadata(GROUP).await.unwrap().unwrap(), b"blob");
        vault.settle().await.unwrap();

        let vault = desk.open().await;
        assert_eq!(vault.get_devices("2").await.unwrap().unwrap().devices.len(), 3);
        assert_eq!(vault.get_group_metadata(GROUP).await.unwrap().unwrap(), b"blob");
        vault.delete_devices("2").await.unwrap();
        vault.delete_group_metadata(GROUP).await.unwrap();
        assert!(vault.get_devices("2").await.unwrap().is_none());
        vault.settle().await.unwrap();
        let vault = desk.open().await;
        assert!(vault.get_devices("2").await.unwrap().is_none());
        assert!(vault.get_group_metadata(GROUP).await.unwrap().is_none());
    }

    async fn the_two_halves_of_a_token_do_not_overwrite_each_other(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        vault.touch_tc_token_sender_timestamp("1@lid", 50).await.unwrap();
        vault.store_received_tc_token("1@lid", b"token", 40).await.unwrap();
        vault.touch_tc_token_sender_timestamp("1@lid", 45).await.unwrap();
        vault.store_received_tc_token("1@lid", b"older", 30).await.unwrap();
        vault.put_tc_token("2@lid", &TcTokenEntry { token: b"x".to_vec(), token_timestamp: 5, sender_timestamp: None }).await.unwrap();
        vault.settle().await.unwrap();

        let vault = desk.open().await;
        let token = vault.get_tc_token("1@lid").await.unwrap().unwrap();
        assert_eq!((token.token.as_slice(), token.token_timestamp, token.sender_timestamp), (&b"token"[..], 40, Some(50)));
        let mut jids = vault.get_all_tc_token_jids().await.unwrap();
        jids.sort();
        assert_eq!(jids, ["1@lid", "2@lid"]);
        assert_eq!(vault.delete_expired_tc_tokens(41, 50).await.unwrap(), 1);
        assert!(vault.get_tc_token("2@lid").await.unwrap().is_none());
        assert!(vault.get_tc_token("1@lid").await.unwrap().is_some());
        vault.delete_tc_token("1@lid").await.unwrap();
        assert!(vault.get_all_tc_token_jids().await.unwrap().is_empty());
    }

    async fn concurrent_halves_of_a_token_converge(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        let mut writers = tokio::task::JoinSet::new();
        for at in 1..=16 {
            let (one, two) = (Arc::clone(&vault), Arc::clone(&vault));
            writers.spawn(async move { one.touch_tc_token_sender_timestamp("1@lid", at).await.unwrap() });
            writers.spawn(async move {
                two.store_received_tc_token("1@lid", at.to_string().as_bytes(), at).await.unwrap();
            });
        }
        writers.join_all().await;
        vault.settle().await.unwrap();
        let token = desk.open().await.get_tc_token("1@lid").await.unwrap().unwrap();
        assert_eq!((token.token.as_slice(), token.sender_timestamp), (&b"16"[..], Some(16)));
    }

    async fn a_sent_message_is_taken_once(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        vault.store_sent_message(ADDRESS, "M1", b"payload").await.unwrap();
        let mut takers = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let vault = Arc::clone(&vault);
            takers.spawn(async move { vault.take_sent_message(ADDRESS, "M1").await.unwrap() });
        }
        let taken: Vec<_> = takers.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken, [b"payload"]);

        vault.store_sent_message(ADDRESS, "M2", b"payload").await.unwrap();
        let now = wacore::time::now_secs();
        assert_eq!(vault.delete_expired_sent_messages(now - 10).await.unwrap(), 0);
        assert_eq!(vault.delete_expired_sent_messages(now + 10).await.unwrap(), 1);
        assert_eq!(vault.take_sent_message(ADDRESS, "M2").await.unwrap(), None);
    }

    async fn base_keys_are_compared_and_forgotten(bench: &Bench) {
        let vault = Desk::new(bench).await.open().await;
        vault.save_base_key(ADDRESS, "M1", b"key").await.unwrap();
        assert!(vault.has_same_base_key(ADDRESS, "M1", b"key").await.unwrap());
        assert!(!vault.has_same_base_key(ADDRESS, "M1", b"other").await.unwrap());
        assert!(!vault.has_same_base_key(ADDRESS, "M2", b"key").await.unwrap());
        vault.delete_base_key(ADDRESS, "M1").await.unwrap();
        assert!(!vault.has_same_base_key(ADDRESS, "M1", b"key").await.unwrap());
    }

    async fn pending_inbound_stays_until_it_is_deleted(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        vault.store_pending_inbound("c", "s", "1", b"one").await.unwrap();
        let row = |id: &'static str| PendingInboundRow { chat: "c", sender: "s", id, message: b"more" };
        vault.store_pending_inbound_batch(&[row("2"), row("3")]).await.unwrap();
        store::sweeps::prune(&bench.store, Timestamp::now()).await.unwrap();

        let vault = desk.open().await;
        assert_eq!(vault.get_pending_inbound("c", "s", "1").await.unwrap().unwrap(), b"one");
        assert_eq!(vault.get_pending_inbound("s", "c", "1").await.unwrap(), None);
        vault.delete_pending_inbound("c", "s", "1").await.unwrap();
        vault.delete_pending_inbound_batch(&[PendingInboundKey { chat: "c", sender: "s", id: "2" }]).await.unwrap();
        assert_eq!(vault.get_pending_inbound("c", "s", "1").await.unwrap(), None);
        assert_eq!(vault.get_pending_inbound("c", "s", "2").await.unwrap(), None);
        let now = wacore::time::now_secs();
        assert_eq!(vault.delete_expired_pending_inbound(now + 10).await.unwrap(), 1);
    }

    async fn a_message_secret_keeps_the_later_deadline_and_time(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        let secret = |id: &str, byte: u8, expires_at: i64, message_ts: i64| MsgSecretEntry {
            chat: Arc::from("c"), sender: Arc::from("s"), msg_id: Arc::from(id), secret: [byte; 32], expires_at, message_ts,
        };
        let stored = vault.put_msg_secrets(vec![
            secret("1", 1, 100, 7), secret("1", 2, 50, 0), secret("2", 3, 100, 1), secret("2", 4, 0, 1), secret("3", 5, 60, 1),
        ]).await.unwrap();
        assert_eq!(stored, 5);
        let (text, at) = vault.get_msg_secret_with_ts("c", "s", "1").await.unwrap().unwrap();
        assert_eq!((text.as_slice(), at), (&[2; 32][..], 7));
        assert_eq!(vault.get_msg_secret("s", "c", "1").await.unwrap(), None);

        let vault = desk.open().await;
        assert_eq!(vault.delete_expired_msg_secrets(60).await.unwrap(), 1);
        assert_eq!(vault.delete_expired_msg_secrets(99).await.unwrap(), 0);
        assert_eq!(vault.delete_expired_msg_secrets(1_000).await.unwrap(), 1);
        assert_eq!(vault.get_msg_secret("c", "s", "2").await.unwrap().unwrap(), [4; 32]);
    }
}
