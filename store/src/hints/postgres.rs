//! Hints over Postgres: `NOTIFY` by a statement of its own, `LISTEN` on a connection of its own.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};

use super::relay::{Kind, Message};
use crate::postgres::PostgresStore;
use crate::{Error, Result};

/// Never inside the transaction that changed something: a commit with a `NOTIFY` in it waits for every other such one.
const NOTIFY: &str = "select pg_notify($1, $2)";

/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Sending over the pool and listening past it: a pooler would hand the listening connection to somebody else.
#[derive(Debug)]
pub(super) struct Wire {
    pool: PgPool,
    listening: PgPool,
}

/// The channel of a kind.
fn channel(kind: Kind) -> &'static str {
    match kind {
        Kind::Jobs => "sy_jobs",
        Kind::Events => "sy_events",
        Kind::Sessions => "sy_sessions",
        Kind::Credentials => "sy_credentials",
    }
}

impl Wire {
    pub(super) fn new(store: &PostgresStore) -> Self {
        let listening = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT)
            .connect_lazy_with(store.direct());
        Self {
            pool: store.pool().clone(),
            listening,
        }
    }

    /// Sends to every process that listens.
    pub(super) async fn send(&self, messages: &[Message]) -> Result<()> {
        for message in messages {
            sqlx::query(NOTIFY)
                .bind(channel(message.kind))
                .bind(message.text.as_str())
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }

    /// Hands over what is sent until the connection breaks.
    pub(super) async fn hear(&self, heard: impl Fn(Kind, &str)) -> Result<Infallible> {
        let mut listener = PgListener::connect_with(&self.listening).await?;
        // A connection that broke is replaced by the relay, which waits between two tries.
        listener.eager_reconnect(false);
        listener.listen_all(Kind::ALL.map(channel)).await?;
        loop {
            let Some(notification) = listener.try_recv().await? else {
                return Err(Error::from(sqlx::Error::WorkerCrashed));
            };
            let on = notification.channel();
            if let Some(kind) = Kind::ALL.into_iter().find(|it| channel(*it) == on) {
                heard(kind, notification.payload());
            }
        }
    }
}
