//! The statements and the two schemas, as a whole.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Executor, Row};
use store::statement::ALL;
use store::{Engine, Store};

use crate::bench::Bench;

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    let bench = Bench::sqlite().await;
    let mut conn = bench.store.read().await.unwrap();
    let Engine::Sqlite(connection) = conn.engine() else {
        panic!("a SQLite store reads from SQLite");
    };
    for sql in ALL.iter().copied().flatten() {
        let prepared = (&mut *connection).prepare(sqlx::SqlSafeStr::into_sql_str(sql.sqlite));
        if let Err(error) = prepared.await {
            panic!("{}: {error}", sql.name);
        }
    }
}

#[tokio::test]
async fn every_statement_prepares_on_postgres() {
    let bench = Bench::postgres().await;
    let mut conn = bench.store.read().await.unwrap();
    let Engine::Postgres(connection) = conn.engine() else {
        panic!("a Postgres store reads from Postgres");
    };
    for sql in ALL.iter().copied().flatten() {
        let prepared = (&mut *connection).prepare(sqlx::SqlSafeStr::into_sql_str(sql.postgres));
        if let Err(error) = prepared.await {
            panic!("{}: {error}", sql.name);
        }
    }
    drop(conn);
    bench.end().await;
}

#[test]
fn every_block_of_statements_is_registered() {
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let blocks = count_blocks(&sources);
    assert_eq!(
        blocks,
        ALL.len(),
        "each `statements!` block belongs into ALL"
    );
}

fn count_blocks(folder: &std::path::Path) -> usize {
    let mut blocks = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            blocks += count_blocks(&path);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            blocks += text.lines().filter(|line| *line == "statements! {").count();
        }
    }
    blocks
}

#[tokio::test]
async fn every_tenant_statement_names_its_tenant() {
    let bench = Bench::sqlite().await;
    let tenant_tables: Vec<String> = columns(&bench.store)
        .await
        .into_iter()
        .filter(|(_, columns)| columns.contains_key("business_id"))
        .map(|(table, _)| table)
        .collect();
    assert!(tenant_tables.len() > 8, "{tenant_tables:?}");
    for sql in ALL.iter().copied().flatten() {
        let words: Vec<&str> = sql
            .postgres
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .collect();
        let touches = tenant_tables
            .iter()
            .any(|table| words.contains(&table.as_str()));
        let names = words.contains(&"business_id");
        assert!(
            !touches || names || sql.across_tenants,
            "{} touches rows of a business without naming it; declare it across_tenants if it must",
            sql.name
        );
    }
}

#[tokio::test]
async fn schemas_have_the_same_shape() {
    let sqlite = Bench::sqlite().await;
    let postgres = Bench::postgres().await;
    assert_eq!(columns(&sqlite.store).await, columns(&postgres.store).await);
    assert_eq!(indexes(&sqlite.store).await, indexes(&postgres.store).await);
    postgres.end().await;
}

/// Table → column → its type in SQLite's words, and whether it may be null.
async fn columns(store: &Store) -> BTreeMap<String, BTreeMap<String, String>> {
    let rows: Vec<(String, String, String, bool)> = match store.read().await.unwrap().engine() {
        Engine::Sqlite(connection) => sqlx::query_as(
            "select t.name, c.name, lower(c.type), c.\"notnull\" = 0
             from pragma_table_list t join pragma_table_info(t.name) c
             where t.schema = 'main' and t.name not like 'sqlite%'",
        )
        .fetch_all(connection)
        .await
        .unwrap(),
        Engine::Postgres(connection) => sqlx::query_as(
            "select table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
             from information_schema.columns where table_schema = 'public'",
        )
        .fetch_all(connection)
        .await
        .unwrap(),
    };
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (table, column, kind, nullable) in rows {
        if table.starts_with('_') {
            continue;
        }
        let kind = match kind.as_str() {
            "uuid" | "bytea" => "blob",
            "bigint" | "boolean" => "integer",
            other => other,
        };
        tables
            .entry(table)
            .or_default()
            .insert(column, format!("{kind} nullable={nullable}"));
    }
    tables
}

