//! The device: made once, saved before it is relied on, and never replaced because it could not be read.

use std::sync::Arc;

use store::Error;
use switchyard_shard_worker::vault::{Failure, Trouble};
use wacore::store::traits::{Backend, DeviceStore};
use whatsapp_rust::store::persistence_manager::PersistenceManager;

use super::{Desk, run};
use crate::bench::{Bench, both_engines};

both_engines! {
    async fn a_device_is_made_once_and_reads_back_as_it_was_saved(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        assert!(vault.device().await.unwrap().is_none());
        assert!(!vault.exists().await.unwrap());
        vault.create().await.unwrap();
        let made = vault.load().await.unwrap().unwrap();
        vault.create().await.unwrap();
        let mut again = vault.load().await.unwrap().unwrap();
        assert_eq!(again.registration_id, made.registration_id);
        again.push_name = "Front desk".to_owned();
        vault.save(&again).await.unwrap();

        let read = desk.open().await.device().await.unwrap().unwrap();
        assert_eq!(read.push_name, "Front desk");
        assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&again).unwrap());
    }

    async fn a_damaged_device_is_unreadable_and_nothing_is_written_over_it(bench: &Bench) {
        let desk = Desk::new(bench).await;
        desk.open().await.create().await.unwrap();
        let damaged = "update vault set sealed = (select wrapped from data_keys) where space = 'device'";
        run(&bench.store, damaged).await;
        let vault = desk.open_with(desk.held, true).await;
        let trouble = vault.trouble();
        assert!(matches!(vault.device().await, Err(Failure::Store(Error::VaultUnreadable))));
        assert_eq!(*trouble.borrow(), Some(Trouble::Unreadable));
        assert!(vault.exists().await.is_err());
        assert!(vault.create().await.is_err());
        let backend: Arc<dyn Backend> = vault;
        assert!(PersistenceManager::new(backend).await.is_err());
        assert!(matches!(desk.open().await.device().await, Err(Failure::Store(Error::VaultUnreadable))));
    }

    async fn a_paired_session_without_its_device_gets_no_new_one(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open_with(desk.held, true).await;
        assert!(matches!(vault.device().await, Err(Failure::DeviceMissing)));
        assert!(vault.load().await.is_err());
        assert!(vault.create().await.is_err());
        let backend: Arc<dyn Backend> = vault;
        assert!(PersistenceManager::new(backend).await.is_err());
        assert!(desk.open().await.device().await.unwrap().is_none());
    }

    async fn what_the_client_holds_is_committed_before_a_frame_may_leave(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        let backend: Arc<dyn Backend> = vault.clone();
        let manager = PersistenceManager::new(backend).await.unwrap();
        for round in 0..20 {
            let name = format!("round {round}");
            manager.modify_device(|device| device.push_name.clone_from(&name)).await;
            vault.device_committed(&manager).await.unwrap();
            let read = desk.open().await.device().await.unwrap().unwrap();
            assert_eq!(read.push_name, name);
        }
        // A save that was under way with an older device lands late.
        let mut old = manager.get_device_snapshot().to_serializable();
        old.push_name = "older".to_owned();
        vault.save(&old).await.unwrap();
        vault.device_committed(&manager).await.unwrap();
        assert_eq!(desk.open().await.device().await.unwrap().unwrap().push_name, "round 19");
    }

    async fn concurrent_frames_wait_for_the_same_save(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        let backend: Arc<dyn Backend> = vault.clone();
        let manager = Arc::new(PersistenceManager::new(backend).await.unwrap());
        let mut frames = tokio::task::JoinSet::new();
        for frame in 0..16_i32 {
            let (vault, manager) = (Arc::clone(&vault), Arc::clone(&manager));
            frames.spawn(async move {
                manager.modify_device(|device| device.login_counter += 1).await;
                vault.device_committed(&manager).await.unwrap();
                frame
            });
        }
        assert_eq!(frames.join_all().await.len(), 16);
        assert_eq!(desk.open().await.device().await.unwrap().unwrap().login_counter, 16);
    }
}
