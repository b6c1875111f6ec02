//! What goes wrong on purpose: switched on and off while the network runs.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::carrier::Route;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The connection is cut; `ms` after the login or at once.
    Cut,
    /// The connection stays open and nothing moves, for `ms` or until the fault is deleted.
    Freeze,
    /// Each stanza, either way, takes `ms` longer.
    Slow,
    /// A message is relayed and its acknowledgement never comes.
    DropAck,
    /// A message is refused with `code` and not relayed.
    AckError,
    /// A login is refused by `<failure reason=code>`.
    Failure,
    /// `<stream:error code=code>`.
    StreamError,
    /// `<stream:error><conflict type="replaced"/>` though nobody else logged in.
    ConflictReplaced,
    /// The phone unlinks the device.
    DeviceRemoved,
    /// A login is cut without an answer.
    RefuseLogin,
    /// A scan makes the network ask for a new code, as WhatsApp does since July 2026.
    RefreshQr,
    /// The end of what waited is never announced.
    WithholdOfflineEnd,
    /// Keys of the device are not given out.
    MissingPrekeys,
    /// A sealed message to the device is damaged on the way.
    CorruptMessage,
    /// A frame that cannot be opened.
    BadFrame,
    /// Most of a frame of 16 MiB, whose end never comes.
    HugeFrame,
    /// A genuine frame that holds no stanza.
    BadStanza,
    /// The network ends the stream cleanly, as it does when it recycles connections.
    Xmlstreamend,
    /// `<stream:error>` that says that our stanza was malformed.
    XmlNotWellFormed,
    /// `<stream:error>` that says that an acknowledgement is owed.
    StreamAck,
    /// A scan is answered by the request for a passkey.
    PasskeyRequest,
    /// A status or recording callback is never delivered.
    CallbackDrop,
    /// A status or recording callback is delivered twice: with the same token, or another one when `code` is 2.
    CallbackDuplicate,
    /// A callback is delivered after the one that follows it; the last one of a call is not held back.
    CallbackReorder,
    /// A callback comes `ms` later.
    CallbackDelay,
    /// The caller hangs up and the end is told of before the voice webhook's answer is read.
    CallbackEarly,
    /// A webhook is sent `ms` later.
    WebhookSlow,
    /// A webhook is delivered, and its answer is lost: a read timeout, or a refused connection when `code` is 11205.
    WebhookAnswerLost,
    /// A webhook carries a signature by another secret.
    WebhookBadSignature,
    /// A webhook is delivered twice at the same time, with the same token.
    WebhookDuplicate,
    /// A webhook says more than it did yesterday, and one name of it twice.
    WebhookExtra,
    /// REST answers `code`, 500 when it is left out, and does nothing.
    RestError,
    /// REST answers `ms` later.
    RestSlow,
    /// REST does what it is asked for, and its answer is lost.
    RestAnswerLost,
    /// REST does what it is asked for, and answers `ms` later.
    RestAnswerLate,
    /// Lists of REST are `ms` behind, ten seconds when it is left out.
    RestListLag,
    /// A recording cannot be fetched.
    RecordingMissing,
    /// Nothing of a recording is kept.
    RecordingAbsent,
    /// The media socket is cut without a word, `ms` after its start.
    MediaCut,
    /// A media socket begins without its start.
    MediaNoStart,
    /// A media socket ends without its stop.
    MediaNoStop,
    /// The handshake of a media socket is not signed.
    MediaUnsigned,
    /// A frame of a media stream is lost.
    MediaGap,
}

impl Kind {
    /// Whether it strikes a connection once, at once or at its login.
    pub(crate) fn strikes(self) -> bool {
        matches!(
            self,
            Self::Cut
                | Self::StreamError
                | Self::ConflictReplaced
                | Self::DeviceRemoved
                | Self::BadFrame
                | Self::HugeFrame
                | Self::BadStanza
                | Self::Xmlstreamend
                | Self::XmlNotWellFormed
                | Self::StreamAck
        )
    }
}

/// One fault, as it is asked for and shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Its number.
    #[serde(default)]
    pub(crate) id: u64,
    /// What goes wrong.
    pub(crate) kind: Kind,
    /// Only for this phone, digits.
    #[serde(default)]
    pub(crate) phone: Option<String>,
    /// Only for this device.
    #[serde(default)]
    pub(crate) device: Option<u16>,
    /// Only for requests of this kind, in the words of a call's ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) route: Option<Route>,
    /// Only every so manieth time that it could happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<u64>,
    /// How often it could have happened.
    #[serde(skip)]
    chances: u64,
    /// A time, as the kind says.
    #[serde(default)]
    pub(crate) ms: Option<u64>,
    /// How often; until deleted when it is left out.
    #[serde(default)]
    pub(crate) count: Option<u64>,
    /// A code, as the kind says.
    #[serde(default)]
    pub(crate) code: Option<u16>,
    /// How often it happened.
    #[serde(default)]
    pub(crate) hits: u64,
}

impl Fault {
    fn fits(&self, kind: Kind, phone: Option<&str>, device: Option<u16>) -> bool {
        self.kind == kind
            && self.count.is_none_or(|count| self.hits < count)
            && self
                .phone
                .as_deref()
                .is_none_or(|wanted| Some(wanted) == phone)
            && self.device.is_none_or(|wanted| Some(wanted) == device)
    }
}

/// All faults that are switched on.
#[derive(Default)]
pub(crate) struct Faults {
    list: Mutex<Vec<Fault>>,
    active: AtomicUsize,
    numbers: AtomicU64,
    changed: Notify,
}

impl Faults {
    /// Switches one on. Returns its number.
    pub(crate) fn add(&self, mut fault: Fault) -> u64 {
        let id = self
            .numbers
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        fault.id = id;
        fault.hits = 0;
        let mut list = self.lock();
        list.push(fault);
        self.active.store(list.len(), Ordering::Release);
        self.changed.notify_waiters();
        id
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Switches one off, or all. Returns whether there was one.
    pub(crate) fn remove(&self, id: Option<u64>) -> bool {
        let mut list = self.lock();
        let before = list.len();
        list.retain(|fault| id.is_some_and(|id| id != fault.id));
        self.active.store(list.len(), Ordering::Release);
        self.changed.notify_waiters();
        before != list.len()
    }

    /// Whether that happens now to that device; counts it as a hit.
    pub(crate) fn hit(
        &self,
        kind: Kind,
        phone: Option<&str>,
        device: Option<u16>,
    ) -> Option<Fault> {
        if self.active.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut list = self.lock();
        let fault = list
            .iter_mut()
            .find(|fault| fault.fits(kind, phone, device))?;
        fault.hits = fault.hits.saturating_add(1);
        Some(fault.clone())
    }

    /// Whether that happens now to a request for the business with that number; counts it as a hit.
    pub(crate) fn hit_route(&self, kind: Kind, phone: &str, route: Option<Route>) -> Option<Fault> {
        if self.active.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut list = self.lock();
        let fault = list.iter_mut().find(|fault| {
            fault.fits(kind, Some(phone), None)
                && fault.route.is_none_or(|wanted| Some(wanted) == route)
        })?;
        fault.chances = fault.chances.saturating_add(1);
        if fault
            .every
            .is_some_and(|every| !fault.chances.is_multiple_of(every))
        {
            return None;
        }
        fault.hits = fault.hits.saturating_add(1);
        Some(fault.clone())
    }

    /// Whether that fault is still switched on.
    pub(crate) fn is_on(&self, id: u64) -> bool {
        self.lock().iter().any(|fault| fault.id == id)
    }

    /// Ends at the next change of the list.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
