//! A connection of the pool in use. A connection that died without a word (a firewall forgot it, a machine lost its
//! power) answers nothing for as long as the kernel sends again, a quarter of an hour: so no answer is waited for
//! longer than [`Patience`], and what did not answer never comes back to the pool.

use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use prometheus::IntCounter;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions, PgTransactionManager};
use sqlx::{AssertSqlSafe, Connection, Postgres, SqlSafeStr};
use sqlx_core::transaction::TransactionManager;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long an idle connection may take to show that it lives: a connection made anew takes its place.
const PING: Duration = Duration::from_secs(1);
/// A connection that answered so shortly ago is not asked again before it is used: under load none is, which saves an
/// answer for each transaction. One that died in between is found dead when its transaction begins.
const FRESH: Duration = Duration::from_millis(250);
/// The server ended the connection: by an administrator's order, or after a crash. Source: its appendix of error codes.
const ENDED: [&str; 2] = ["57P01", "57P02"];
/// How long a connection may take to end what its user left undone, before it is closed.
const RETURN: Duration = Duration::from_secs(5);
/// The server, too, notices within a minute or so that a client died without a word, and within seconds that one hung
/// up while its statement runs or waits for a lock, and frees what it held.
/// Source: the chapter on connections of its documentation; seconds, but for those with another unit. The last is there
/// from Postgres 14 on, which refuses what it does not know.
const PRESENCE: [(&str, &str); 5] = [
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "60000ms"),
    ("client_connection_check_interval", "2s"),
];

/// How long an answer of the server is waited for. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    most: Duration,
    exceeded: IntCounter,
}

impl Patience {
    /// `exceeded` counts the answers that did not come.
    pub(crate) fn new(most: Duration, exceeded: IntCounter) -> Self {
        Self { most, exceeded }
    }

    /// The answer, or an error like that of a broken connection: whether the server did what it was asked is as
    /// unknown. The connection must not be used again.
    pub(crate) async fn wait<T>(
        &self,
        answer: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        self.wait_at_most(self.most, answer).await
    }

    async fn wait_at_most<T>(
        &self,
        most: Duration,
        answer: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        match timeout(most, answer).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                self.exceeded.inc();
                let silent = "the server did not answer in time";
                Err(io::Error::new(io::ErrorKind::TimedOut, silent).into())
            }
        }
    }
}

/// Settings of every connection by which the server notices that this process is gone.
pub(super) fn presence() -> impl Iterator<Item = (&'static str, &'static str)> {
    PRESENCE.into_iter()
}

/// A pool that hands out no connection which was idle and does not answer.
pub(super) fn pool(patience: &Patience) -> PgPoolOptions {
    let patience = patience.clone();
    PgPoolOptions::new()
        .test_before_acquire(false)
        .before_acquire(move |connection, state| {
            let patience = patience.clone();
            Box::pin(async move {
                if state.idle_for > FRESH {
                    patience.wait_at_most(PING, connection.ping()).await?;
                }
                Ok(true)
            })
        })
}

/// Whether there is no connection, or it broke, or the server ended it.
pub(super) fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|it| ENDED.contains(&&*it)),
        _ => false,
    }
}

/// A connection, within a transaction or without one. Dropped it rolls back what was not committed, and goes back to
/// its pool if it answers.
#[derive(Debug)]
pub(crate) struct Line {
    connection: PoolConnection<Postgres>,
    patience: Patience,
    is_within: bool,
    /// Whether a transaction may have begun that the driver does not know of: it would leave it open.
    is_beginning: bool,
}

impl Line {
    /// A connection for statements that are transactions of their own: nobody could tell whether the first of them was
    /// carried out, so it must have answered.
    pub(super) async fn acquire(pool: &PgPool, patience: &Patience) -> sqlx::Result<Self> {
        let mut line = Self::take(pool, patience).await?;
        line.is_beginning = true;
        patience.wait_at_most(PING, line.connection.ping()).await?;
        line.is_beginning = false;
        Ok(line)
    }

    async fn take(pool: &PgPool, patience: &Patience) -> sqlx::Result<Self> {
        Ok(Self {
            connection: pool.acquire().await?,
            patience: patience.clone(),
            is_within: false,
            is_beginning: false,
        })
    }

    /// A connection in a transaction that begins with that statement, or as any does.
    pub(super) async fn begin(
        pool: &PgPool,
        patience: &Patience,
        statement: Option<String>,
    ) -> sqlx::Result<Self> {
        let mut line = Self::take(pool, patience).await?;
        let statement = statement.map(|it| AssertSqlSafe(it).into_sql_str());
        line.is_beginning = true;
        let begun = PgTransactionManager::begin(&mut line.connection, statement);
        patience.wait(begun).await?;
        line.is_beginning = false;
        line.is_within = true;
        Ok(line)
    }

    /// Waits so long for each answer from now on: for statements that rewrite many rows.
    pub(crate) fn wait_for(&mut self, most: Duration) {
        self.patience.most = most;
    }

    /// How long an answer on it is waited for.
    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// Commits. After an error nobody knows whether the server did.
    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        let committed = PgTransactionManager::commit(&mut self.connection);
        self.patience.wait(committed).await?;
        self.is_within = false;
        Ok(())
    }
}

impl Deref for Line {
    type Target = PgConnection;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_within {
            PgTransactionManager::start_rollback(&mut self.connection);
        }
        // It asks the server for a sign of life. Dropped before that came it closes the connection, with no word to a
        // server that would not hear it, and frees its place in the pool.
        let back = Box::pin(self.connection.return_to_pool());
        if self.is_beginning {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let exceeded = self.patience.exceeded.clone();
            runtime.spawn(async move {
                if timeout(RETURN, back).await.is_err() {
                    exceeded.inc();
                }
            });
        }
    }
}
