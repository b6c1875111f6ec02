//! Hints over Postgres: `NOTIFY` by a statement of its own, `LISTEN` on a connection of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::relay::{Kind, Message};
use crate::Result;
use crate::postgres::PostgresStore;
use crate::postgres::line::Patience;

/// Never inside the transaction that changed something: a commit with a `NOTIFY` in it waits for every other such one.
const NOTIFY: &str = "select pg_notify($1, $2)";

/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long without a hint the server is asked whether it is there: nobody tells of a connection that died without
/// a word.
const QUIET: Duration = Duration::from_secs(10);
/// Messages that were heard and wait to be handed over: no more is read meanwhile.
const WAITING: usize = 64;

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
        let (sender, mut messages) = mpsc::channel(WAITING);
        let ear = Ear {
            direct: self.0.direct(),
            patience: self.0.patience().clone(),
            heard: sender,
        };
        let ended = ear.listen().map_err(sqlx::Error::Io)?;
        while let Some(Message { kind, text }) = messages.recv().await {
            heard(kind, &text);
        }
        Err(ended.await.unwrap_or(sqlx::Error::WorkerCrashed).into())
    }
}

/// What listens. The driver's listener says goodbye in a task of its own when it is dropped, and over a connection that
/// died without a word that task, and the connection with it, would stay for as long as the kernel sends again. So it
/// has a runtime of its own, which takes both with it when it ends.
struct Ear {
    direct: PgConnectOptions,
    patience: Patience,
    heard: mpsc::Sender<Message>,
}

impl Ear {
    /// Listens on a thread of its own until nobody takes what it hears, or until the connection ends: why it did.
    fn listen(self) -> io::Result<oneshot::Receiver<sqlx::Error>> {
        let (end, ended) = oneshot::channel();
        thread::Builder::new()
            .name("hints".to_owned())
            .spawn(move || {
                // Made and dropped here: it may not be dropped by a thread that runs another one's tasks.
                let built = runtime::Builder::new_current_thread().enable_all().build();
                let runtime: Runtime = match built {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        // Whoever asked may have gone meanwhile.
                        end.send(error.into()).ok();
                        return;
                    }
                };
                let why = runtime.block_on(async {
                    tokio::select! {
                        why = Box::pin(self.until_it_ends()) => why.err(),
                        () = self.heard.closed() => None,
                    }
                });
                drop(runtime);
                if let Some(why) = why {
                    // Whoever asked may have gone meanwhile.
                    end.send(why).ok();
                }
            })?;
        Ok(ended)
    }

    async fn until_it_ends(&self) -> sqlx::Result<Infallible> {
        // A pool of its own: a listener gives its connection back to one.
        let listening = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(CONNECT)
            .connect_lazy_with(self.direct.clone());
        let mut listener = PgListener::connect_with(&listening).await?;
        // A connection that broke is replaced by the relay, which waits between two tries.
        listener.eager_reconnect(false);
        let channels = Kind::ALL.map(channel);
        self.patience
            .wait(Box::pin(listener.listen_all(channels)))
            .await?;
        loop {
            let Ok(received) = timeout(QUIET, listener.try_recv()).await else {
                let ping = sqlx::query("select 1").execute(&mut listener);
                self.patience.wait(ping).await?;
                continue;
            };
            let Some(notification) = received? else {
                return Err(sqlx::Error::WorkerCrashed);
            };
            let on = notification.channel();
            if let Some(kind) = Kind::ALL.into_iter().find(|it| channel(*it) == on) {
                let text = notification.payload().to_owned();
                let message = Message { kind, text };
                if self.heard.send(message).await.is_err() {
                    return Err(sqlx::Error::PoolClosed);
                }
            }
        }
    }
}
