//! The database under a test: a file of its own, or one of the Postgres server, served as the role of the API.

use std::env;
use std::path::Path;
use std::sync::Arc;

use prometheus::Registry;
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::{Store, StoreOptions};
use switchyard_core::fail::FailPoints;
use tempfile::TempDir;
use uuid::Uuid;

/// What a test runs on.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    Sqlite,
    /// Logged in as `sy_api`, as the process of that role is.
    Postgres,
}

/// Goes with the test.
pub(crate) enum Database {
    File(#[expect(dead_code, reason = "the folder stays as long as it is held")] TempDir),
    Server { server: Url, name: String },
}

impl Database {
    /// A new one, migrated, and its store.
    pub(crate) async fn create(engine: Engine, registry: &Registry) -> (Self, Store) {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let store = open_file(folder.path(), registry).await;
                (Self::File(folder), store)
            }
            Engine::Postgres => Self::on_server(registry).await,
        }
    }

    async fn on_server(registry: &Registry) -> (Self, Store) {
        let server = env::var("SWITCHYARD_TEST_POSTGRES").expect(
            "SWITCHYARD_TEST_POSTGRES is not set: run these tests with `cargo xtask test`, which starts a PostgreSQL",
        );
        let server: Url = server.parse().unwrap();
        let name = format!("api_{}", Uuid::new_v4().simple());
        run(&server, format!("create database {name}")).await;
        let mut url = server.clone();
        url.set_path(&name);
        let owner = Store::connect_postgres(url.as_str(), 2, options(&Registry::new()));
        let owner = owner.await.unwrap();
        owner.migrate().await.unwrap();
        owner.close().await;
        url.set_username("sy_api").unwrap();
        let store = Store::connect_postgres(url.as_str(), 20, options(registry));
        let store = store.await.unwrap();
        let is_api = matches!(&store, Store::Postgres(it) if it.login().is_api());
        assert!(is_api, "this is not the login of the API");
        (Self::Server { server, name }, store)
    }

    /// Once its store is closed.
    pub(crate) async fn remove(self) {
        if let Self::Server { server, name } = self {
            run(&server, format!("drop database {name} with (force)")).await;
        }
    }
}

async fn open_file(folder: &Path, registry: &Registry) -> Store {
    let path = folder.join("switchyard.db");
    let store = Store::open_sqlite(&path, options(registry)).await.unwrap();
    store.migrate().await.unwrap();
    store
}

fn options(registry: &Registry) -> StoreOptions {
    StoreOptions {
        fail: Arc::new(FailPoints::none()),
        registry: registry.clone(),
        hints: true,
        answer: store::ANSWER,
    }
}

async fn run(server: &Url, statement: String) {
    let mut connection = PgConnection::connect(server.as_str()).await.unwrap();
    let ran = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection);
    ran.await.unwrap();
    connection.close().await.unwrap();
}
