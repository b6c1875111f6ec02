//! What Postgres alone can do to a transaction: break its connection, ask for it once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use store::hints::{Relay, Via};
use store::leases::{Figures, Renewer};
use store::{Engine, Error, Hint, Lane, NewEvent, Store, StoreOptions, Tx, events, leases};
use switchyard_core::BusinessId;
use switchyard_core::event::EventType;
use tokio::time::interval;

use crate::bench::{Bench, NOON, counted, options};
use crate::line::Line;

async fn run_sql(tx: &mut Tx, sql: &'static str) -> store::Result<()> {
    match tx.engine() {
        Engine::Postgres(connection) => sqlx::query(sql).execute(connection).await?,
        Engine::Sqlite(_) => panic!("these tests are about Postgres"),
    };
    Ok(())
}

fn tell(tx: &mut Tx, business: BusinessId) {
    tx.event(NewEvent {
        business,
        session: None,
        kind: EventType::ChatUpdated,
        at: NOON,
        data: serde_json::Value::Null,
    });
}

/// A verb that fails so many times with that statement before it goes through.
async fn fail_first(
    store: &Store,
    business: BusinessId,
    failures: u32,
    sql: &'static str,
) -> store::Result<u32> {
    let input = (business, AtomicU32::new(0), failures, sql);
    store
        .write(Lane::Rest, input, |tx, (business, tries, failures, sql)| {
            Box::pin(async move {
                tell(tx, *business);
                let tries = tries.fetch_add(1, Ordering::Relaxed);
                if tries < *failures {
                    run_sql(tx, sql).await?;
                }
                Ok(tries)
            })
        })
        .await
}

#[tokio::test]
async fn a_transaction_that_postgres_asks_for_again_is_run_again_three_times_at_most() {
    let bench = Bench::postgres().await;
    let business = bench.business();
    const SERIALIZE: &str = "do $$ begin raise exception using errcode = '40001'; end $$";
    const DEADLOCK: &str = "do $$ begin raise exception using errcode = '40P01'; end $$";
    const REFUSE: &str = "do $$ begin raise exception using errcode = '22012'; end $$";
    for sql in [SERIALIZE, DEADLOCK] {
        let tries = fail_first(&bench.store, business, 3, sql).await.unwrap();
        assert_eq!(tries, 3);
        let refused = fail_first(&bench.store, business, 4, sql).await;
        assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
    }
    let refused = fail_first(&bench.store, business, 1, REFUSE).await;
    assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
    let head = events::head(&bench.store, business).await.unwrap();
    assert_eq!(head, 2, "each told once, however often it was tried");
    bench.end().await;
}

