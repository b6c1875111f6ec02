//! A database of its own for each test, on either engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::Connection;
use store::leases::{self, Incarnation, Registration};
use store::{Engine, Held, Lane, Store, StoreOptions, sessions};
use switchyard_core::fail::FailPoints;
use switchyard_core::{BusinessId, SessionId, Timestamp};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Makes `sqlite_…` and `postgres_…` of one test that takes a [`Bench`].
macro_rules! both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($bench:ident: &Bench) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn check($bench: &Bench) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let bench = Bench::sqlite().await;
                check(&bench).await;
                bench.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let bench = Bench::postgres().await;
                check(&bench).await;
                bench.end().await;
            }
        }
    )*};
}
pub(crate) use both_engines;

/// The start of every test's time.
pub(crate) const NOON: Timestamp = Timestamp(1_763_726_400_000);

/// A migrated store and what keeps it alive.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) registry: prometheus::Registry,
    home: Home,
}

enum Home {
    Folder(TempDir),
    Database { server: String, name: String },
}

pub(crate) fn options(registry: &prometheus::Registry) -> StoreOptions {
    StoreOptions {
        fail: Arc::new(FailPoints::none()),
        registry: registry.clone(),
        hints: true,
        answer: store::ANSWER,
    }
}

impl Bench {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = prometheus::Registry::new();
        let path = folder.path().join("switchyard.db");
        let store = Store::open_sqlite(&path, options(&registry)).await.unwrap();
        store.migrate().await.unwrap();
        Self {
            store,
            registry,
            home: Home::Folder(folder),
        }
    }

    pub(crate) async fn postgres() -> Self {
        let server = std::env::var("SWITCHYARD_TEST_POSTGRES").expect(
            "SWITCHYARD_TEST_POSTGRES is not set: run these tests with `cargo xtask test`, which starts a PostgreSQL",
        );
        let template = TEMPLATE.get_or_init(|| template(&server)).await;
        let name = format!("test_{}", Uuid::new_v4().simple());
        on_server(
            &server,
            &format!("create database {name} template {template}"),
        )
        .await;
        let registry = prometheus::Registry::new();
        let store = Store::connect_postgres(&database(&server, &name), 20, options(&registry))
            .await
            .unwrap();
        Self {
            store,
            registry,
            home: Home::Database { server, name },
        }
    }

    /// A second store on the same database, as another process would have.
    pub(crate) async fn another(&self) -> Store {
        let registry = prometheus::Registry::new();
        match &self.home {
            Home::Folder(folder) => {
                Store::open_sqlite(&folder.path().join("switchyard.db"), options(&registry)).await
            }
            Home::Database { server, name } => {
                Store::connect_postgres(&database(server, name), 20, options(&registry)).await
            }
        }
        .unwrap()
    }

    /// The address of the Postgres database.
    pub(crate) fn url(&self) -> String {
        let Home::Database { server, name } = &self.home else {
            panic!("only Postgres has an address");
        };
        database(server, name)
    }

    /// A store with one connection to the Postgres database, logged in as that role.
    pub(crate) async fn as_role(&self, role: &str) -> Store {
        let Home::Database { server, name } = &self.home else {
            panic!("only Postgres has roles");
        };
        let url = database(server, name);
        let (scheme, rest) = url.split_once("://").unwrap();
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let url = format!("{scheme}://{role}@{place}");
        Store::connect_postgres(&url, 1, options(&prometheus::Registry::new()))
            .await
            .unwrap()
    }

    /// Ends every connection to the Postgres database.
    pub(crate) async fn cut_connections(&self) {
        if let Home::Database { server, name } = &self.home {
            let cut = format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            );
            on_server(server, &cut).await;
        }
    }

    pub(crate) async fn end(self) {
        self.store.close().await;
        if let Home::Database { server, name } = &self.home {
            on_server(server, &format!("drop database {name} with (force)")).await;
        }
    }

    /// A business; nothing but its id is needed by most verbs.
    #[expect(clippy::unused_self, reason = "a bench makes what a test needs")]
    pub(crate) fn business(&self) -> BusinessId {
        BusinessId::generate()
    }

    /// A registered shard.
    pub(crate) async fn shard(&self, number: u16) -> Incarnation {
        let registration = Registration {
            number,
            url: format!("http://127.0.0.1:{number}"),
            capacity: 1_000,
            lease: Duration::from_mins(1),
        };
        leases::register(&self.store, NOON, registration)
            .await
            .unwrap()
    }

    /// A session of a new business, held by a new shard.
    pub(crate) async fn held(&self) -> Held {
        let shard = self.shard(1).await;
        self.held_by(shard, self.business()).await
    }

    /// A new session of that business, held by that shard.
    pub(crate) async fn held_by(&self, shard: Incarnation, business: BusinessId) -> Held {
        let id = self.session(business).await;
        leases::take(&self.store, shard, id)
            .await
            .unwrap()
            .expect("nobody else holds it")
    }

    /// A new session of that business.
    pub(crate) async fn session(&self, business: BusinessId) -> SessionId {
        sessions::create(&self.store, NOON, business, "Front desk")
            .await
            .unwrap()
            .id
    }

    /// Removes every job.
    pub(crate) async fn forget_jobs(&self) {
        let work = self.store.write(Lane::Rest, (), |tx, ()| {
            Box::pin(async move {
                match tx.engine() {
                    Engine::Sqlite(it) => {
                        sqlx::query("delete from jobs").execute(it).await?;
                    }
                    Engine::Postgres(it) => {
                        sqlx::query("delete from jobs").execute(it).await?;
                    }
                }
                Ok(())
            })
        });
        work.await.unwrap();
    }

    /// Where the SQLite database lies.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.home {
            Home::Folder(folder) => Some(folder.path()),
            Home::Database { .. } => None,
        }
    }

    /// How many transactions were committed.
    pub(crate) fn commits(&self) -> u64 {
        let families = self.registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == "switchyard_rows_per_commit");
        let metric = family.and_then(|family| family.get_metric().first());
        metric.map_or(0, |one| one.get_histogram().get_sample_count())
    }

    /// So many commits, and so many rows in them.
    pub(crate) fn rows_per_commit(&self) -> (f64, f64) {
        let families = self.registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == "switchyard_rows_per_commit")
            .unwrap();
        let histogram = family.get_metric()[0].get_histogram();
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "a test makes few commits"
        )]
        let commits = histogram.get_sample_count() as f64;
        (commits, histogram.get_sample_sum())
    }

    /// The value of a counter.
    pub(crate) fn counter(&self, name: &str) -> u64 {
        counted(&self.registry, name)
    }
}

