//! SQLite: one writer task with group commit, many readers, write-ahead log, every commit on the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use crate::gather::Gathering;
use crate::hints::Hints;
use crate::messages::gather::Accepts;
use crate::messages::mark::Mark;
use crate::metrics::Metrics;
use crate::sqlite::call::Call;
use crate::sqlite::writer::{Lanes, Writer};
use crate::store::{SEARCH_MAX, SEARCHES};
use crate::{Conn, Error, Lane, Result, StoreOptions, Tx};

mod call;
mod writer;

/// Reading connections. Reads are short; more would only hold memory.
const READERS: u32 = 8;
/// Steps of SQLite's machine between two looks at the clock; so many take less than a millisecond.
const LOOK_AT_THE_CLOCK: i32 = 10_000;
/// How long a statement waits for a lock of another process (`doctor`, a backup).
const BUSY: Duration = Duration::from_secs(5);
/// The writer keeps 16 MiB of pages (negative: in KiB): its indexes are written at random places.
const CACHE: &str = "-16384";
/// The write-ahead log is carried over every 16 MiB (in pages of 4 KiB), which costs two waits for the disk.
const CHECKPOINT: &str = "4096";
/// The write-ahead log is cut back to 64 MiB after a burst.
const LOG_KEPT: &str = "67108864";
/// How long a reader waits for a connection of the pool.
const ACQUIRE: Duration = Duration::from_secs(10);
/// Prepared statements kept per connection: more than the store has.
const STATEMENTS: usize = 512;

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    options: SqliteConnectOptions,
    readers: SqlitePool,
    searchers: SqlitePool,
    lanes: Lanes,
    writer: Mutex<Option<JoinHandle<()>>>,
    accepts: Accepts,
    marks: Arc<Gathering<(), Mark, ()>>,
    hints: Arc<Hints>,
    metrics: Metrics,
}

impl SqliteStore {
    pub(crate) async fn open(path: &Path, options: StoreOptions, metrics: Metrics) -> Result<Self> {
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .statement_cache_capacity(STATEMENTS)
            .pragma("temp_store", "memory")
            .pragma("journal_size_limit", LOG_KEPT)
            .disable_statement_logging();
        let connection = connect
            .clone()
            .pragma("cache_size", CACHE)
            .pragma("wal_autocheckpoint", CHECKPOINT)
            .connect()
            .await?;
        let hints = Arc::new(Hints::new(options.hints, metrics.clone()));
        let (lanes, inbox) = Lanes::new();
        let writer = Writer::new(
            connection,
            inbox,
            options.fail,
            Arc::clone(&hints),
            metrics.clone(),
        );
        // A connection to a file does not die unseen: asking each time whether it lives costs as much as a statement.
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE)
            .connect_lazy_with(connect.clone().read_only(true));
        let searchers = SqlitePoolOptions::new()
            .max_connections(SEARCHES)
            .test_before_acquire(false)
            .acquire_timeout(SEARCH_MAX)
            .connect_lazy_with(connect.clone().read_only(true));
        Ok(Self {
            options: connect,
            readers,
            searchers,
            lanes,
            writer: Mutex::new(Some(tokio::spawn(writer.run()))),
            accepts: Accepts::default(),
            marks: Arc::default(),
            hints,
            metrics,
        })
    }

    /// A connection of its own, for what needs no transaction of the writer.
    pub(crate) async fn connect(&self) -> Result<SqliteConnection> {
        Ok(self.options.clone().connect().await?)
    }

    pub(crate) fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Messages that wait to be accepted together.
    pub(crate) fn accepts(&self) -> &Accepts {
        &self.accepts
    }

    /// What chats tell of their messages and is not written yet.
    pub(crate) fn marks(&self) -> &Arc<Gathering<(), Mark, ()>> {
        &self.marks
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) async fn write<I, T, F>(
        &self,
        lane: Lane,
        durable: bool,
        input: I,
        verb: F,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Call::new(input, verb, reply);
        self.lanes.hand_over(lane, durable, Box::new(call)).await?;
        answer.await.map_err(|_closed| closed())?
    }

    pub(crate) async fn read(&self) -> Result<Conn> {
        Ok(Conn::sqlite(self.readers.acquire().await?))
    }

    pub(crate) async fn search(&self) -> Result<Conn> {
        let acquired = self.searchers.acquire().await;
        let mut connection = acquired.map_err(Error::of_a_search)?;
        let end = Instant::now().checked_add(SEARCH_MAX);
        connection
            .lock_handle()
            .await?
            .set_progress_handler(LOOK_AT_THE_CLOCK, move || {
                end.is_none_or(|end| Instant::now() < end)
            });
        Ok(Conn::sqlite(connection))
    }

    pub(crate) async fn close(&self) {
        self.lanes.close();
        if let Some(writer) = self.writer.lock().await.take()
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the writer of the database ended badly");
        }
        self.searchers.close().await;
        self.readers.close().await;
    }
}

/// The writer has ended.
pub(crate) fn closed() -> Error {
    Error::from(sqlx::Error::PoolClosed)
}
