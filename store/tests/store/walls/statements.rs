//! Statements that forget whose rows they are about, as a process would run them that logged in as `sy_api`.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection, Row};
use store::accounts::{self, NewApiKey, NewBusiness};
use store::audit::Actor;
use store::members::{self, NewInvitation};
use store::messages::{self, Idempotency};
use store::{Conn, Engine, Error, Lane, Store, businesses, sessions};
use switchyard_core::BusinessId;
use switchyard_core::permission::{Role, Scope};
use uuid::Uuid;

use crate::bench::{Bench, NOON};
use crate::messages::{new_message, phone};

/// A business with something in every table that the API writes to.
async fn business(store: &Store, name: &str) -> BusinessId {
    let new = NewBusiness {
        name: name.to_owned(),
        owner_name: "Ada".to_owned(),
        owner_email: format!("{name}@example.com"),
        password_hash: None,
        operator: false,
    };
    let made = accounts::create_business_with_owner(store, NOON, new).await;
    let business = made.unwrap().0.id;
    let limits = businesses::TenantChange {
        limits: Some(store::quota::Limits {
            sessions: Some(5),
            messages_per_day: Some(100),
            storage_bytes: Some(1_000_000),
            concurrent_calls: Some(3),
        }),
        ..businesses::TenantChange::default()
    };
    let by = Actor::system();
    let changed = businesses::change(store, NOON, by.clone(), business, limits).await;
    changed.unwrap().unwrap();
    let session = sessions::create(store, NOON, business, name).await.unwrap();
    let mut message = new_message(Some(session.id), phone("972501234567"), name);
    message.idempotency = Some(Idempotency {
        actor: Uuid::now_v7(),
        key: "once".to_owned(),
        body_sha256: [1; 32],
    });
    messages::accept(store, NOON, business, message)
        .await
        .unwrap();
    let key = NewApiKey {
        name: name.to_owned(),
        scopes: Scope::ALL.to_vec(),
        per_second: 1,
        burst: 1,
        expires_at: None,
        by: by.clone(),
    };
    let key = accounts::create_api_key(store, NOON, business, key).await;
    let invitation = NewInvitation {
        email: format!("guest-of-{name}@example.com"),
        role: Role::Agent,
        life: Duration::from_hours(1),
    };
    members::invite(store, NOON, by, business, invitation)
        .await
        .unwrap();
    key.unwrap();
    business
}

fn connection(conn: &mut Conn) -> &mut PgConnection {
    match conn.engine() {
        Engine::Postgres(connection) => connection,
        Engine::Sqlite(_) => panic!("this test is about Postgres"),
    }
}

/// Tables whose rows name their business, and which `sy_api` may read.
async fn tables(conn: &mut Conn) -> Vec<String> {
    const READABLE: &str = "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'business_id'
            and has_column_privilege('sy_api', c.oid, a.attnum, 'select')
        order by 1";
    let rows: Vec<(String,)> = sqlx::query_as(READABLE)
        .fetch_all(connection(conn))
        .await
        .unwrap();
    rows.into_iter().map(|(name,)| name).collect()
}

/// The businesses whose rows a statement without any condition meets.
async fn met(conn: &mut Conn, table: &str) -> Vec<Uuid> {
    let sql = format!("select distinct business_id from {table} order by 1");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection(conn));
    rows.await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Runs a statement in a transaction of that business.
async fn run(store: &Store, business: BusinessId, sql: String) -> store::Result<u64> {
    let work = store.of(business).write(Lane::Rest, sql, |tx, sql| {
        Box::pin(async move {
            let Engine::Postgres(connection) = tx.engine() else {
                panic!("this test is about Postgres");
            };
            let done = sqlx::query(AssertSqlSafe(sql.clone())).execute(connection);
            Ok(done.await?.rows_affected())
        })
    });
    work.await
}

#[tokio::test]
async fn a_statement_without_a_condition_meets_the_rows_of_its_business_alone() {
    let bench = Bench::postgres().await;
    let api = bench.as_role("sy_api").await;
    let (one, other) = (business(&api, "one").await, business(&api, "other").await);
    let mut all = bench.store.read().await.unwrap();
    let mut filled = 0;
    for table in tables(&mut all).await {
        // One connection: whatever the transaction of the other business left on it would be seen.
        for business in [one, other, one] {
            let mut conn = api.of(business).read().await.unwrap();
            let expected = if met(&mut all, &table).await.is_empty() {
                Vec::new()
            } else {
                filled += 1;
                vec![business.uuid()]
            };
            assert_eq!(met(&mut conn, &table).await, expected, "{table}");
        }
    }
    assert!(
        filled / 3 >= 14,
        "only {filled} looks found something to hide"
    );
    let mut conn = api.of(one).read().await.unwrap();
    for (table, rows) in [("businesses", 1_i64), ("users", 1)] {
        let count = format!("select count(id) from {table}");
        let count = sqlx::query_scalar(AssertSqlSafe(count));
        let count: i64 = count.fetch_one(connection(&mut conn)).await.unwrap();
        assert_eq!(count, rows, "{table}");
    }
    drop((all, conn));
    api.close().await;
    bench.end().await;
}

