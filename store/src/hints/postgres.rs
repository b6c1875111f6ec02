//! Hints over Postgres: `NOTIFY` by a statement of its own, `LISTEN` on a connection of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::relay::{Kind, Message};
use crate::postgres::PostgresStore;
use crate::{Error, Result};

/// Never inside the transaction that changed something: a commit with a `NOTIFY` in it waits for every other such one.
const NOTIFY: &str = "select pg_notify($1, $2)";

/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long without a hint the server is asked whether it is there: nobody tells of a connection that died without
/// a word.
const QUIET: Duration = Duration::from_secs(10);

/// Sending over the pool and listening past it: a pooler would hand the listening connection to somebody else.
#[derive(Debug)]
pub(super) struct Wire(Arc<PostgresStore>);

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
    pub(super) fn new(store: &Arc<PostgresStore>) -> Self {
        Self(Arc::clone(store))
    }

    /// Sends to every process that listens.
    pub(super) async fn send(&self, messages: &[Message]) -> Result<()> {
        let mut line = self.0.line().await?;
        let patience = line.patience().clone();
        for message in messages {
            let sent = sqlx::query(NOTIFY)
                .bind(channel(message.kind))
                .bind(message.text.as_str())
                .execute(&mut *line);
            patience.wait(sent).await?;
        }
        Ok(())
    }

    /// Hands over what is sent until the connection breaks or falls silent.
    pub(super) async fn hear(&self, heard: impl Fn(Kind, &str)) -> Result<Infallible> {
        // A pool for each connection: the listener returns it in the background, which a dead one does not survive.
        let listening = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(CONNECT)
            .connect_lazy_with(self.0.direct());
        let patience = self.0.patience();
        let mut listener = Box::pin(PgListener::connect_with(&listening)).await?;
        // A connection that broke is replaced by the relay, which waits between two tries.
        listener.eager_reconnect(false);
        let channels = Kind::ALL.map(channel);
        patience
            .wait(Box::pin(listener.listen_all(channels)))
            .await?;
        loop {
            let Ok(received) = timeout(QUIET, listener.try_recv()).await else {
                let ping = sqlx::query("select 1").execute(&mut listener);
                patience.wait(ping).await?;
                continue;
            };
            let Some(notification) = received? else {
                return Err(Error::from(sqlx::Error::WorkerCrashed));
            };
            let on = notification.channel();
            if let Some(kind) = Kind::ALL.into_iter().find(|it| channel(*it) == on) {
                heard(kind, notification.payload());
            }
        }
    }
}
