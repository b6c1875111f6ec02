//! Looking for what nobody holds: every shard does it four times a second, so it must cost next to nothing while all is
//! well, however many sessions are held.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Row};
use store::leases::{self, Figures, Incarnation, Renewer};
use store::statement::ALL;
use store::{Engine, Lane, Store};
use switchyard_core::routing::Stray;
use uuid::Uuid;

use crate::bench::{Bench, both_engines};

/// Sessions that two live shards hold, one for each business.
const HELD: u32 = 20_000;
/// What a third one left behind.
const ORPHANS: u32 = 50;
/// Sessions that rest, which nobody holds.
const RESTING: u32 = 500;

async fn run(store: &Store, statements: Vec<String>) {
    let running = store.write(Lane::Rest, statements, |tx, statements| {
        Box::pin(async move {
            for sql in statements {
                let sql = AssertSqlSafe(sql.clone());
                match tx.engine() {
                    Engine::Sqlite(it) => drop(sqlx::query(sql).execute(it).await?),
                    Engine::Postgres(it) => drop(sqlx::query(sql).execute(it).await?),
                }
            }
            Ok(())
        })
    });
    running.await.unwrap();
}

/// Sessions of businesses of their own: wanted like that, held by one of these.
fn sessions(store: &Store, count: u32, wanted: &str, holders: &[Incarnation]) -> Vec<String> {
    let numbered = match store {
        Store::Sqlite(_) => format!(
            "with recursive n (n) as (select 1 union all select n + 1 from n where n < {count})
                select n, randomblob(16) as id, randomblob(16) as business from n"
        ),
        Store::Postgres(_) => format!(
            "select n, gen_random_uuid() as id, gen_random_uuid() as business from generate_series(1, {count}) as n"
        ),
    };
    let uuid = |id: Uuid| match store {
        Store::Sqlite(_) => format!("x'{}'", id.simple()),
        Store::Postgres(_) => format!("'{id}'::uuid"),
    };
    let holders: Vec<String> = holders
        .iter()
        .enumerate()
        .map(|(index, it)| format!("when n % {} = {index} then {}", holders.len(), uuid(it.0)))
        .collect();
    let holder = if holders.is_empty() {
        "null".to_owned()
    } else {
        format!("case {} end", holders.join(" "))
    };
    vec![
        format!("create temporary table made as {numbered}"),
        format!(
            "insert into sessions (id, business_id, name, state, since, wanted, wanted_at, paired, created_at)
                select id, business, 'Desk', 'disconnected', 0, '{wanted}', 0, true, 0 from made"
        ),
        format!(
            "insert into session_leases (session_id, business_id, incarnation, epoch)
                select id, business, {holder}, 1 from made"
        ),
        "insert into businesses (id, name, status, created_at) select business, 'Shop', 'active', 0 from made".to_owned(),
        "drop table made".to_owned(),
    ]
}

/// The lease of a process ends, and somebody notices.
async fn lapse(store: &Store, shard: Incarnation) {
    let renewer = &mut Renewer::new(store);
    renewer
        .renew(shard, Duration::ZERO, Figures::default())
        .await
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    // Milliseconds of the database's clock, which may be set back by some.
    while leases::mark_lost(store).await.unwrap() == 0 {
        assert!(Instant::now() < deadline, "never lapsed");
    }
}

/// An installation with a lost shard, and how long the quickest of some looks took.
async fn looked(bench: &Bench) -> (usize, Duration) {
    let one = bench.shard(1).await;
    let shards = [one, bench.shard(2).await];
    let lost = bench.shard(3).await;
    let mut work = sessions(&bench.store, HELD, "connected", &shards);
    work.extend(sessions(&bench.store, ORPHANS, "connected", &[lost]));
    work.extend(sessions(&bench.store, RESTING, "disconnected", &[]));
    run(&bench.store, work).await;
    lapse(&bench.store, lost).await;
    run(&bench.store, vec!["analyze".to_owned()]).await;
    let mut quickest = Duration::MAX;
    let mut found = 0;
    for _ in 0..20 {
        let begun = Instant::now();
        let unheld = leases::unheld(&bench.store, one).await.unwrap();
        quickest = quickest.min(begun.elapsed());
        found = unheld.strays.len();
        let whole = |stray: &Stray| stray.estate.is_some_and(|it| it.sessions == ORPHANS);
        assert!(
            unheld.strays.iter().all(whole),
            "{:?}",
            unheld.strays.first()
        );
    }
    (found, quickest)
}

/// How the engine means to carry out a statement of the leases, one step a line.
async fn plan(store: &Store, name: &str) -> Vec<String> {
    let name = format!("store::leases::sql::{name}");
    let named = |sql: &&&store::statement::Sql| sql.name == name;
    let sql = ALL.iter().copied().flatten().find(named).unwrap();
    match store.read().await.unwrap().engine() {
        Engine::Sqlite(connection) => {
            let explain = AssertSqlSafe(format!("explain query plan {}", sql.sqlite));
            let rows = sqlx::query(explain).fetch_all(connection).await.unwrap();
            rows.iter().map(|row| row.get("detail")).collect()
        }
        Engine::Postgres(connection) => {
            let nobody = format!("'{}'::uuid", Uuid::nil());
            let explain = format!("explain {}", sql.postgres.replace("$1", &nobody));
            let explain = sqlx::query_scalar(AssertSqlSafe(explain));
            explain.fetch_all(connection).await.unwrap()
        }
    }
}

both_engines! {
    async fn a_look_costs_as_much_as_there_are_orphans_and_not_as_there_are_sessions(bench: &Bench) {
        let (found, took) = looked(bench).await;
        println!("{ORPHANS} orphans beside {HELD} held and {RESTING} resting: {took:?}");
        assert_eq!(found, 50);
        assert_eq!(leases::count_unheld(&bench.store).await.unwrap(), 50);
        for name in ["UNHELD", "COUNT_UNHELD"] {
            let plan = plan(&bench.store, name).await;
            for table in ["session_leases", "sessions", "businesses"] {
                let walks = |line: &&String| {
                    line.contains(&format!("Seq Scan on {table} ")) || **line == format!("SCAN {table}")
                };
                assert_eq!(plan.iter().find(walks), None, "{name}: {plan:#?}");
            }
            // SQLite names tables by their aliases.
            for alias in ["SCAN l", "SCAN s", "SCAN b", "SCAN held"] {
                assert!(!plan.iter().any(|line| line == alias), "{name}: {plan:#?}");
            }
        }
    }
}
