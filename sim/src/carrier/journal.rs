//! The ledger of one call: everything that was asked, answered, said, pressed and heard, in order.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many entries a call keeps; a call that asks for more goes on, and its ledger says how many are missing.
const KEPT: usize = 2_000;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A document or sound was asked for, and this is what came.
    Request,
    /// The call has another status.
    Status,
    /// A status or recording callback was delivered, or was not.
    Callback,
    /// A verb begins.
    Verb,
    /// The network reads a text to the caller.
    Said,
    /// The network plays audio to the caller.
    Played,
    /// The caller presses a digit.
    Digit,
    /// The caller speaks.
    Spoke,
    /// What the caller said was kept.
    Recorded,
    /// What happens on a media stream.
    Stream,
    /// A leg to somebody else.
    Leg,
    /// Something that Twilio's debugger would show.
    Error,
    /// A step of the caller's script, and whether it came true.
    Script,
}

/// The ledger.
#[derive(Default)]
pub(crate) struct Journal {
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Default)]
struct Kept {
    entries: Vec<Value>,
    missing: u64,
    start: Option<Instant>,
}

impl Journal {
    /// Adds an entry; `about` is an object.
    pub(crate) fn note(&self, kind: Kind, about: Value) {
        let mut kept = self.lock();
        if kept.entries.len() >= KEPT {
            kept.missing = kept.missing.saturating_add(1);
            return;
        }
        let start = *kept.start.get_or_insert_with(Instant::now);
        let mut entry = Map::new();
        entry.insert("n".to_owned(), (kept.entries.len() + 1).into());
        entry.insert("at".to_owned(), jiff::Timestamp::now().to_string().into());
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        entry.insert("ms".to_owned(), ms.into());
        entry.insert(
            "kind".to_owned(),
            serde_json::to_value(kind).unwrap_or_default(),
        );
        if let Value::Object(about) = about {
            entry.extend(about);
        }
        kept.entries.push(Value::Object(entry));
        drop(kept);
        self.changed.notify_waiters();
    }

    /// All entries after the first `after`.
    pub(crate) fn after(&self, after: usize) -> Vec<Value> {
        self.lock().entries.iter().skip(after).cloned().collect()
    }

    /// How many entries there are, and how many had no room.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let kept = self.lock();
        (kept.entries.len(), kept.missing)
    }

    /// Waits until an entry after the first `after` is as wanted. Returns how many entries stand up to and with it.
    pub(crate) async fn wait(&self, after: usize, wanted: impl Fn(&Value) -> bool) -> usize {
        let mut seen = after;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (found, count) = {
                let kept = self.lock();
                let found = kept.entries.iter().skip(seen).position(&wanted);
                (found, kept.entries.len())
            };
            if let Some(place) = found {
                return seen + place + 1;
            }
            seen = count;
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
