//! One leg of a call: who calls whom, how far it is, and how others reach its task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::exchange::Account;
use super::journal::{Journal, Kind};
use super::people::Callee;
use super::sids::sid;

/// How much may wait for a call's task: more than a person presses and says before it is heard.
const WAITING: usize = 256;

/// How far a call is, in Twilio's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// Asked for by REST and not dialled yet.
    Queued,
    /// Dialled.
    Initiated,
    /// The other side is told.
    Ringing,
    /// Answered.
    InProgress,
    /// Ended after it was answered.
    Completed,
    /// The other side is busy.
    Busy,
    /// It could not be made.
    Failed,
    /// Nobody answered.
    NoAnswer,
    /// Taken back by REST before it was answered.
    Canceled,
}

impl Status {
    /// As it is written on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing comes after it.
    pub(crate) fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled
        )
    }

    /// The name of the event to which callbacks subscribe.
    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "answered",
            _ => "completed",
        }
    }
}

/// Why the leg exists, in Twilio's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// Somebody called a number of the carrier.
    Inbound,
    /// REST asked for it.
    OutboundApi,
    /// `<Dial>` asked for it.
    OutboundDial,
}

impl Direction {
    /// As it is written on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::OutboundApi => "outbound-api",
            Self::OutboundDial => "outbound-dial",
        }
    }
}

/// What reaches the task of a call.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The person presses this digit.
    Digit(char),
    /// The person speaks: the text, and how sure a recogniser is of it.
    Speech(String, f64),
    /// The person makes a sound without words.
    Tone(Duration),
    /// The person hangs up.
    HangUp,
    /// The person who is called picks up.
    PickUp,
    /// The person who is called declines.
    Decline,
    /// REST ends the call.
    Complete,
    /// REST takes the call back, if it is not answered yet.
    Cancel,
    /// REST sends the call to another document.
    Redirect(Target),
}

/// Where a document is.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// At this address, by this method.
    Url(super::address::Address, reqwest::Method),
    /// Here.
    Twiml(String),
}

/// Who calls whom and why.
pub(crate) struct Parties {
    /// Whose number it is.
    pub(crate) account: Arc<Account>,
    /// Who calls.
    pub(crate) from: String,
    /// Who is called.
    pub(crate) to: String,
    /// Why.
    pub(crate) direction: Direction,
    /// The leg that asked for this one.
    pub(crate) parent: Option<String>,
}

/// One leg.
pub(crate) struct Call {
    /// Its name: `CA…`.
    pub(crate) sid: String,
    /// Who calls whom.
    pub(crate) parties: Parties,
    /// When it was asked for.
    pub(crate) created: jiff::Timestamp,
    /// Everything that happens.
    pub(crate) journal: Journal,
    inputs: mpsc::Sender<Input>,
    progress: Mutex<Progress>,
    status: watch::Sender<Status>,
}

#[derive(Default)]
struct Progress {
    answered: Option<(jiff::Timestamp, Instant)>,
    ended: Option<(jiff::Timestamp, Duration)>,
    sequence: u64,
    admitted: bool,
    callees: Vec<(String, Callee)>,
}

impl Call {
    /// A leg that begins with that status, and what its task hears.
    pub(crate) fn new(parties: Parties, status: Status) -> (Arc<Self>, mpsc::Receiver<Input>) {
        let (inputs, heard) = mpsc::channel(WAITING);
        let (status, _) = watch::channel(status);
        let call = Arc::new(Self {
            sid: sid("CA"),
            parties,
            created: jiff::Timestamp::now(),
            journal: Journal::default(),
            inputs,
            progress: Mutex::default(),
            status,
        });
        (call, heard)
    }

    /// Tells the call's task something. Returns false when it has ended or does not listen.
    pub(crate) fn tell(&self, input: Input) -> bool {
        !self.status().is_final() && self.inputs.try_send(input).is_ok()
    }

    /// How far it is.
    pub(crate) fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Waits until the call has ended.
    pub(crate) async fn ended(&self) {
        let mut status = self.status.subscribe();
        // The sender lives as long as this call.
        drop(status.wait_for(|status| status.is_final()).await);
    }

    /// Notes another status; a call that has ended stays as it ended. `scale` is that of the clock.
    pub(crate) fn set(&self, status: Status, clock: &super::clock::Clock) -> bool {
        let changed = self.status.send_if_modified(|now| {
            if now.is_final() || *now == status {
                return false;
            }
            let mut progress = self.progress();
            let at = jiff::Timestamp::now();
            if status == Status::InProgress {
                progress.answered = Some((at, Instant::now()));
            }
            if status.is_final() {
                let talked = progress
                    .answered
                    .map_or(Duration::ZERO, |(_, start)| clock.since(start));
                progress.ended = Some((at, talked));
            }
            *now = status;
            true
        });
        if changed {
            self.journal
                .note(Kind::Status, json!({ "status": status.as_str() }));
        }
        changed
    }

    /// Whole seconds of talk of a call that has ended, by its own clock.
    pub(crate) fn seconds(&self) -> u64 {
        self.progress().ended.map_or(0, |(_, talked)| {
            u64::try_from(talked.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
        })
    }

    /// The place of the next callback: 0 for the first.
    pub(crate) fn next_sequence(&self) -> u64 {
        let mut progress = self.progress();
        let place = progress.sequence;
        progress.sequence += 1;
        place
    }

    /// Notes what others do when this call reaches them.
    pub(crate) fn expect(&self, callees: Vec<(String, Callee)>) {
        self.progress().callees = callees;
    }

    /// What that person does when this call reaches them, if it was said.
    pub(crate) fn callee(&self, phone: &str) -> Option<Callee> {
        let progress = self.progress();
        let mut callees = progress.callees.iter();
        callees
            .find(|(known, _)| known == phone)
            .map(|(_, callee)| callee.clone())
    }

    /// Notes that the business took it.
    pub(crate) fn mark_admitted(&self) {
        self.progress().admitted = true;
    }

    /// When it was answered, and when it ended.
    pub(crate) fn times(&self) -> (Option<jiff::Timestamp>, Option<jiff::Timestamp>) {
        let progress = self.progress();
        (
            progress.answered.map(|(at, _)| at),
            progress.ended.map(|(at, _)| at),
        )
    }

    /// As the control API shows it.
    pub(crate) fn describe(&self) -> Value {
        let (answered, ended) = self.times();
        let (entries, missing) = self.journal.counts();
        json!({
            "sid": self.sid,
            "account": self.parties.account.sid,
            "from": self.parties.from,
            "to": self.parties.to,
            "direction": self.parties.direction,
            "parent": self.parties.parent,
            "status": self.status(),
            "admitted": self.progress().admitted,
            "created_at": self.created.to_string(),
            "answered_at": answered.map(|at| at.to_string()),
            "ended_at": ended.map(|at| at.to_string()),
            "seconds": self.seconds(),
            "entries": entries,
            "entries_missing": missing,
        })
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
