//! Who waits for which acknowledgement of WhatsApp's server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use switchyard_core::MessageId;
use tokio::sync::oneshot;
use whatsapp_rust::types::events::ServerAck;

/// So many messages are remembered that were never acknowledged; with more, the count of all begins anew.
const SILENT: usize = 1_000;

/// What the server said of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ack {
    /// Its code, when it refused.
    pub(crate) error: Option<u16>,
}

/// The messages of one connection that are on the wire. There are at most as many as chats side by side.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    waiting: Mutex<HashMap<String, oneshot::Sender<Ack>>>,
    heard: AtomicU64,
}

impl Acks {
    /// Waits for the acknowledgement of a message; to be called before it is sent, or the answer may be missed.
    /// The receiver fails once the connection is over.
    pub(crate) fn expect(&self, wa_id: &str) -> oneshot::Receiver<Ack> {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(wa_id.to_owned(), sender);
        receiver
    }

    /// Nobody waits for this one any more.
    pub(crate) fn forget(&self, wa_id: &str) {
        self.lock().remove(wa_id);
    }

    /// The server said something of a stanza of ours.
    pub(crate) fn hear(&self, ack: &ServerAck) {
        if ack.class.as_deref() != Some("message") {
            return;
        }
        self.heard.fetch_add(1, Ordering::AcqRel);
        let Some(waiting) = self.lock().remove(&ack.id) else {
            return;
        };
        // A code that is no number is a refusal all the same.
        let error = ack
            .error
            .as_deref()
            .map(|code| code.parse().unwrap_or(u16::MAX));
        if waiting.send(Ack { error }).is_err() {
            tracing::debug!("an acknowledgement came after its waiter had gone");
        }
    }

    /// How many acknowledgements of messages this connection has heard, refusals included.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }

    /// The connection is over: nobody is answered any more.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Ack>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often messages of a session went out without an acknowledgement, over all its connections in this process.
#[derive(Debug, Default)]
pub(crate) struct Silent(Mutex<HashMap<MessageId, u32>>);

impl Silent {
    /// It happened again; answers how often it has by now.
    pub(crate) fn count(&self, message: MessageId) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= SILENT && !counts.contains_key(&message) {
            counts.clear();
        }
        let count = counts.entry(message).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// The message is settled.
    pub(crate) fn forget(&self, message: MessageId) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(class: &str, error: Option<&str>) -> ServerAck {
        ServerAck::builder()
            .id("A".to_owned())
            .class(class.to_owned())
            .maybe_error(error.map(str::to_owned))
            .build()
    }

    #[test]
    fn only_the_acknowledgement_of_a_message_counts() {
        let acks = Acks::default();
        let mut waiting = acks.expect("A");
        acks.hear(&ack("receipt", None));
        assert!(waiting.try_recv().is_err());
        acks.hear(&ack("message", Some("463")));
        assert_eq!(waiting.try_recv().unwrap().error, Some(463));
    }

    #[test]
    fn whoever_waits_when_the_connection_ends_is_told() {
        let acks = Acks::default();
        let waiting = acks.expect("A");
        acks.clear();
        assert!(waiting.blocking_recv().is_err());
    }
}