/// The migrated database that every test copies; made once.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// The migrated database of this schema on that server. It stays there: the next run finds it.
async fn template(server: &str) -> String {
    let name = format!("switchyard_template_{}", schema());
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    // Two test programs may start at once.
    sqlx::query("select pg_advisory_lock(7411)")
        .execute(&mut connection)
        .await
        .unwrap();
    let there = sqlx::query("select 1 from pg_database where datname = $1")
        .bind(&name)
        .fetch_optional(&mut connection)
        .await
        .unwrap();
    if there.is_none() {
        // Under another name until it is whole.
        let half = format!("{name}_half");
        on_server(server, &format!("drop database if exists {half}")).await;
        on_server(server, &format!("create database {half}")).await;
        let registry = prometheus::Registry::new();
        let store = Store::connect_postgres(&database(server, &half), 2, options(&registry))
            .await
            .unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        on_server(server, &format!("alter database {half} rename to {name}")).await;
    }
    connection.close().await.unwrap();
    name
}

/// Sixteen digits that change with every migration.
fn schema() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).unwrap());
    }
    let digits: Vec<String> = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits[..8].concat()
}

async fn on_server(server: &str, sql: &str) {
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// The same server's URL with that database.
fn database(server: &str, name: &str) -> String {
    let (base, options) = match server.split_once('?') {
        Some((base, options)) => (base, format!("?{options}")),
        None => (server, String::new()),
    };
    let root = match base.rsplit_once('/') {
        Some((root, _)) if !root.ends_with('/') => root,
        _ => base,
    };
    format!("{root}/{name}{options}")
}

/// The value of a counter.
pub(crate) fn counted(registry: &prometheus::Registry, name: &str) -> u64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == name);
    let metrics = family.map(prometheus::proto::MetricFamily::get_metric);
    let value = metrics
        .and_then(|all| all.first())
        .map(|one| one.get_counter().get_value());
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a counter of a test is a small whole number"
    )]
    let whole = value.unwrap_or(0.0) as u64;
    whole
}
