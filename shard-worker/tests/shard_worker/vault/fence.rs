//! A holder that lost its session: refused everywhere, told once, and nothing of it lands.

use std::time::Duration;

use store::leases;
use switchyard_shard_worker::vault::Trouble;
use wacore::store::traits::{DeviceStore, ProtocolStore, SignalStore};

use super::Desk;
use crate::bench::{Bench, both_engines};

const ADDRESS: &str = "15550001@s.whatsapp.net";

both_engines! {
    async fn a_lost_holder_is_told_and_writes_nothing(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let old = desk.open().await;
        old.put_session(ADDRESS, b"mine").await.unwrap();
        old.create().await.unwrap();
        let (fenced, trouble) = (old.fenced(), old.trouble());
        assert!(!fenced.is_cancelled());

        let holder = leases::holder(&bench.store, desk.held.session).await.unwrap().unwrap();
        let held = leases::take(&bench.store, holder.incarnation, desk.held.session).await.unwrap().unwrap();
        let new = desk.open_with(held, true).await;
        old.put_session(ADDRESS, b"stale").await.unwrap_err();
        fenced.cancelled().await;
        assert_eq!(*trouble.borrow(), Some(Trouble::Fenced));
        let mut device = new.device().await.unwrap().unwrap();
        device.push_name = "stale".to_owned();
        old.save(&device).await.unwrap_err();
        old.get_session(ADDRESS).await.unwrap_err();
        assert_eq!(new.get_session(ADDRESS).await.unwrap().unwrap(), "mine");
        assert_eq!(new.device().await.unwrap().unwrap().push_name, "");
        new.put_session(ADDRESS, b"new").await.unwrap();
    }

    async fn a_queued_write_of_a_lost_holder_is_refused_too(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let old = desk.open().await;
        let holder = leases::holder(&bench.store, desk.held.session).await.unwrap().unwrap();
        let held = leases::take(&bench.store, holder.incarnation, desk.held.session).await.unwrap().unwrap();
        old.put_group_metadata("1@g.us", b"stale").await.unwrap();
        let told = tokio::time::timeout(Duration::from_secs(5), old.fenced().cancelled_owned());
        told.await.expect("a queued write meets the fence too");
        old.settle().await.unwrap_err();
        let new = desk.open_with(held, false).await;
        assert!(new.get_group_metadata("1@g.us").await.unwrap().is_none());
        assert!(old.get_group_metadata("1@g.us").await.is_err(), "the cache forgot what was refused");
    }

    async fn queued_writes_are_committed_in_order_before_those_that_wait(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let vault = desk.open().await;
        for round in 0..500_u32 {
            vault.put_group_metadata("1@g.us", &round.to_be_bytes()).await.unwrap();
        }
        vault.put_session(ADDRESS, b"after them").await.unwrap();
        let other = desk.open().await;
        assert_eq!(other.get_group_metadata("1@g.us").await.unwrap().unwrap(), 499_u32.to_be_bytes());
        assert_eq!(other.get_session(ADDRESS).await.unwrap().unwrap(), "after them");
    }
}
