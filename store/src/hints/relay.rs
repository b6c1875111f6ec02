//! Carrying hints between processes: one task sends what was gathered, one hears what others send.
//!
//! A message is the instance that sent it and what it hints at. An instance drops its own: its listeners have heard
//! them already.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use switchyard_core::queue::Queue;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outbox::Outbox;
use super::postgres::Wire;
use super::{Hint, Hints};
use crate::Store;
use crate::redis::Redis;

/// Between two sendings: a queue or business is hinted at 20 times a second at most.
const GAP: Duration = Duration::from_millis(50);
/// Between two tries to hear or to send, at first and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// What one message hints at, at most: Postgres takes less than 8,000 bytes.
const MOST: usize = 200;

/// How hints reach other processes.
#[derive(Debug)]
pub enum Via {
    /// By the database itself; on SQLite, which has one process, not at all.
    Database,
    /// By Redis.
    Redis(Redis),
}

/// What is hinted at in one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Jobs,
    Events,
    Sessions,
    Credentials,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Jobs, Self::Events, Self::Sessions, Self::Credentials];

    /// The last word of a channel's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Events => "events",
            Self::Sessions => "sessions",
            Self::Credentials => "credentials",
        }
    }
}

/// What is sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

enum Carrier {
    Postgres(Wire),
    Redis(Redis),
}

/// The tasks that carry hints.
#[derive(Debug)]
pub struct Relay {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Relay {
    /// Carries the hints of this store to other processes and theirs to its listeners. At most one per store.
    pub fn start(store: &Store, via: Via) -> Self {
        let stop = CancellationToken::new();
        let carrier = match (via, store) {
            (Via::Redis(redis), _) => Carrier::Redis(redis),
            (Via::Database, Store::Postgres(postgres)) => Carrier::Postgres(Wire::new(postgres)),
            (Via::Database, Store::Sqlite(_)) => {
                return Self {
                    stop,
                    tasks: Vec::new(),
                };
            }
        };
        let carrier = Arc::new(carrier);
        let instance = Uuid::new_v4();
        let outbox = store.hints().outbox();
        let sending = send(Arc::clone(&carrier), outbox, instance);
        let hearing = hear(carrier, store.clone(), instance);
        Self {
            tasks: vec![
                tokio::spawn(until(stop.clone(), sending)),
                tokio::spawn(until(stop.clone(), hearing)),
            ],
            stop,
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the hints ended badly");
            }
        }
    }
}

async fn until(stop: CancellationToken, work: impl Future<Output = Infallible>) {
    stop.run_until_cancelled(work).await;
}

/// Sends what was gathered; what cannot be sent is dropped, since by then everybody has looked.
async fn send(carrier: Arc<Carrier>, outbox: Arc<Outbox>, instance: Uuid) -> Infallible {
    let mut pause = AGAIN.0;
    loop {
        let messages = written(instance, &outbox.take().await);
        let sent = match carrier.as_ref() {
            Carrier::Postgres(wire) => wire.send(&messages).await.map_err(|it| it.to_string()),
            Carrier::Redis(redis) => redis.publish(&messages).await.map_err(|it| it.to_string()),
        };
        match sent {
            Ok(()) => {
                pause = AGAIN.0;
                tokio::time::sleep(GAP).await;
            }
            Err(error) => {
                tracing::warn!(error, "hints could not be sent");
                pause = waited(pause).await;
            }
        }
    }
}

async fn hear(carrier: Arc<Carrier>, store: Store, instance: Uuid) -> Infallible {
    let mut pause = AGAIN.0;
    loop {
        let hints = store.hints();
        let heard = |kind, text: &str| hints.heard(kind, text, instance);
        let started = tokio::time::Instant::now();
        let Err(error) = match carrier.as_ref() {
            Carrier::Postgres(wire) => Box::pin(wire.hear(heard))
                .await
                .map_err(|it| it.to_string()),
            Carrier::Redis(redis) => redis.hear(heard).await.map_err(|it| it.to_string()),
        };
        tracing::warn!(error, "hints of other processes cannot be heard");
        if started.elapsed() > AGAIN.1 {
            pause = AGAIN.0;
        }
        pause = waited(pause).await;
    }
}

