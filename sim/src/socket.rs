//! A handle on one connected client: what others use to send to it or to end it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::faults::Fault;
use crate::noise::Pattern;

/// How many stanzas may wait for a slow reader; beyond that it is disconnected and gets them again
/// at its next login. Above the number of messages in flight ([`crate::queue::WINDOW`]), so that
/// only answers to a flood of requests can fill it.
const WAITING: usize = 4_096;

/// Which device a connection logged in as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// Digits of the phone.
    pub(crate) phone: String,
    /// Number of the device, never 0.
    pub(crate) device: u16,
}

/// What the writer of a connection is asked to do.
pub(crate) enum Out {
    /// Send this.
    Stanza(Node),
    /// Send these bytes as they are, unsealed.
    Raw(Vec<u8>),
    /// Seal these bytes as if they were a stanza.
    Sealed(Vec<u8>),
    /// Close the WebSocket after what was sent before.
    Close,
}

/// One connected client.
pub(crate) struct Socket {
    /// Different for every connection of this network, also over restarts.
    pub(crate) number: u64,
    /// The client's static Noise key.
    pub(crate) client: [u8; 32],
    /// How it shook hands.
    pub(crate) handshake: Pattern,
    who: OnceLock<Who>,
    ending: OnceLock<String>,
    out: mpsc::Sender<Out>,
    over: CancellationToken,
    /// Milliseconds since 1970.
    heard_at: AtomicI64,
    /// The fault that it is frozen by, in both directions.
    frozen: Mutex<Option<Fault>>,
}

impl Socket {
    /// A handle, and the receiving side for its writer.
    pub(crate) fn new(
        number: u64,
        client: [u8; 32],
        handshake: Pattern,
        over: CancellationToken,
    ) -> (Arc<Self>, mpsc::Receiver<Out>) {
        let (out, receiver) = mpsc::channel(WAITING);
        let socket = Self {
            number,
            client,
            handshake,
            who: OnceLock::new(),
            ending: OnceLock::new(),
            out,
            over,
            heard_at: AtomicI64::new(jiff::Timestamp::now().as_millisecond()),
            frozen: Mutex::new(None),
        };
        (Arc::new(socket), receiver)
    }

    /// The fault that it is frozen by: still the one of before, if that is switched on, or one that strikes now.
    pub(crate) fn frozen(
        &self,
        is_on: impl FnOnce(&Fault) -> bool,
        strike: impl FnOnce() -> Option<Fault>,
    ) -> Option<Fault> {
        let mut frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        *frozen = frozen.take().filter(is_on).or_else(strike);
        frozen.clone()
    }

    /// Bytes came.
    pub(crate) fn hear(&self) {
        let now = jiff::Timestamp::now().as_millisecond();
        self.heard_at.store(now, Ordering::Relaxed);
    }

    /// When the last bytes came; the handshake is the first.
    pub(crate) fn heard_at(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.heard_at.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Says who this is, once.
    pub(crate) fn identify(&self, who: Who) {
        if self.who.set(who).is_err() {
            tracing::debug!(socket = self.number, "a connection logged in twice");
        }
    }

    /// Who logged in here.
    pub(crate) fn who(&self) -> Option<&Who> {
        self.who.get()
    }

    /// Sends a stanza; a client that reads too slowly is disconnected instead.
    pub(crate) fn send(&self, node: Node) {
        self.push(Out::Stanza(node));
    }

    /// Asks the writer for anything else.
    pub(crate) fn push(&self, out: Out) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.out.try_send(out) {
            self.end("slow");
        }
    }

    /// Sends `node` and closes the WebSocket after it; `code` goes to the log.
    pub(crate) fn say_and_close(&self, node: Node, code: &str) {
        self.send(node);
        self.close(code);
    }

    /// Closes the WebSocket after what was sent before.
    pub(crate) fn close(&self, code: &str) {
        self.note_ending(code);
        self.push(Out::Close);
    }

    /// Cuts the connection at once.
    pub(crate) fn end(&self, code: &str) {
        self.note_ending(code);
        self.over.cancel();
    }

    /// Ends when the connection is to be cut.
    pub(crate) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Why we ended the connection, if we did.
    pub(crate) fn ending(&self) -> Option<&str> {
        self.ending.get().map(String::as_str)
    }

    /// Remembers why we end the connection; the first reason counts.
    pub(crate) fn note_ending(&self, code: &str) {
        if self.ending.set(code.to_owned()).is_err() {
            tracing::trace!(socket = self.number, "a connection was ended twice");
        }
    }
}

/// `<stream:error code=…>` with a child when there is one.
pub(crate) fn stream_error(code: Option<u16>, child: Option<Node>) -> Node {
    let mut builder = NodeBuilder::new("stream:error");
    if let Some(code) = code {
        builder = builder.attr("code", code);
    }
    builder.children(child).build()
}

/// `<conflict type=…/>`.
pub(crate) fn conflict(kind: &str) -> Node {
    NodeBuilder::new("conflict").attr("type", kind).build()
}
