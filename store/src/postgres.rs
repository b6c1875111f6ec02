//! Postgres: a pool, one transaction per verb, and the retries that the server asks for.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Executor};
use uuid::Uuid;

use crate::hints::Hints;
use crate::messages::gather::Accepts;
use crate::metrics::Metrics;
use crate::store::{SEARCH_MAX, SEARCHES};
use crate::tx::Link;
use crate::{Conn, Error, Result, StoreOptions, Tx, survey};

/// Connections of a process beside its pool: one renews a lease, one listens to hints, some search.
pub const BESIDE: u32 = 2 + SEARCHES;
/// The server ends a transaction that waits longer for its next statement: a process that was paused in the middle of
/// one would hold its locks, and with them the sessions that another process is to take over.
const IDLE: &str = "2s";
/// How long a caller waits for a connection of the pool.
const ACQUIRE: Duration = Duration::from_secs(10);
/// How often a transaction is tried again after a serialization failure or a deadlock.
const RETRIES: u32 = 3;
/// Prepared statements kept per connection: more than the store has.
const STATEMENTS: usize = 512;

/// The store in a Postgres database.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
    searchers: PgPool,
    /// How to reach the server itself, past any pool.
    direct: PgConnectOptions,
    /// What the connections of this process are called.
    name: String,
    hints: Hints,
    accepts: Accepts,
    metrics: Metrics,
    fail: Arc<switchyard_core::fail::FailPoints>,
}

impl PostgresStore {
    pub(crate) async fn connect(
        url: &str,
        pool_max: u32,
        options: StoreOptions,
        metrics: Metrics,
    ) -> Result<Self> {
        let connect: PgConnectOptions = url.parse()?;
        let word = Uuid::new_v4().simple().to_string();
        let word = word.get(..8).unwrap_or_default();
        let name = survey::name(word, pool_max.saturating_add(BESIDE));
        let connect = connect
            .application_name(&name)
            .options([("idle_in_transaction_session_timeout", IDLE)])
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(pool_max)
            .acquire_timeout(ACQUIRE)
            .connect_with(connect.clone())
            .await?;
        let searchers = PgPoolOptions::new()
            .max_connections(SEARCHES)
            .acquire_timeout(SEARCH_MAX)
            .connect_lazy_with(connect.clone());
        Ok(Self {
            pool,
            searchers,
            direct: connect,
            name,
            hints: Hints::new(options.hints, metrics.clone()),
            accepts: Arc::default(),
            metrics,
            fail: options.fail,
        })
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How to reach the server itself, for connections that are no pool's.
    pub(crate) fn direct(&self) -> PgConnectOptions {
        self.direct.clone()
    }

    /// What the connections of this process are called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Messages that wait to be accepted together.
    pub(crate) fn accepts(&self) -> &Accepts {
        &self.accepts
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) async fn write<I, T, F>(&self, durable: bool, input: I, verb: F) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>>,
    {
        let mut retries = 0;
        loop {
            match self.attempt(durable, &input, &verb).await {
                Err(error) if error.asks_for_retry() && retries < RETRIES => retries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn attempt<I, T, F>(&self, durable: bool, input: &I, verb: &F) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>>,
    {
        let mut transaction = self.pool.begin().await?;
        if !durable {
            transaction
                .execute(sqlx::query("set local synchronous_commit = off"))
                .await?;
        }
        let mut tx = Tx::new(Link::Postgres(transaction));
        let answer = verb(&mut tx, input).await?;
        self.fail
            .pass(switchyard_core::fail::FailPoint::InGroupCommit);
        tx.flush().await?;
        let rows = tx.rows;
        let (link, hints) = tx.into_link();
        if let Link::Postgres(transaction) = link {
            transaction.commit().await?;
        }
        self.metrics.committed(rows);
        self.hints.give(hints);
        Ok(answer)
    }

    pub(crate) async fn read(&self) -> Result<Conn> {
        Ok(Conn::postgres(self.pool.acquire().await?))
    }

    /// The server ends what runs on it for too long.
    pub(crate) async fn search(&self) -> Result<Conn> {
        let begun = self.searchers.begin().await;
        let mut transaction = begun.map_err(Error::of_a_search)?;
        let limit = format!("set local statement_timeout = {}", SEARCH_MAX.as_millis());
        transaction
            .execute(sqlx::query(sqlx::AssertSqlSafe(limit)))
            .await?;
        Ok(Conn::postgres_search(transaction))
    }

    pub(crate) async fn close(&self) {
        self.searchers.close().await;
        self.pool.close().await;
    }
}
