//! The vault and its keys: sealed at rest, fenced, in order, and never absent by mistake.

use std::sync::Arc;

use store::seal::{self, Keys, MasterKey};
use store::vault::{Committer, Found, Vault, Write};
use store::{Engine, Error, Held, Lane, Result, Store, leases};
use switchyard_core::Timestamp;

use crate::bench::{Bench, both_engines};

const SPACE: &str = "space";

async fn open(store: &Store, keys: &Keys, held: Held) -> Vault {
    Vault::open(&Committer::new(store.clone()), keys, held)
        .await
        .unwrap()
}

fn keys(bench: &Bench) -> Keys {
    Keys::new(bench.store.clone(), MasterKey::generate())
}

fn put(vault: &Vault, key: &str, sub: &str, text: &str) -> Write {
    let (key, sub) = (key.as_bytes().to_vec(), sub.as_bytes().to_vec());
    Write::Put(vault.row(SPACE, key, sub, text.as_bytes()).unwrap())
}

async fn write(vault: &Vault, writes: Vec<Write>) -> Result<Vec<u64>> {
    vault.write(Arc::new(writes)).await
}

fn texts(found: &[Found]) -> Vec<&str> {
    found
        .iter()
        .map(|row| std::str::from_utf8(&row.text).unwrap())
        .collect()
}

/// Runs a statement that the product has not.
async fn run(store: &Store, sql: &'static str) {
    let done = store
        .write(Lane::Rest, (), move |tx, ()| {
            Box::pin(async move {
                match tx.engine() {
                    Engine::Sqlite(connection) => {
                        sqlx::query(sql).execute(connection).await?.rows_affected()
                    }
                    Engine::Postgres(connection) => {
                        sqlx::query(sql).execute(connection).await?.rows_affected()
                    }
                };
                Ok(())
            })
        })
        .await;
    done.unwrap();
}