/// The names of the indexes that a migration made.
async fn indexes(store: &Store) -> Vec<String> {
    let mut names: Vec<String> = match store.read().await.unwrap().engine() {
        Engine::Sqlite(connection) => {
            sqlx::query("select name from sqlite_master where type = 'index' and sql is not null")
                .fetch_all(connection)
                .await
                .unwrap()
                .iter()
                .map(|row| row.get(0))
                .collect()
        }
        Engine::Postgres(connection) => sqlx::query(
            "select indexname::text from pg_indexes where schemaname = 'public'
             and indexname not like '%pkey' and indexname not like '%_key'",
        )
        .fetch_all(connection)
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect(),
    };
    names.sort();
    names
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let bench = Bench::sqlite().await;
    bench
        .store
        .write(store::Lane::Rest, (), |tx, ()| {
            Box::pin(async move {
                if let Engine::Sqlite(connection) = tx.engine() {
                    sqlx::query(
                        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                         values (9999, 'from the future', true, x'00', 0)",
                    )
                    .execute(connection)
                    .await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    let refused = bench.store.migrate().await;
    assert!(
        matches!(refused, Err(store::Error::SchemaNewer)),
        "{refused:?}"
    );
}

/// Statements that may walk a whole table, because it is small or because every row is wanted; and those that walk
/// what they have just been given.
const MAY_SCAN: [&str; 49] = [
    // Links of ten minutes, which are pruned a day later.
    "store::accounts::sql::DROP_LINKS",
    "store::audit::sql::HEADLESS",
    // The flow in force of each business, once an hour: it says for how long recordings are kept.
    "store::calls::sql::ALL_FLOWS",
    // The page that it has just read.
    "store::chats::sql::LIST",
    "store::chats::sql::NEWEST_MATCHES",
    "store::chats::sql::SEARCH",
    "store::contacts::sql::INTERLEAVE",
    "store::events::sql::INSERT",
    "store::fence::STANDING",
    "store::inbound::sql::WAITING",
    "store::jobs::push::PUSH_LAST",
    "store::jobs::sql::COUNT",
    "store::jobs::sql::DUE",
    "store::jobs::sql::FINISH",
    "store::jobs::sql::RENEW",
    "store::jobs::sql::TAKE",
    "store::leases::sql::ALL_LIVE",
    "store::leases::sql::AWAY_FROM_HOME",
    "store::leases::sql::COUNT_BUSINESSES",
    "store::leases::sql::COUNT_UNHELD",
    "store::leases::sql::HINTED",
    "store::leases::sql::LOCK_ALL",
    "store::leases::sql::LOCK_BUSINESSES",
    "store::leases::sql::MARK_LOST",
    "store::leases::sql::PEERS",
    "store::leases::sql::TAKE_THESE",
    "store::leases::sql::UNHELD",
    "store::members::sql::PLACES_TAKEN",
    "store::messages::sql::ACCEPT",
    "store::messages::sql::MARK",
    "store::migrate::sql::APPLIED",
    // One row per queue.
    "store::queues::sql::PAUSED",
    "store::queues::sql::STANDING",
    "store::receipts::sql::DELIVERED",
    "store::receipts::sql::IMPLIED_DELIVERED",
    "store::receipts::sql::IMPLIED_READ",
    "store::receipts::sql::KNOWN",
    "store::receipts::sql::READ",
    // The oldest few that it has just picked.
    "store::retention::sql::FORGET_EVENTS",
    // Next to none are not all of them: a row per business.
    "store::retention::sql::KEEPING",
    "store::shards::sql::ANOTHER",
    "store::shards::sql::LIST",
    "store::shards::sql::ROOM",
    "store::shards::sql::TAKER",
    "store::sweeps::sql::DRAINS_MISSING",
    "store::sweeps::sql::PRUNE_SHARDS",
    // An index of what is read and not told: mostly empty.
    "store::sweeps::sql::READS_MISSING",
    "store::vault::sql::PUT_EIGHT",
    "store::vault::sql::PUT_TWO",
];

#[tokio::test]
async fn no_statement_walks_a_table_that_grows() {
    let bench = Bench::sqlite().await;
    let mut conn = bench.store.read().await.unwrap();
    let Engine::Sqlite(connection) = conn.engine() else {
        panic!("a SQLite store reads from SQLite");
    };
    let mut scans = BTreeSet::new();
    for sql in ALL.iter().copied().flatten() {
        let explain = format!("explain query plan {}", sql.sqlite);
        let steps = sqlx::query(sqlx::AssertSqlSafe(explain))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        for step in steps {
            let detail: String = step.get("detail");
            if detail.starts_with("SCAN") {
                scans.insert(sql.name);
            }
        }
    }
    assert_eq!(scans, BTreeSet::from(MAY_SCAN));
}