#[tokio::test]
async fn a_row_of_another_business_is_neither_written_nor_changed_nor_taken() {
    let bench = Bench::postgres().await;
    let api = bench.as_role("sy_api").await;
    let (one, other) = (business(&api, "one").await, business(&api, "other").await);
    let theirs = other.uuid();
    for smuggled in [
        format!("insert into events (business_id, seq, id, kind, at, data) values ('{theirs}', 99, '{theirs}', 'x', 1, '{{}}')"),
        format!("insert into sessions (id, business_id, name, state, since, wanted, wanted_at, paired, created_at)
            values (gen_random_uuid(), '{theirs}', 'x', 'created', 1, 'disconnected', 1, false, 1)"),
        format!("update messages set business_id = '{theirs}'"),
        format!("insert into event_heads (business_id, seq) values ('{theirs}', 1)
            on conflict (business_id) do update set seq = 0"),
    ] {
        let refused = run(&api, one, smuggled.clone()).await.unwrap_err();
        assert!(refused.to_string().contains("row-level security"), "{smuggled}: {refused}");
    }
    for (sql, own) in [
        ("update sessions set name = 'Taken'", 1),
        ("delete from messages", 1),
        ("update audit_heads set seq = 0", 1),
    ] {
        assert_eq!(run(&api, one, sql.to_owned()).await.unwrap(), own, "{sql}");
    }
    let named = format!("delete from chats where business_id = '{theirs}'");
    assert_eq!(run(&api, one, named).await.unwrap(), 0);
    let kept = sessions::list(&bench.store, other).await.unwrap();
    assert_eq!(kept[0].name, "other");
    for forbidden in [
        "select sealed from vault",
        "select password_hash from users",
        "select refresh_hash from user_sessions",
        "select value from meta",
        "delete from audit",
        "update members set user_id = business_id",
    ] {
        let refused = run(&api, one, forbidden.to_owned()).await.unwrap_err();
        assert!(
            refused.to_string().contains("permission denied"),
            "{forbidden}: {refused}"
        );
    }
    api.close().await;
    bench.end().await;
}

#[tokio::test]
async fn without_a_business_nothing_is_there_and_nothing_fails() {
    let bench = Bench::postgres().await;
    let api = bench.as_role("sy_api").await;
    let one = business(&api, "one").await;
    // The setting is the empty text from now on, on the one connection: no uuid.
    let mut conn = api.of(one).read().await.unwrap();
    assert_eq!(met(&mut conn, "messages").await, [one.uuid()]);
    drop(conn);
    let mut all = bench.store.read().await.unwrap();
    let tables = tables(&mut all).await;
    drop(all);
    let Store::Postgres(postgres) = &api else {
        panic!("this test is about Postgres");
    };
    assert!(postgres.login().is_api());
    let nobody = api.write(Lane::Rest, tables, |tx, tables| {
        Box::pin(async move {
            let Engine::Postgres(connection) = tx.engine() else {
                panic!("this test is about Postgres");
            };
            sqlx::query("set local role sy_api")
                .execute(&mut *connection)
                .await?;
            for table in tables {
                let count = format!("select count(*) from {table}");
                let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
                    .fetch_one(&mut *connection)
                    .await?;
                assert_eq!(count, 0, "{table}");
            }
            let write = sqlx::query(
                "insert into event_heads (business_id, seq) values (gen_random_uuid(), 1)",
            );
            write.execute(connection).await?;
            Ok(())
        })
    });
    let refused = nobody.await.unwrap_err();
    assert!(
        matches!(&refused, Error::Database(error) if error.to_string().contains("row-level security")),
        "{refused}"
    );
    api.close().await;
    bench.end().await;
}

#[tokio::test]
async fn the_platform_sees_every_business_and_changes_no_entry_of_the_audit_log() {
    let bench = Bench::postgres().await;
    let platform = bench.as_role("sy_platform").await;
    let (one, other) = (
        business(&platform, "one").await,
        business(&platform, "other").await,
    );
    let mut conn = platform.read().await.unwrap();
    let mut both = vec![one.uuid(), other.uuid()];
    both.sort();
    assert_eq!(met(&mut conn, "messages").await, both);
    for forbidden in [
        "delete from audit",
        "update audit set target = ''",
        "set role sy_api",
    ] {
        let refused = sqlx::query(forbidden).execute(connection(&mut conn)).await;
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("permission denied"),
            "{forbidden}: {refused}"
        );
    }
    drop(conn);
    let whole = store::audit::verify(&platform).await.unwrap().unwrap();
    assert_eq!(whole.businesses, 2);
    platform.close().await;
    bench.end().await;
}
