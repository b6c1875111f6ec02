//! Postgres: a pool, one transaction per verb, and the retries that the server asks for.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Executor};

use crate::hints::Hints;
use crate::metrics::Metrics;
use crate::tx::Link;
use crate::{Conn, Lane, Result, StoreOptions, Tx, events};

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
    /// Renewals have a connection of their own, so that a busy pool never costs a lease.
    leases: PgPool,
    hints: Hints,
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
        let connect = connect
            .application_name("switchyard")
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(pool_max)
            .acquire_timeout(ACQUIRE)
            .connect_with(connect.clone())
            .await?;
        let leases = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE)
            .connect_lazy_with(connect);
        Ok(Self {
            pool,
            leases,
            hints: Hints::new(options.hints, metrics.clone()),
            metrics,
            fail: options.fail,
        })
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn hints(&self) -> &Hints {
        &self.hints
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
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>>,
    {
        let mut retries = 0;
        loop {
            match self.attempt(lane, durable, &input, &verb).await {
                Err(error) if error.asks_for_retry() && retries < RETRIES => retries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn attempt<I, T, F>(&self, lane: Lane, durable: bool, input: &I, verb: &F) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>>,
    {
        let pool = match lane {
            Lane::Leases => &self.leases,
            Lane::Messages | Lane::Rest => &self.pool,
        };
        let mut transaction = pool.begin().await?;
        if !durable {
            transaction
                .execute(sqlx::query("set local synchronous_commit = off"))
                .await?;
        }
        let mut tx = Tx::new(Link::Postgres(transaction));
        let answer = verb(&mut tx, input).await?;
        self.fail
            .pass(switchyard_core::fail::FailPoint::InGroupCommit);
        events::flush(&mut tx).await?;
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

    pub(crate) async fn close(&self) {
        self.leases.close().await;
        self.pool.close().await;
    }
}