both_engines! {
    async fn a_row_reads_back_and_goes_when_deleted(bench: &Bench) {
        let vault = open(&bench.store, &keys(bench), bench.held().await).await;
        assert!(vault.get(SPACE, b"a", b"").await.unwrap().is_none());
        let row = vault.row(SPACE, b"a".to_vec(), Vec::new(), b"one").unwrap();
        let row = row.with_n(7).with_expiry(Timestamp(9));
        write(&vault, vec![Write::Put(row), put(&vault, "b", "s", "two")]).await.unwrap();

        let found = vault.get(SPACE, b"a", b"").await.unwrap().unwrap();
        assert_eq!((found.text.as_slice(), found.n, found.expires_at), (&b"one"[..], Some(7), Some(Timestamp(9))));
        assert_eq!(texts(&vault.of_sub(SPACE, b"s").await.unwrap()), ["two"]);
        assert!(vault.has_sub(SPACE, b"s").await.unwrap());
        assert_eq!(vault.highest(SPACE).await.unwrap(), Some(7));
        assert_eq!(texts(&vault.scan(SPACE).await.unwrap()), ["one", "two"]);
        let many = vault.get_many(SPACE, &[b"a".to_vec(), b"b".to_vec()], b"").await.unwrap();
        assert_eq!(texts(&many), ["one"]);

        let gone = write(&vault, vec![
            Write::DeleteBefore { space: SPACE, before: Timestamp(9) },
            Write::DeleteBefore { space: SPACE, before: Timestamp(10) },
            Write::DeleteSub { space: SPACE, sub: b"s".to_vec() },
        ]).await.unwrap();
        assert_eq!(gone, [0, 1, 1]);
        assert!(vault.scan(SPACE).await.unwrap().is_empty());
    }

    async fn the_writes_of_one_call_are_made_in_order(bench: &Bench) {
        let vault = open(&bench.store, &keys(bench), bench.held().await).await;
        let delete = |key: &str| Write::Delete { space: SPACE, key: key.as_bytes().to_vec(), sub: Vec::new() };
        write(&vault, vec![
            put(&vault, "a", "", "1"), put(&vault, "a", "", "2"), delete("a"),
            put(&vault, "b", "", "3"), put(&vault, "a", "", "4"), delete("b"),
            Write::DeleteKey { space: SPACE, key: b"a".to_vec() }, put(&vault, "a", "", "5"),
        ]).await.unwrap();
        assert_eq!(texts(&vault.scan(SPACE).await.unwrap()), ["5"]);
        write(&vault, vec![Write::DeleteSpace { space: SPACE }]).await.unwrap();
        assert!(vault.scan(SPACE).await.unwrap().is_empty());
    }

    async fn a_merge_keeps_the_larger_number_and_the_later_expiry(bench: &Bench) {
        let vault = open(&bench.store, &keys(bench), bench.held().await).await;
        let merge = |n: i64, expires_at: Option<i64>, text: &str| {
            let row = vault.row(SPACE, b"a".to_vec(), Vec::new(), text.as_bytes()).unwrap().with_n(n);
            Write::Merge(expires_at.map_or(row.clone(), |at| row.with_expiry(Timestamp(at))))
        };
        write(&vault, vec![merge(5, Some(10), "old"), merge(3, Some(30), "new")]).await.unwrap();
        let found = vault.get(SPACE, b"a", b"").await.unwrap().unwrap();
        assert_eq!((found.text.as_slice(), found.n, found.expires_at), (&b"new"[..], Some(5), Some(Timestamp(30))));
        write(&vault, vec![merge(9, None, "last"), merge(0, Some(40), "later")]).await.unwrap();
        let found = vault.get(SPACE, b"a", b"").await.unwrap().unwrap();
        assert_eq!((found.text.as_slice(), found.n, found.expires_at), (&b"later"[..], Some(9), None));
    }

    async fn a_stale_epoch_writes_nothing_and_the_others_of_its_batch_do(bench: &Bench) {
        let (keys, shard) = (keys(bench), bench.shard(1).await);
        let committer = Committer::new(bench.store.clone());
        let old = bench.held_by(shard, bench.business()).await;
        let stale = Vault::open(&committer, &keys, old).await.unwrap();
        write(&stale, vec![put(&stale, "a", "", "before")]).await.unwrap();
        let new = leases::take(&bench.store, shard, old.session).await.unwrap().unwrap();
        let other = bench.held_by(shard, bench.business()).await;
        let fresh = Vault::open(&committer, &keys, new).await.unwrap();
        let other = Vault::open(&committer, &keys, other).await.unwrap();

        let (refused, kept, others) = tokio::join!(
            write(&stale, vec![put(&stale, "a", "", "stale")]),
            write(&fresh, vec![put(&fresh, "b", "", "fresh")]),
            write(&other, vec![put(&other, "a", "", "other")]),
        );
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
        kept.unwrap();
        others.unwrap();
        assert_eq!(texts(&fresh.scan(SPACE).await.unwrap()), ["before", "fresh"]);
        assert_eq!(texts(&other.scan(SPACE).await.unwrap()), ["other"]);
        assert_eq!(bench.counter("switchyard_fenced_total"), 1);
    }

    async fn a_damaged_or_swapped_row_is_unreadable_and_never_absent(bench: &Bench) {
        let vault = open(&bench.store, &keys(bench), bench.held().await).await;
        let numbered = |key: &str, n: i64| {
            let row = vault.row(SPACE, key.as_bytes().to_vec(), Vec::new(), b"text").unwrap();
            Write::Put(row.with_n(n))
        };
        write(&vault, vec![numbered("a", 1), numbered("b", 2)]).await.unwrap();
        run(&bench.store, "update vault set sealed = (select sealed from vault where n = 2) where n = 1").await;
        let unreadable = |outcome: Result<Option<Found>>| matches!(outcome, Err(Error::VaultUnreadable));
        assert!(unreadable(vault.get(SPACE, b"a", b"").await));
        assert!(matches!(vault.scan(SPACE).await, Err(Error::VaultUnreadable)));
        assert!(!unreadable(vault.get(SPACE, b"b", b"").await));
    }

    async fn many_processes_make_one_data_key(bench: &Bench) {
        let (master, business) = (MasterKey::generate(), bench.business());
        let mut made = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let keys = Keys::new(bench.store.clone(), master.clone());
            made.spawn(async move { keys.of(business).await.unwrap() });
        }
        let session = bench.session(business).await;
        let names: std::collections::HashSet<_> = made
            .join_all()
            .await
            .iter()
            .map(|key| key.name(session, SPACE, &["15550001"]))
            .collect();
        assert_eq!(names.len(), 1);
        let other = Keys::new(bench.store.clone(), MasterKey::generate());
        assert!(matches!(other.of(business).await, Err(Error::VaultUnreadable)));
    }

    async fn another_master_key_is_refused(bench: &Bench) {
        let master = MasterKey::generate();
        seal::ensure_fingerprint(&bench.store, &master).await.unwrap();
        seal::ensure_fingerprint(&bench.store, &master).await.unwrap();
        let refused = seal::ensure_fingerprint(&bench.store, &MasterKey::generate()).await;
        assert!(matches!(refused, Err(Error::WrongMasterKey)));
    }

    async fn many_sessions_share_commits_and_each_keeps_its_order(bench: &Bench) {
        let (keys, shard) = (keys(bench), bench.shard(1).await);
        let (committer, business) = (Committer::new(bench.store.clone()), bench.business());
        let mut vaults = Vec::new();
        for _ in 0..30 {
            let held = bench.held_by(shard, business).await;
            vaults.push(Vault::open(&committer, &keys, held).await.unwrap());
        }
        let before = bench.commits();
        let mut running = tokio::task::JoinSet::new();
        for vault in vaults.clone() {
            running.spawn(async move {
                for round in 0..20 {
                    write(&vault, vec![put(&vault, "a", "", &round.to_string())]).await.unwrap();
                }
            });
        }
        running.join_all().await;
        let commits = bench.commits() - before;
        assert!(commits < 300, "600 writes took {commits} commits");
        for vault in vaults {
            assert_eq!(texts(&vault.scan(SPACE).await.unwrap()), ["19"]);
        }
    }
}

