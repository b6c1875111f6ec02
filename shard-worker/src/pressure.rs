//! How much a connection has received that the client is not done with. Its own queues have no bound: while the
//! database is slow or away they would hold everything that arrives. Past a bound nothing more is read; when that does
//! not help the connection is given up, and WhatsApp keeps the rest until the next one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wacore::net::TransportEvent;
use wacore_binary::{NodeContentRef, NodeRef, OwnedNodeRef};
use whatsapp_rust::async_channel;

use crate::pulse::Pulse;

/// So many bytes may wait.
const BYTES_MAX: usize = 8 << 20;
/// So many messages may wait.
const MESSAGES_MAX: usize = 2_000;
/// So many events may wait between the socket and the client.
const EVENTS: usize = 8;
/// How long the client may take until less waits. Shorter than WhatsApp's and the client's own patience with a side
/// that says nothing.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause between two looks at what waits.
const LOOK: Duration = Duration::from_millis(20);

/// The messages that have arrived and that the client still holds: it lets go of each once its durability hook has
/// ended, or once it knows that there is nothing to commit.
#[derive(Debug, Default)]
pub(crate) struct Pressure(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<(Weak<OwnedNodeRef>, usize)>,
    bytes: usize,
}

impl Pressure {
    /// A stanza arrived. Only messages are queued, all else is worked off at once.
    pub(crate) fn arrive(&self, stanza: &Arc<OwnedNodeRef>) {
        if stanza.tag() != "message" {
            return;
        }
        let size = size(stanza.get());
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.messages.push_back((Arc::downgrade(stanza), size));
        waiting.bytes = waiting.bytes.saturating_add(size);
        waiting.let_go_of_the_oldest();
    }

    /// Whether more waits now than may.
    fn is_too_much(&self) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_too_much() {
            waiting.let_go_of_all();
        }
        waiting.is_too_much()
    }
}

impl Waiting {
    fn is_too_much(&self) -> bool {
        self.messages.len() > MESSAGES_MAX || self.bytes > BYTES_MAX
    }

    /// What arrived first is mostly done first.
    fn let_go_of_the_oldest(&mut self) {
        while let Some((message, size)) = self.messages.front()
            && message.strong_count() == 0
        {
            self.bytes = self.bytes.saturating_sub(*size);
            self.messages.pop_front();
        }
    }

    /// Chats are worked off side by side: behind a slow one, others may be done.
    fn let_go_of_all(&mut self) {
        self.messages
            .retain(|(message, _)| message.strong_count() > 0);
        self.bytes = self.messages.iter().map(|(_, size)| size).sum();
    }
}

/// Passes a socket's events on, and none while too much waits; calls `flooded` when that does not get less in time.
pub(crate) fn paced(
    events: async_channel::Receiver<TransportEvent>,
    pressure: Arc<Pressure>,
    pulse: Arc<Pulse>,
    flooded: impl FnOnce() + Send + 'static,
) -> async_channel::Receiver<TransportEvent> {
    let (sender, receiver) = async_channel::bounded(EVENTS);
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            let since = Instant::now();
            while pressure.is_too_much() && !sender.is_closed() {
                if since.elapsed() > PATIENCE {
                    return flooded();
                }
                sleep(LOOK).await;
            }
            if matches!(event, TransportEvent::DataReceived(_)) {
                pulse.arrive();
            }
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// The bytes of a stanza's contents: nearly all of it.
fn size(node: &NodeRef<'_>) -> usize {
    match &node.content {
        Some(NodeContentRef::Bytes(bytes)) => bytes.len(),
        Some(NodeContentRef::String(text)) => text.len(),
        Some(NodeContentRef::Nodes(nodes)) => nodes.iter().map(size).sum(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore_binary::builder::NodeBuilder;
    use wacore_binary::marshal::marshal;

    fn stanza(tag: &'static str, bytes: usize) -> Arc<OwnedNodeRef> {
        let sealed = NodeBuilder::new("enc").bytes(vec![7; bytes]).build();
        let node = NodeBuilder::new(tag).children([sealed]).build();
        // Without the byte that says how it is packed.
        let packed = marshal(&node).unwrap().split_off(1);
        Arc::new(OwnedNodeRef::new(packed).unwrap())
    }

    #[test]
    fn messages_count_as_long_as_the_client_holds_them_in_whatever_order_it_lets_go() {
        let pressure = Pressure::default();
        let mut held: Vec<_> = (0..MESSAGES_MAX).map(|_| stanza("message", 10)).collect();
        for it in &held {
            pressure.arrive(it);
        }
        pressure.arrive(&stanza("receipt", 10));
        assert!(!pressure.is_too_much());
        held.push(stanza("message", 10));
        pressure.arrive(&held[MESSAGES_MAX]);
        assert!(pressure.is_too_much());
        held.swap_remove(1_000);
        assert!(!pressure.is_too_much());
    }

    #[test]
    fn bytes_count_too_and_what_is_done_does_not() {
        let pressure = Pressure::default();
        for _ in 0..10 {
            pressure.arrive(&stanza("message", 1 << 20));
        }
        assert!(!pressure.is_too_much());
        let held: Vec<_> = (0..9).map(|_| stanza("message", 1 << 20)).collect();
        for it in &held {
            pressure.arrive(it);
        }
        assert!(pressure.is_too_much());
    }

    #[tokio::test]
    async fn nothing_is_read_while_too_much_waits() {
        let pressure = Arc::new(Pressure::default());
        let (socket, events) = async_channel::bounded(EVENTS);
        let flooded = || panic!("it eased in time");
        let events = paced(events, Arc::clone(&pressure), Arc::default(), flooded);
        let held: Vec<_> = (0..9).map(|_| stanza("message", 1 << 20)).collect();
        for it in &held {
            pressure.arrive(it);
        }
        socket.send(TransportEvent::Connected).await.unwrap();
        tokio::time::timeout(LOOK, events.recv()).await.unwrap_err();
        drop(held);
        assert!(matches!(events.recv().await, Ok(TransportEvent::Connected)));
    }
}
