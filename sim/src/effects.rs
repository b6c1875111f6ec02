//! What a step changes and what it then sends: rows first, stanzas once the rows are kept.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wacore_binary::Node;

use crate::socket::{Out, Socket};

/// Tables of the data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Table {
    /// Things of the network itself, such as its keys.
    Network,
    /// A phone and its own keys.
    Phone,
    /// One-time keys of a phone.
    PreKey,
    /// Signal sessions of a phone.
    Session,
    /// Identities that a phone has seen.
    Identity,
    /// Companions.
    Companion,
    /// One-time keys that a companion uploaded.
    CompanionKey,
    /// Stanzas that a companion has not acknowledged.
    Queue,
    /// What a phone shows.
    Ledger,
    /// What happened on the network.
    Log,
    /// Accounts and numbers of the telephone network.
    Exchange,
}

impl Table {
    /// The number under which the table is kept.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Network => 1,
            Self::Phone => 2,
            Self::PreKey => 3,
            Self::Session => 4,
            Self::Identity => 5,
            Self::Companion => 6,
            Self::CompanionKey => 7,
            Self::Queue => 8,
            Self::Ledger => 9,
            Self::Log => 10,
            Self::Exchange => 11,
        }
    }
}

/// One value to keep, or to forget when `value` is nothing.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Where it belongs.
    pub(crate) table: Table,
    /// Whose it is.
    pub(crate) owner: String,
    /// Its name there; sorts in order where the order matters.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: Option<Vec<u8>>,
}

impl Row {
    /// Keeps `value`.
    pub(crate) fn put(table: Table, owner: &str, key: impl Into<String>, value: Vec<u8>) -> Self {
        Self {
            table,
            owner: owner.to_owned(),
            key: key.into(),
            value: Some(value),
        }
    }

    /// Keeps `value` as JSON.
    pub(crate) fn json(
        table: Table,
        owner: &str,
        key: impl Into<String>,
        value: &impl serde::Serialize,
    ) -> Self {
        // Our own plain structs always have a JSON form; an empty value would be skipped at load.
        Self::put(
            table,
            owner,
            key,
            serde_json::to_vec(value).unwrap_or_default(),
        )
    }

    /// Forgets the value.
    pub(crate) fn forget(table: Table, owner: &str, key: impl Into<String>) -> Self {
        Self {
            table,
            owner: owner.to_owned(),
            key: key.into(),
            value: None,
        }
    }
}

/// A number as a key that sorts as the number does.
pub(crate) fn sortable(number: u64) -> String {
    format!("{number:020}")
}

/// Changes and the stanzas that may only leave once the changes are kept.
#[derive(Default)]
pub(crate) struct Effects {
    /// To keep, in order; a later row with the same name wins.
    pub(crate) rows: Vec<Row>,
    frames: Vec<(Arc<Socket>, Out)>,
    then: Vec<Box<dyn FnOnce() + Send>>,
    /// Room in the writer's queue, given back when the rows are kept.
    _room: Option<OwnedSemaphorePermit>,
}

impl Effects {
    /// Nothing but room in the writer's queue.
    pub(crate) fn of_permit(permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            _room: permit,
            ..Self::default()
        }
    }

    /// Sends `node` afterwards.
    pub(crate) fn send(&mut self, socket: &Arc<Socket>, node: Node) {
        self.frames.push((Arc::clone(socket), Out::Stanza(node)));
    }

    /// Closes the connection afterwards; `code` goes to the log.
    pub(crate) fn close(&mut self, socket: &Arc<Socket>, code: &str) {
        socket.note_ending(code);
        self.frames.push((Arc::clone(socket), Out::Close));
    }

    /// Tells `done` afterwards.
    pub(crate) fn tell(&mut self, done: oneshot::Sender<()>) {
        self.then(move || {
            if done.send(()).is_err() {
                tracing::trace!("nobody waits for this change any more");
            }
        });
    }

    /// Does `step` afterwards.
    pub(crate) fn then(&mut self, step: impl FnOnce() + Send + 'static) {
        self.then.push(Box::new(step));
    }

    /// Everything is kept: lets the stanzas go.
    pub(crate) fn release(self) {
        for (socket, out) in self.frames {
            socket.push(out);
        }
        for step in self.then {
            step();
        }
    }
}