/// Waits, and says how long to wait the next time.
async fn waited(pause: Duration) -> Duration {
    tokio::time::sleep(pause).await;
    pause.saturating_mul(2).min(AGAIN.1)
}

impl Hints {
    /// Passes on what another process hints at, and drops what is our own.
    fn heard(&self, kind: Kind, text: &str, instance: Uuid) {
        match read(kind, text) {
            Some((from, _)) if from == instance => self.echoed(),
            Some((_, hints)) => self.pass_on(hints),
            None => tracing::warn!(kind = kind.name(), "a hint could not be read"),
        }
    }
}

/// The messages for these hints: the instance, then what is hinted at, separated by spaces.
fn written(instance: Uuid, hints: &[Hint]) -> Vec<Message> {
    let mut words: HashMap<Kind, Vec<String>> = HashMap::new();
    for hint in hints {
        let (kind, word) = match hint {
            Hint::Jobs(queue) => (Kind::Jobs, queue.name().to_owned()),
            Hint::Events(business) => (Kind::Events, business.uuid().simple().to_string()),
            Hint::Session(session) => (Kind::Sessions, session.uuid().simple().to_string()),
            Hint::Credentials(word) => (Kind::Credentials, format!("{word:x}")),
        };
        words.entry(kind).or_default().push(word);
    }
    let mut messages = Vec::new();
    for (kind, words) in words {
        for chunk in words.chunks(MOST) {
            let mut text = instance.simple().to_string();
            for word in chunk {
                // Writing into a text does not fail.
                write!(text, " {word}").ok();
            }
            messages.push(Message { kind, text });
        }
    }
    messages
}

fn read(kind: Kind, text: &str) -> Option<(Uuid, Vec<Hint>)> {
    let mut words = text.split(' ');
    let from = words.next()?.parse().ok()?;
    let hints: Option<Vec<Hint>> = words
        .map(|word| match kind {
            Kind::Jobs => Queue::parse(word).map(Hint::Jobs),
            Kind::Events => uuid(word).map(|id| Hint::Events(id.into())),
            Kind::Sessions => uuid(word).map(|id| Hint::Session(id.into())),
            Kind::Credentials => u64::from_str_radix(word, 16).ok().map(Hint::Credentials),
        })
        .collect();
    Some((from, hints?))
}

fn uuid(word: &str) -> Option<Uuid> {
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use switchyard_core::{BusinessId, SessionId};

    use super::*;

    #[test]
    fn what_is_written_is_read_and_no_message_is_too_long() {
        let instance = Uuid::new_v4();
        let mut hints = vec![Hint::Jobs(Queue::High), Hint::Jobs(Queue::ReceiptsSync)];
        hints.extend((0..500).map(|_| Hint::Events(BusinessId::generate())));
        hints.push(Hint::Session(SessionId::generate()));
        hints.push(Hint::Credentials(u64::MAX));
        let messages = written(instance, &hints);
        assert_eq!(messages.len(), 6, "three for 500 businesses");
        assert!(messages.iter().all(|it| it.text.len() < 8_000));
        let found: Vec<Hint> = messages
            .iter()
            .flat_map(|it| {
                let (from, hints) = read(it.kind, &it.text).unwrap();
                assert_eq!(from, instance);
                hints
            })
            .collect();
        assert_eq!(found.len(), hints.len());
        assert!(hints.iter().all(|hint| found.contains(hint)));
        assert!(read(Kind::Jobs, "somebody high").is_none());
        assert!(read(Kind::Jobs, &format!("{instance} unknown")).is_none());
    }
}
