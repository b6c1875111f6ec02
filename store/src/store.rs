//! The store: one handle over either engine, where every verb begins.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::Connection;
use switchyard_core::BusinessId;
use switchyard_core::fail::FailPoints;

use crate::hints::Hints;
use crate::metrics::Metrics;
use crate::postgres::PostgresStore;
use crate::run::answered;
use crate::sqlite::SqliteStore;
use crate::{Conn, Result, Tx};

/// Searches that run at a time; the others wait for as long as one may run.
pub(crate) const SEARCHES: u32 = 2;
/// How long a search may run: 400,000 messages took one second on a slow machine.
pub(crate) const SEARCH_MAX: Duration = Duration::from_secs(2);

/// How long an answer of Postgres is waited for, where nothing else is said: longer than any statement of a verb took
/// on a busy machine, long past what the server itself allows a search or a transaction that stands still, and less
/// than a request to the API may take in all.
pub const ANSWER: Duration = Duration::from_secs(8);

/// The store on one of the two engines. Cloning is cheap.
#[derive(Debug, Clone)]
pub enum Store {
    /// One file, one process, one writer with group commit.
    Sqlite(Arc<SqliteStore>),
    /// A server, many processes.
    Postgres(Arc<PostgresStore>),
}

/// What a store is opened with.
#[derive(Debug)]
pub struct StoreOptions {
    /// Where a test build kills itself.
    pub fail: Arc<FailPoints>,
    /// Where the metrics are registered.
    pub registry: prometheus::Registry,
    /// Whether hints are given; without them everybody polls.
    pub hints: bool,
    /// How long an answer of Postgres is waited for; mostly [`ANSWER`].
    pub answer: Duration,
}

/// Whose turn it is first when the one writer is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Renewals and hand-overs of leases.
    Leases,
    /// Messages and the vault.
    Messages,
    /// Everything else.
    Rest,
}

impl Store {
    /// Opens, and makes if absent, a database file. Call [`Store::migrate`] next.
    pub async fn open_sqlite(path: &Path, options: StoreOptions) -> Result<Self> {
        let metrics = Metrics::register(&options.registry)?;
        let store = SqliteStore::open(path, options, metrics).await?;
        Ok(Self::Sqlite(Arc::new(store)))
    }

    /// Connects to a Postgres database, with at most `pool_max` connections.
    pub async fn connect_postgres(url: &str, pool_max: u32, options: StoreOptions) -> Result<Self> {
        let metrics = Metrics::register(&options.registry)?;
        let store = PostgresStore::connect(url, pool_max, options, metrics).await?;
        Ok(Self::Postgres(Arc::new(store)))
    }

    /// Where hints are heard.
    pub fn hints(&self) -> &Hints {
        match self {
            Self::Sqlite(sqlite) => sqlite.hints(),
            Self::Postgres(postgres) => postgres.hints(),
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        match self {
            Self::Sqlite(sqlite) => sqlite.metrics(),
            Self::Postgres(postgres) => postgres.metrics(),
        }
    }

    /// The rows of one business: what is read and written through this meets no row of another one on Postgres,
    /// whatever the statement says.
    pub fn of(&self, business: BusinessId) -> OfBusiness<'_> {
        OfBusiness {
            store: self,
            business,
        }
    }

    /// Runs one verb in a transaction, which sees every business, and answers after its commit. The verb may run more
    /// than once. An error of the verb undoes what it wrote, and only that.
    pub async fn write<I, T, F>(&self, lane: Lane, input: I, verb: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        self.write_as(None, true, lane, input, verb).await
    }

    /// Like [`Store::write`], for what may be lost in a power cut without harm (claims, heartbeats):
    /// a transaction of only such verbs does not wait for the disk.
    pub async fn write_relaxed<I, T, F>(&self, lane: Lane, input: I, verb: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        self.write_as(None, false, lane, input, verb).await
    }

    /// `of`: the one business that the transaction sees; all of them without one.
    async fn write_as<I, T, F>(
        &self,
        of: Option<BusinessId>,
        durable: bool,
        lane: Lane,
        input: I,
        verb: F,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let outcome = match self {
            // Boxed: whoever waits for a write would hold its whole future, even while idle.
            Self::Sqlite(sqlite) => Box::pin(sqlite.write(lane, durable, input, verb)).await,
            Self::Postgres(postgres) => Box::pin(postgres.write(of, durable, input, verb)).await,
        };
        self.counted(outcome)
    }

    /// A connection for reading, which sees every business.
    pub async fn read(&self) -> Result<Conn> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read().await,
            Self::Postgres(postgres) => Box::pin(postgres.read(None)).await,
        }
    }

    /// Counts a search that was ended.
    pub(crate) fn searched<T>(&self, outcome: Result<T>) -> Result<T> {
        if matches!(outcome, Err(crate::Error::SearchTooLong)) {
            self.metrics().searches_ended.inc();
        }
        outcome
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut conn = self.read().await?;
        let patience = conn.patience();
        match conn.engine() {
            crate::Engine::Sqlite(connection) => connection.ping().await?,
            crate::Engine::Postgres(connection) => answered(patience, connection.ping()).await?,
        }
        Ok(())
    }

    /// Whether the last write found room on the storage of the database.
    pub fn has_room(&self) -> bool {
        self.metrics().storage_full.get() == 0
    }

    /// Finishes what was handed over, then lets go of the database.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }

    fn counted<T>(&self, outcome: Result<T>) -> Result<T> {
        match &outcome {
            Err(crate::Error::Fenced) => self.metrics().fenced.inc(),
            Err(crate::Error::StorageFull) => self.metrics().storage_full.set(1),
            _ => {}
        }
        outcome
    }
}

/// The store as one business meets it.
#[derive(Debug, Clone, Copy)]
pub struct OfBusiness<'s> {
    store: &'s Store,
    business: BusinessId,
}

impl OfBusiness<'_> {
    /// [`Store::write`] for a verb of this business.
    pub async fn write<I, T, F>(self, lane: Lane, input: I, verb: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let of = Some(self.business);
        self.store.write_as(of, true, lane, input, verb).await
    }

    /// [`Store::write_relaxed`] for a verb of this business.
    pub async fn write_relaxed<I, T, F>(self, lane: Lane, input: I, verb: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let of = Some(self.business);
        self.store.write_as(of, false, lane, input, verb).await
    }

    /// A connection for reading.
    pub async fn read(self) -> Result<Conn> {
        match self.store {
            Store::Sqlite(sqlite) => sqlite.read().await,
            Store::Postgres(postgres) => Box::pin(postgres.read(Some(self.business))).await,
        }
    }

    /// A connection for a search, which may read a great deal: there are `SEARCHES`, beside those that everything
    /// else reads with. [`crate::Error::SearchTooLong`] when none is free in time; what runs on one for longer than
    /// `SEARCH_MAX` is ended with the same error.
    pub async fn search(self) -> Result<Conn> {
        let conn = match self.store {
            Store::Sqlite(sqlite) => sqlite.search().await,
            Store::Postgres(postgres) => Box::pin(postgres.search(self.business)).await,
        };
        self.store.searched(conn)
    }
}