#[tokio::test]
async fn no_sealed_text_lies_in_the_database_file() {
    let bench = Bench::sqlite().await;
    let vault = open(&bench.store, &keys(&bench), bench.held().await).await;
    let text = "a text that nobody may read";
    write(&vault, vec![put(&vault, "a", "", text)])
        .await
        .unwrap();
    for entry in std::fs::read_dir(bench.folder().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let mut windows = bytes.windows(text.len());
        assert!(!windows.any(|window| window == text.as_bytes()));
    }
    bench.end().await;
}

/// A batch that began before a hand-over is either committed before it, or refused: it never lands after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_no_batch_lands_after_the_hand_over() {
    let bench = Bench::postgres().await;
    let (keys, shard) = (keys(&bench), bench.shard(1).await);
    let committer = Committer::new(bench.store.clone());
    let mut held = bench.held_by(shard, bench.business()).await;
    for round in 0..50 {
        let vault = Vault::open(&committer, &keys, held).await.unwrap();
        let zombie = vault.clone();
        let writing = tokio::spawn(async move {
            let mut last = 0;
            loop {
                let text = format!("{round}/{last}");
                match write(&zombie, vec![put(&zombie, "a", "", &text)]).await {
                    Ok(_) => last += 1,
                    Err(Error::Fenced) => return,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        held = leases::take(&bench.store, shard, held.session)
            .await
            .unwrap()
            .unwrap();
        let seen = vault.get(SPACE, b"a", b"").await.unwrap();
        writing.await.unwrap();
        let after = vault.get(SPACE, b"a", b"").await.unwrap();
        let text = |row: Option<Found>| row.map(|row| row.text.to_vec());
        assert_eq!(text(seen), text(after), "round {round}");
    }
    bench.end().await;
}
