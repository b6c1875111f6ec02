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

    async fn a_closed_vault_finishes_what_it_has_and_takes_no_more(bench: &Bench) {
        let desk = Desk::new(bench).await;
        let old = desk.open().await;
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8_u32 {
            let old = std::sync::Arc::clone(&old);
            writers.spawn(async move {
                let address = format!("{writer}@lid");
                let mut last = None;
                while old.put_session(&address, &last.map_or(0, |it: u32| it + 1).to_be_bytes()).await.is_ok() {
                    last = Some(last.map_or(0, |it| it + 1));
                }
                (address, last)
            });
        }
        old.put_group_metadata("1@g.us", b"queued").await.unwrap();
        old.close().await.unwrap();
        let new = desk.open().await;
        let mut seen = std::collections::HashMap::new();
        for writer in 0..8_u32 {
            let address = format!("{writer}@lid");
            seen.insert(address.clone(), new.get_session(&address).await.unwrap());
        }
        for (address, last) in writers.join_all().await {
            let expected = last.map(|it| it.to_be_bytes().to_vec());
            assert_eq!(seen[&address].as_ref().map(|it| it.to_vec()), expected, "{address}");
        }
        assert_eq!(new.get_group_metadata("1@g.us").await.unwrap().unwrap(), b"queued");
        old.close().await.unwrap();
        assert!(!old.fenced().is_cancelled());
    }
}

/// Connections that break in the middle are slowness, not errors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_broken_connection_is_tried_again() {
    let bench = Bench::postgres().await;
    let desk = Desk::new(&bench).await;
    let vault = desk.open().await;
    let breaker = tokio::spawn(async move {
        for _ in 0..10 {
            cut_connections(&bench.store).await;
        }
        bench
    });
    let mut round = 0_u32;
    while !breaker.is_finished() || round < 20 {
        round += 1;
        let text = round.to_be_bytes();
        vault.put_session(ADDRESS, &text).await.unwrap();
        assert_eq!(
            vault.get_session(ADDRESS).await.unwrap().unwrap().as_ref(),
            text
        );
    }
    breaker.await.unwrap().end().await;
}

/// Ends every connection to the database but the one that asks for it.
async fn cut_connections(store: &store::Store) {
    let mut conn = store.read().await.unwrap();
    if let store::Engine::Postgres(connection) = conn.engine() {
        let cut = sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        );
        cut.execute(connection).await.unwrap();
    }
}

/// When the deadline is over, the call ends, and says that it was the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_beyond_the_deadline_is_an_error_of_the_connection() {
    let bench = Bench::sqlite().await;
    let desk = Desk::new(&bench).await;
    let vault = desk.open_until(Duration::from_millis(300)).await;
    bench.store.close().await;
    let began = std::time::Instant::now();
    let failed = vault.put_session(ADDRESS, b"text").await;
    assert!(
        matches!(failed, Err(wacore::store::error::StoreError::Connection(_))),
        "{failed:?}"
    );
    assert!(
        began.elapsed() >= Duration::from_millis(100),
        "it was tried again"
    );
    assert!(!vault.fenced().is_cancelled());
}
