//! The one writer of SQLite: many callers share a commit, one caller's error is its own, a full disk passes.

use std::sync::Arc;
use std::time::Duration;

use store::{Engine, Error, Lane, NewEvent, Store, events, messages, sessions};
use switchyard_core::Timestamp;
use switchyard_core::event::EventType;

use crate::bench::{Bench, NOON};
use crate::messages::{new_message, object, phone};

async fn run_sql(store: &Store, sql: &'static str) {
    store
        .write(Lane::Rest, sql, |tx, sql| {
            Box::pin(async move {
                match tx.engine() {
                    Engine::Sqlite(connection) => sqlx::query(*sql).execute(connection).await?,
                    Engine::Postgres(_) => panic!("these tests are about SQLite"),
                };
                Ok(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_many_callers_share_a_commit() {
    let bench = Bench::sqlite().await;
    let shard = bench.shard(1).await;
    let business = bench.business();
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(bench.held_by(shard, business).await);
    }
    let before = bench.rows_per_commit();
    let mut lanes = tokio::task::JoinSet::new();
    for n in 0..200_usize {
        let (store, held) = (bench.store.clone(), held[n % 10]);
        lanes.spawn(async move {
            for _ in 0..10 {
                let now = Timestamp::now();
                let to = phone(&format!("9725000{n:05}"));
                let new = new_message(Some(held.session), to, "hello");
                let message = object(messages::accept(&store, now, business, new).await.unwrap());
                let unsent = messages::queued(&store, &held, message.chat_id, 20)
                    .await
                    .unwrap();
                assert_eq!(unsent.len(), 1);
                messages::mark_sending(&store, now, &held, message.id)
                    .await
                    .unwrap();
                messages::mark_sent(&store, now, &held, message.id, now)
                    .await
                    .unwrap();
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap();
    }
    let after = bench.rows_per_commit();
    let (commits, rows) = (after.0 - before.0, after.1 - before.1);
    assert!(rows > commits * 10.0, "{rows} rows in {commits} commits");
    let newest = events::head(&bench.store, business).await.unwrap();
    assert!(newest >= 4_000, "{newest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_callers_error_undoes_its_own_writes_and_nobody_elses() {
    let bench = Bench::sqlite().await;
    let business = bench.business();
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = bench.store.clone();
        callers.spawn(async move {
            store
                .write(Lane::Rest, (business, n), |tx, (business, n)| {
                    Box::pin(async move {
                        tx.event(NewEvent {
                            business: *business,
                            session: None,
                            kind: EventType::ChatUpdated,
                            at: NOON,
                            data: serde_json::json!({ "n": n }),
                        });
                        assert!(n % 4 != 1, "a verb that panics");
                        if n % 4 == 3 {
                            return Err(Error::Conflict("on_purpose"));
                        }
                        Ok(*n)
                    })
                })
                .await
        });
    }
    let all = callers.join_all().await;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 20);
    let told = events::after(&bench.store, business, 0, 100)
        .await
        .unwrap()
        .events;
    let mut told: Vec<i64> = told
        .iter()
        .map(|it| it.data["n"].as_i64().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(told, (0..40).filter(|n| n % 2 == 0).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_and_work_goes_on_when_there_is_room() {
    let bench = Bench::sqlite().await;
    let held = bench.held().await;
    // The file may not grow any more: SQLite answers as it does on a full disk.
    run_sql(&bench.store, "pragma max_page_count = 1").await;
    let long = "x".repeat(4_000);
    let mut refused = None;
    for _ in 0..200 {
        let new = new_message(None, phone("972501234567"), &long);
        if let Err(error) = messages::accept(&bench.store, NOON, held.business, new).await {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(Error::StorageFull)), "{refused:?}");
    assert!(
        sessions::get(&bench.store, held.business, held.session)
            .await
            .unwrap()
            .is_some()
    );
    let head = events::head(&bench.store, held.business).await.unwrap();
    let new = new_message(None, phone("972501234567"), &long);
    let again = messages::accept(&bench.store, NOON, held.business, new).await;
    assert!(matches!(again, Err(Error::StorageFull)), "{again:?}");
    assert_eq!(
        events::head(&bench.store, held.business).await.unwrap(),
        head
    );
    run_sql(&bench.store, "pragma max_page_count = 1000000").await;
    let new = new_message(None, phone("972501234567"), &long);
    let accepted = object(
        messages::accept(&bench.store, NOON, held.business, new)
            .await
            .unwrap(),
    );
    let stored = messages::get(&bench.store, held.business, accepted.id)
        .await
        .unwrap();
    assert!(stored.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_finishes_what_was_handed_over_and_refuses_the_rest() {
    let bench = Bench::sqlite().await;
    let business = bench.business();
    let store = Arc::new(bench.store.clone());
    let mut makers = tokio::task::JoinSet::new();
    for n in 0..50 {
        let store = Arc::clone(&store);
        makers.spawn(async move { sessions::create(&store, NOON, business, &n.to_string()).await });
    }
    tokio::time::timeout(Duration::from_secs(10), bench.store.close())
        .await
        .expect("closing took too long");
    let made = makers.join_all().await.into_iter().flatten().count();
    let reopened = bench.another().await;
    let kept = sessions::list(&reopened, business).await.unwrap().len();
    assert_eq!(kept, made);
    reopened.close().await;
}
