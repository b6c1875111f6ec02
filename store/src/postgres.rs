//! Postgres: a pool, one transaction per verb, and the retries that the server asks for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use switchyard_core::BusinessId;
use uuid::Uuid;

use crate::hints::Hints;
use crate::messages::gather::Accepts;
use crate::metrics::Metrics;
use crate::postgres::line::{Line, Patience};
use crate::postgres::pool::PoolMetrics;
use crate::postgres::walls::Manner;
use crate::store::{SEARCH_MAX, SEARCHES};
use crate::tx::Link;
use crate::{Conn, Error, Result, StoreOptions, Tx, survey, trace};

pub(crate) mod line;
mod pool;
pub(crate) mod walls;

pub use walls::Login;

/// Connections of a process beside its pool: one renews a lease, one listens to hints, some search.
pub const BESIDE: u32 = 2 + SEARCHES;
/// The server ends a transaction that waits longer for its next statement: a process that was paused in the middle of
/// one would hold its locks, and with them the sessions that another process is to take over.
const IDLE: &str = "2s";
/// How long a caller waits for a connection of the pool.
const ACQUIRE: Duration = Duration::from_secs(10);
/// How long one try for it lasts. While the server is away the driver waits longer and longer between two attempts, up to
/// a fifth of this: with one long try a server that is back would be noticed seconds later.
const TRY: Duration = Duration::from_secs(2);
/// How often a transaction is tried again after a serialization failure or a deadlock.
const RETRIES: u32 = 3;
/// Prepared statements kept per connection: more than the store has.
const STATEMENTS: usize = 512;

/// The store in a Postgres database.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
    searchers: PgPool,
    patience: Patience,
    login: Login,
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
            // Compiling a plan is for statements that run for long, and none of ours should.
            .options([("jit", "off")])
            .options(line::presence())
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let patience = Patience::new(options.answer, metrics.unanswered.clone());
        let pool = line::pool(&patience)
            .max_connections(pool_max)
            .acquire_timeout(TRY)
            .connect_lazy_with(connect.clone());
        let searchers = line::pool(&patience)
            .max_connections(SEARCHES)
            .acquire_timeout(SEARCH_MAX)
            .connect_lazy_with(connect.clone());
        let login = patiently(|| Login::of(&pool, &patience)).await?;
        PoolMetrics::register(&pool, &options.registry)?;
        Ok(Self {
            pool,
            searchers,
            patience,
            login,
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

    /// Whom this process logged in as.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// How to reach the server itself, for connections that are no pool's.
    pub(crate) fn direct(&self) -> PgConnectOptions {
        self.direct.clone()
    }

    /// What the connections of this process are called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How long an answer of the server is waited for.
    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
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

    /// `of`: the one business that the transaction sees; all of them without one.
    pub(crate) async fn write<I, T, F>(
        &self,
        of: Option<BusinessId>,
        durable: bool,
        input: I,
        verb: F,
    ) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>>,
    {
        let mut retries = 0;
        loop {
            match self.attempt(of, durable, &input, &verb).await {
                Err(error) if error.asks_for_retry() && retries < RETRIES => retries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn attempt<I, T, F>(
        &self,
        of: Option<BusinessId>,
        durable: bool,
        input: &I,
        verb: &F,
    ) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>>,
    {
        let manner = if durable {
            Manner::Plain
        } else {
            Manner::Relaxed
        };
        let transaction = patiently(|| self.begin(&self.pool, of, manner)).await?;
        let mut tx = Tx::new(Link::Postgres(transaction));
        tx.trace = trace::current();
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

    pub(crate) async fn read(&self, of: Option<BusinessId>) -> Result<Conn> {
        match self.login.begin(of, Manner::Plain) {
            Some(begin) => {
                let within = || Line::begin(&self.pool, &self.patience, Some(begin.clone()));
                Ok(Conn::postgres(patiently(within).await?))
            }
            None => self.bare().await,
        }
    }

    /// A connection for reading as whoever logged in, who need not see any row of a business.
    pub(crate) async fn bare(&self) -> Result<Conn> {
        Ok(Conn::postgres(self.line().await?))
    }

    /// A connection for statements that are transactions of their own.
    pub(crate) async fn line(&self) -> Result<Line> {
        Ok(patiently(|| Line::acquire(&self.pool, &self.patience)).await?)
    }

    /// The server ends what runs on it for too long.
    pub(crate) async fn search(&self, of: BusinessId) -> Result<Conn> {
        let manner = Manner::Within(SEARCH_MAX);
        let line = self.begin(&self.searchers, Some(of), manner).await;
        Ok(Conn::postgres(line.map_err(Error::of_a_search)?))
    }

    async fn begin(
        &self,
        pool: &PgPool,
        of: Option<BusinessId>,
        manner: Manner,
    ) -> sqlx::Result<Line> {
        Line::begin(pool, &self.patience, self.login.begin(of, manner)).await
    }

    pub(crate) async fn close(&self) {
        self.searchers.close().await;
        self.pool.close().await;
    }
}

/// Tries again while there is no connection, for as long as a caller waits. One that broke as it was taken is none:
/// nothing was asked of it but to begin.
async fn patiently<T, F>(connected: impl Fn() -> F) -> sqlx::Result<T>
where
    F: Future<Output = sqlx::Result<T>>,
{
    let begun = Instant::now();
    loop {
        match connected().await {
            Err(error) if line::is_gone(&error) && begun.elapsed() < ACQUIRE => {}
            outcome => return outcome,
        }
    }
}