#[tokio::test]
async fn a_broken_connection_is_named_and_the_next_transaction_has_another() {
    let bench = Bench::postgres().await;
    let business = bench.business();
    const BREAK: &str = "select pg_terminate_backend(pg_backend_pid())";
    for _ in 0..3 {
        let broken = fail_first(&bench.store, business, 1, BREAK).await;
        assert!(matches!(broken, Err(Error::Unavailable(_))), "{broken:?}");
        fail_first(&bench.store, business, 0, BREAK).await.unwrap();
        bench.store.ping().await.unwrap();
    }
    assert_eq!(events::head(&bench.store, business).await.unwrap(), 3);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ended_just_after_their_use_cost_nobody_an_error() {
    let bench = Bench::postgres().await;
    let business = bench.business();
    let mut watcher = PgConnection::connect(&bench.url()).await.unwrap();
    const END_ALL: &str = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    let mut ended = 0;
    for _ in 0..10 {
        let both = tokio::join!(
            events::head(&bench.store, business),
            bench.store.ping(),
            fail_first(&bench.store, business, 0, "")
        );
        assert!(matches!(both, (Ok(_), Ok(()), Ok(0))), "{both:?}");
        let (count,): (i64,) = sqlx::query_as(END_ALL)
            .fetch_one(&mut watcher)
            .await
            .unwrap();
        ended += count;
    }
    assert!(ended > 10, "only {ended} connections were ended");
    bench.end().await;
}

#[tokio::test]
async fn a_transaction_that_its_process_forgot_is_ended_and_frees_its_locks() {
    let bench = Bench::postgres().await;
    let held = bench.held().await;
    let store = bench.store.clone();
    let sleeping = tokio::spawn(async move {
        let input = held;
        store
            .write(Lane::Messages, input, |tx, held| {
                Box::pin(async move {
                    held.check(tx).await?;
                    // As long as a paused process: longer than the server waits for the next statement.
                    tokio::time::sleep(Duration::from_secs(4)).await;
                    held.check(tx).await?;
                    run_sql(tx, "select 1").await
                })
            })
            .await
    });
    let shard = bench.shard(2).await;
    leases::take(&bench.store, shard, held.session)
        .await
        .unwrap();
    let ended = sleeping.await.unwrap();
    assert!(matches!(ended, Err(Error::Unavailable(_))), "{ended:?}");
    bench.end().await;
}

/// How long an answer is waited for where none will come.
const ANSWER: Duration = Duration::from_secs(3);
/// Nothing takes longer without being wrong.
const LONG: Duration = Duration::from_mins(1);

/// A store with one connection in its pool, over a line.
async fn over_a_line(bench: &Bench) -> (Line, Store, prometheus::Registry) {
    let url = bench.url();
    let (start, place) = url.rsplit_once(':').unwrap();
    let (port, rest) = place.split_once('/').unwrap();
    let line = Line::to(port.parse().unwrap()).await;
    let url = format!("{start}:{}/{rest}", line.port());
    let registry = prometheus::Registry::new();
    let options = StoreOptions {
        answer: ANSWER,
        ..options(&registry)
    };
    let store = Store::connect_postgres(&url, 1, options).await.unwrap();
    (line, store, registry)
}

/// A transaction whose connection is forgotten before its last statements.
async fn forgotten_within(
    line: &Arc<Line>,
    store: &Store,
    business: BusinessId,
) -> store::Result<()> {
    let input = (Arc::clone(line), business);
    store
        .write(Lane::Rest, input, |tx, (line, business)| {
            Box::pin(async move {
                line.forget();
                tell(tx, *business);
                Ok(())
            })
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_died_without_a_word_is_given_up_and_frees_its_place() {
    let bench = Bench::postgres().await;
    let (line, store, registry) = over_a_line(&bench).await;
    let line = Arc::new(line);
    for _ in 0..2 {
        // There is one place in the pool, which the next needs.
        let silent = forgotten_within(&line, &store, bench.business()).await;
        assert!(matches!(silent, Err(Error::Unavailable(_))), "{silent:?}");
        store.ping().await.unwrap();
        // Now the connection is idle.
        line.forget();
        store.ping().await.unwrap();
    }
    let unanswered = counted(&registry, "switchyard_database_unanswered_total");
    assert!(unanswered >= 4, "{unanswered}");
    store.close().await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_over_a_connection_that_died_without_a_word_is_made_over_another() {
    let bench = Bench::postgres().await;
    let (line, store, _registry) = over_a_line(&bench).await;
    let shard = bench.shard(1).await;
    let mut renewer = Renewer::new(&store);
    let lease = Duration::from_mins(1);
    for _ in 0..3 {
        let renewed = renewer.renew(shard, lease, Figures::default()).await;
        assert!(renewed.unwrap());
        line.forget();
    }
    store.close().await;
    bench.end().await;
}

/// How many statements wait for a lock in the database of this test.
async fn waiting(watcher: &mut PgConnection) -> i64 {
    const WAITING: &str = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let (count,) = sqlx::query_as(WAITING).fetch_one(watcher).await.unwrap();
    count
}

/// Waits until so many statements wait for a lock.
async fn until_waiting(watcher: &mut PgConnection, wanted: i64) {
    let (start, mut pace) = (Instant::now(), interval(Duration::from_millis(50)));
    while waiting(watcher).await != wanted {
        assert!(start.elapsed() < LONG, "not {wanted} wait for a lock");
        pace.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_nobody_waits_for_any_more_is_ended() {
    let bench = Bench::postgres().await;
    let business = bench.business();
    let options = StoreOptions {
        answer: ANSWER,
        ..options(&prometheus::Registry::new())
    };
    let url = bench.url();
    let store = Store::connect_postgres(&url, 1, options).await.unwrap();
    // Not connections of ours: they have no limit.
    let mut locker = PgConnection::connect(&url).await.unwrap();
    let mut watcher = PgConnection::connect(&url).await.unwrap();
    let mut lock = locker.begin().await.unwrap();
    sqlx::query("lock table events in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let (of, first) = (store.clone(), business);
    let telling = tokio::spawn(async move { fail_first(&of, first, 0, "").await });
    until_waiting(&mut watcher, 1).await;
    let given_up = telling.await.unwrap();
    assert!(
        matches!(given_up, Err(Error::Unavailable(_))),
        "{given_up:?}"
    );
    // What it waits for is still held.
    until_waiting(&mut watcher, 0).await;
    lock.rollback().await.unwrap();
    assert_eq!(fail_first(&store, business, 0, "").await.unwrap(), 0);
    assert_eq!(events::head(&bench.store, business).await.unwrap(), 1);
    store.close().await;
    bench.end().await;
}

/// How many connections of this machine to a port of it are open.
fn open_to(port: u16) -> usize {
    // As the kernel prints them: the local address, the other one, and 01 for an open one.
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let end = format!(":{port:04X}");
    let is_open = |line: &&str| {
        let mut words = line.split_whitespace().skip(2);
        words.next().is_some_and(|there| there.ends_with(&end)) && words.next() == Some("01")
    };
    table.lines().filter(is_open).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_listens_leaves_no_connection_behind_that_died_without_a_word() {
    let bench = Bench::postgres().await;
    let (line, store, _registry) = over_a_line(&bench).await;
    let relays = [&bench.store, &store].map(|it| Relay::start(it, Via::Database));
    let mut hints = store.hints().subscribe();
    // Something that happens from now on.
    let mut heard = async || {
        let (start, mut pace) = (Instant::now(), interval(Duration::from_millis(200)));
        let mut happened = Vec::new();
        loop {
            pace.tick().await;
            happened.push(Hint::Session(bench.session(bench.business()).await));
            while let Ok(hint) = hints.try_recv() {
                if happened.contains(&hint) {
                    return;
                }
            }
            assert!(start.elapsed() < LONG, "nothing is heard");
        }
    };
    heard().await;
    line.forget();
    heard().await;
    let (start, mut pace) = (Instant::now(), interval(Duration::from_millis(50)));
    // That of the listener, and the one of the pool.
    while open_to(line.port()) > 2 {
        assert!(start.elapsed() < LONG, "{} are open", open_to(line.port()));
        pace.tick().await;
    }
    for relay in relays {
        relay.stop().await;
    }
    store.close().await;
    bench.end().await;
}
