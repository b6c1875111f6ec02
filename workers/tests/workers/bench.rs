//! A database of its own for each test, jobs in it, and workers over it.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use prometheus::Registry;
use sqlx::Connection;
use store::jobs::{Count, DeadLetter, Wanted};
use store::{Lane, Store, StoreOptions};
use switchyard_core::fail::FailPoints;
use switchyard_core::job::Job;
use switchyard_core::queue::{Group, Queue};
use switchyard_core::{BusinessId, ChatId, SessionId, Timestamp};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workers::{Assignment, Outcome, Pace, Perform, Recordings, WorkerOptions, Workers};

/// Makes `sqlite` and `postgres` of one test that takes a [`Bench`].
macro_rules! both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($bench:ident: &Bench) $body:block)*) => {$(
        mod $name {
            #[expect(clippy::allow_attributes, reason = "whether an import is used differs from test to test")]
            mod engines {
                #[allow(unused_imports, reason = "each test uses what it needs of its file")]
                use super::super::*;

                async fn check($bench: &Bench) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    let bench = Bench::sqlite(true).await;
                    check(&bench).await;
                    bench.end().await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    let bench = Bench::postgres(true).await;
                    check(&bench).await;
                    bench.end().await;
                }
            }
        }
    )*};
}
pub(crate) use both_engines;

/// Nothing that a test waits for takes longer on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Fast enough for tests; the lease is what a dead worker's jobs wait for.
pub(crate) const FAST: Pace = Pace {
    lease: Duration::from_millis(400),
    poll: Duration::from_millis(50),
    timeout_at_most: Duration::from_millis(100),
    backoff_at_most: Duration::from_millis(1),
};

pub(crate) struct Bench {
    pub(crate) store: Store,
    home: Home,
}

enum Home {
    /// Somebody else's.
    Elsewhere,
    Folder(TempDir),
    Database {
        server: String,
        name: String,
    },
}

/// Running workers, and how to end them.
pub(crate) struct Crew {
    pub(crate) workers: Workers,
    pub(crate) hard: CancellationToken,
    registry: Registry,
}

impl Crew {
    /// Finishes what runs.
    pub(crate) async fn stop(self) {
        tokio::time::timeout(DEADLINE, self.workers.stop())
            .await
            .unwrap();
    }

    /// A gauge of the process.
    pub(crate) fn gauge(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name);
        family.unwrap().get_metric()[0].get_gauge().get_value()
    }

    /// Hands back what runs.
    pub(crate) async fn stop_hard(self) {
        self.hard.cancel();
        self.stop().await;
    }
}

/// Workers of the product's jobs.
fn started(options: WorkerOptions) -> Crew {
    let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
    let workers = Workers::start(&options, soft, hard.clone()).unwrap();
    let registry = options.registry;
    Crew {
        workers,
        hard,
        registry,
    }
}

