//! Messages that cannot be decrypted yet, until they are written down in their places.
//!
//! While WhatsApp hands over what waited, the client commits what it could read by batches, up to three seconds
//! later than it read it; what it could not read it tells at once. So that a chat shows them in the order in which
//! they came, these wait for the batch to which they belong.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::inbound::Inbound;
use tokio::time::{Instant, sleep};
use wacore_binary::OwnedNodeRef;

/// How long they wait for a batch at most: longer than the client's own three seconds.
const TURN: Duration = Duration::from_secs(4);
/// The pause between two looks at whether the wait is over.
const LOOK: Duration = Duration::from_millis(20);
/// So many places are remembered; what waited beyond them is not put in order.
const PLACES_MAX: usize = 20_000;
/// So many wait at most; more are written down at once.
const ROWS_MAX: usize = 1_000;

/// What one connection could not read.
#[derive(Debug, Default)]
pub(crate) struct Unread(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// All that waited on WhatsApp has come: batches have one message each, in their order.
    live: bool,
    places: HashMap<String, usize>,
    rows: Vec<Inbound>,
}

impl Unread {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stanza arrived.
    pub(crate) fn arrive(&self, stanza: &OwnedNodeRef) {
        if stanza.tag() != "message" {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.live || waiting.places.len() >= PLACES_MAX {
            return;
        }
        let place = waiting.places.len();
        if let Some(id) = stanza.get_attr("id") {
            waiting
                .places
                .entry(id.as_str().into_owned())
                .or_insert(place);
        }
    }

    /// All that waited on WhatsApp has come.
    pub(crate) fn go_live(&self) {
        let mut waiting = self.waiting();
        waiting.live = true;
        waiting.places = HashMap::new();
    }

    /// One more that cannot be read.
    pub(crate) fn put(&self, row: Inbound) {
        self.waiting().rows.push(row);
    }

    /// A batch with all of these, in the order in which they came.
    pub(crate) fn join(&self, batch: Vec<Inbound>) -> Vec<Inbound> {
        let mut waiting = self.waiting();
        let mut rows = std::mem::take(&mut waiting.rows);
        if rows.is_empty() {
            return batch;
        }
        rows.extend(batch);
        rows.sort_by_key(|row| waiting.places.get(&row.wa_id).copied());
        rows
    }

    /// Those that no batch has taken, once the wait for one that began at `since` is over.
    pub(crate) async fn left(&self, since: Instant) -> Vec<Inbound> {
        loop {
            {
                let mut waiting = self.waiting();
                let is_over = waiting.live || since.elapsed() > TURN;
                if is_over || waiting.rows.is_empty() || waiting.rows.len() > ROWS_MAX {
                    return std::mem::take(&mut waiting.rows);
                }
            }
            sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::inbound::Content;
    use switchyard_core::Timestamp;
    use switchyard_core::address::Identity;
    use wacore_binary::builder::NodeBuilder;
    use wacore_binary::marshal::marshal;

    fn stanza(id: &'static str) -> OwnedNodeRef {
        let node = NodeBuilder::new("message").attr("id", id).build();
        // Without the byte that says how it is packed.
        OwnedNodeRef::new(marshal(&node).unwrap().split_off(1)).unwrap()
    }

    fn row(id: &str) -> Inbound {
        Inbound {
            peer: Identity::default(),
            from_me: false,
            wa_id: id.to_owned(),
            at: Timestamp::told(0),
            push_name: None,
            content: Content::Waiting,
        }
    }

    fn ids(rows: &[Inbound]) -> Vec<&str> {
        rows.iter().map(|row| row.wa_id.as_str()).collect()
    }

    #[tokio::test]
    async fn a_batch_takes_them_to_the_places_in_which_they_came() {
        let unread = Unread::default();
        for id in ["a", "b", "c", "d"] {
            unread.arrive(&stanza(id));
        }
        unread.put(row("b"));
        let batch = ["a", "c", "d"].map(row).to_vec();
        assert_eq!(ids(&unread.join(batch)), ["a", "b", "c", "d"]);
        assert!(unread.left(Instant::now()).await.is_empty());
    }

    #[tokio::test]
    async fn on_a_live_line_they_go_before_what_is_read_after_them() {
        let unread = Unread::default();
        unread.arrive(&stanza("later"));
        unread.go_live();
        unread.put(row("unread"));
        let joined = unread.join(vec![row("later")]);
        assert_eq!(ids(&joined), ["unread", "later"]);
        unread.put(row("alone"));
        assert_eq!(ids(&unread.left(Instant::now()).await), ["alone"]);
    }
}