impl Bench {
    pub(crate) async fn sqlite(hints: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("switchyard.db"), hints).await;
        store.migrate().await.unwrap();
        Self {
            store,
            home: Home::Folder(folder),
        }
    }

    pub(crate) async fn postgres(hints: bool) -> Self {
        let server = std::env::var("SWITCHYARD_TEST_POSTGRES").expect(
            "SWITCHYARD_TEST_POSTGRES is not set: run these tests with `cargo xtask test`, which starts a PostgreSQL",
        );
        let name = format!("test_{}", Uuid::new_v4().simple());
        on_server(&server, &format!("create database {name}")).await;
        let url = database(&server, &name);
        let store = Store::connect_postgres(&url, 20, options(hints))
            .await
            .unwrap();
        store.migrate().await.unwrap();
        Self {
            store,
            home: Home::Database { server, name },
        }
    }

    /// Over a store that is open already.
    pub(crate) fn over(store: Store) -> Self {
        Self {
            store,
            home: Home::Elsewhere,
        }
    }

    pub(crate) async fn end(self) {
        self.store.close().await;
        if let Home::Database { server, name } = &self.home {
            on_server(server, &format!("drop database {name} with (force)")).await;
        }
    }

    /// Cuts every connection to the database, where there are connections.
    pub(crate) async fn cut(&self) {
        if let Home::Database { server, name } = &self.home {
            let cut = format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            );
            on_server(server, &cut).await;
        }
    }

    /// The file of the database.
    pub(crate) fn file(&self) -> PathBuf {
        match &self.home {
            Home::Folder(folder) => folder.path().join("switchyard.db"),
            Home::Elsewhere | Home::Database { .. } => panic!("the file is not of this bench"),
        }
    }

    /// Pushes drains, each of another chat.
    pub(crate) async fn push(&self, business: BusinessId, count: usize) {
        for begun in (0..count).step_by(250) {
            let jobs = (begun..count.min(begun + 250)).map(|_| drain()).collect();
            push(&self.store, business, jobs).await;
        }
    }

    /// Workers of all groups that carry out jobs in the test's way.
    pub(crate) fn crew(&self, pace: Pace, slots: u32, perform: Perform) -> Crew {
        let mut options = self.options(pace);
        options.slots = HashMap::from([("drain_chat", slots)]);
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        let workers = Workers::start_with(&options, perform, soft, hard.clone()).unwrap();
        let registry = options.registry;
        Crew {
            workers,
            hard,
            registry,
        }
    }

    /// Workers of the product's jobs.
    pub(crate) fn product(&self, pace: Pace) -> Crew {
        started(self.options(pace))
    }

    /// Workers of the product's jobs about calls.
    pub(crate) fn calling(&self, pace: Pace, recordings: Option<Recordings>) -> Crew {
        let mut options = self.options(pace);
        options.groups = vec![Group::Default, Group::Media];
        options.recordings = recordings;
        started(options)
    }

    fn options(&self, pace: Pace) -> WorkerOptions {
        let registry = Registry::new();
        let key = Some("the-internal-key".to_owned().into());
        let mut options = WorkerOptions::new(self.store.clone(), vec![Group::High], key, registry);
        options.pace = pace;
        options
    }

    pub(crate) async fn depth(&self) -> Count {
        let counts = store::jobs::counts(&self.store, Timestamp::now()).await;
        *counts
            .unwrap()
            .iter()
            .find(|it| it.queue == Queue::High)
            .unwrap()
    }

    /// Until nothing waits and nothing runs.
    pub(crate) async fn idle(&self) {
        eventually("everything is carried out", || async {
            let depth = self.depth().await;
            depth.waiting + depth.running == 0
        })
        .await;
    }

    pub(crate) async fn dead(&self) -> Vec<DeadLetter> {
        let page = store::jobs::dead_letters(&self.store, &Wanted::default(), None, 100).await;
        page.unwrap().data
    }
}

pub(crate) async fn open(file: &std::path::Path, hints: bool) -> Store {
    Store::open_sqlite(file, options(hints)).await.unwrap()
}

fn options(hints: bool) -> StoreOptions {
    StoreOptions {
        fail: Arc::new(FailPoints::none()),
        registry: Registry::new(),
        hints,
        answer: store::ANSWER,
    }
}

pub(crate) fn drain() -> Job {
    Job::DrainChat {
        session: SessionId::generate(),
        chat: ChatId::generate(),
    }
}

pub(crate) async fn push(store: &Store, business: BusinessId, jobs: Vec<Job>) {
    store
        .write(Lane::Rest, (business, jobs), |tx, (business, jobs)| {
            Box::pin(async move {
                let now = Timestamp::now();
                for job in jobs {
                    store::jobs::push(tx, now, Some(*business), job, now).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

/// Carries out every job in this way.
pub(crate) fn performing<F, Fut>(perform: F) -> Perform
where
    F: Fn(Assignment) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    Arc::new(move |assignment| -> BoxFuture<'static, Outcome> { Box::pin(perform(assignment)) })
}

/// Until it holds; fails after [`DEADLINE`].
pub(crate) async fn eventually<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let wait = async {
        while !holds().await {
            looks.tick().await;
        }
    };
    let held = tokio::time::timeout(DEADLINE, wait).await;
    held.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"));
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
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}
