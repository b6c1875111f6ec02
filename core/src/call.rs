//! Phone calls: their states, which only move forward, and what the API and the events show of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

pub use crate::message::Direction;
use crate::named::named;
use crate::reason::CallReason;
use crate::{BusinessId, Timestamp};

/// The most characters of the id of a call; providers' own have 34 to about 60.
pub const SID_MAX: usize = 128;
/// What the id of a call begins with that the provider has given none yet.
const RESERVED: &str = "out:";
/// Steps of one call that are kept; a call that makes more goes on without being written down.
pub const STEPS_MAX: i64 = 500;

named! {
    /// Where a call stands.
    pub enum CallState {
        /// Asked for at the provider, not dialled yet.
        Queued = "queued",
        /// Rings; nobody has answered.
        Ringing = "ringing",
        /// Answered, by a flow or by a person.
        InProgress = "in_progress",
        /// Over, after it was answered.
        Completed = "completed",
        /// The line was busy, or we answered that it is.
        Busy = "busy",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// It could not be put through.
        Failed = "failed",
        /// Hung up by whoever called, or taken back by the business that asked for it, before it was answered.
        Canceled = "canceled",
    }
}

impl CallState {
    /// The rank that only grows; all that is over is equal, so that the first end stands.
    pub const fn rank(self) -> i16 {
        match self {
            Self::Queued => 0,
            Self::Ringing => 1,
            Self::InProgress => 2,
            Self::Completed | Self::Busy | Self::NoAnswer | Self::Failed | Self::Canceled => 3,
        }
    }

    /// Whether a call may go from this state to `next`.
    pub const fn allows(self, next: Self) -> bool {
        next.rank() > self.rank()
    }

    /// Whether the call is over.
    pub const fn is_over(self) -> bool {
        self.rank() == Self::Completed.rank()
    }

    /// What a provider's `CallStatus` means; `None` for one that is not known, which changes nothing.
    /// Source: Twilio's documentation of the request parameters of voice webhooks and status callbacks.
    pub fn of_status(status: &str) -> Option<Self> {
        Some(match status {
            "queued" | "initiated" => Self::Queued,
            "ringing" => Self::Ringing,
            "in-progress" | "answered" => Self::InProgress,
            "completed" => Self::Completed,
            "busy" => Self::Busy,
            "no-answer" => Self::NoAnswer,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            _ => return None,
        })
    }
}

named! {
    /// What happened in a call.
    pub enum StepKind {
        /// The provider told how the call stands.
        Status = "status",
        /// A node of the flow answered: what the caller hears or does next.
        Node = "node",
        /// The caller pressed something.
        Digits = "digits",
        /// A person was rung.
        Ringing = "ringing",
        /// A person spoke to the caller.
        Answered = "answered",
        /// Nobody of those who were rung answered.
        Unanswered = "unanswered",
        /// The caller recorded something.
        Recorded = "recorded",
        /// The business's own program has taken the call: it was reached, and the audio goes there.
        Bridged = "bridged",
        /// That ended.
        BridgeEnded = "bridge_ended",
        /// Another process took the call over.
        HandedOver = "handed_over",
        /// Something did not work; the call went on by another way.
        Fault = "fault",
    }
}

impl StepKind {
    /// Whether somebody dealt with the caller, so that the call is not a missed one.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Answered | Self::Bridged)
    }
}

named! {
    /// How far a recording has come.
    pub enum RecordingState {
        /// It is still at the provider.
        Pending = "pending",
        /// It can be played.
        Ready = "ready",
        /// The caller said nothing.
        Absent = "absent",
        /// It could not be fetched.
        Failed = "failed",
        /// Its time was over: it is removed.
        Removed = "removed",
    }
}

/// The id that a provider gave a call, or that we gave one before the provider did: 1 to [`SID_MAX`] characters,
/// letters, digits and `-_:.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CallSid(String);

/// A text that is not an id of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a call is 1 to 128 letters, digits, hyphens, underscores, colons or dots")]
pub struct NotACallSid;

impl CallSid {
    /// The id of ours for a call that the provider has not been asked for yet.
    pub fn reserve(id: uuid::Uuid) -> Self {
        Self(format!("{RESERVED}{}", id.simple()))
    }

    /// Whether it is such a one of ours.
    pub fn is_reserved(&self) -> bool {
        is_reserved(&self.0)
    }

    /// The id as the provider writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CallSid {
    type Err = NotACallSid;

    fn from_str(text: &str) -> Result<Self, NotACallSid> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.');
        if (1..=SID_MAX).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotACallSid)
        }
    }
}

/// Whether a text is an id that we gave a call, not the provider.
pub fn is_reserved(id: &str) -> bool {
    id.starts_with(RESERVED)
}

impl fmt::Display for CallSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CallSid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a caller recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Recording)]
pub struct RecordingObject {
    /// The id that the provider gave it.
    pub recording_sid: String,
    /// How far it has come.
    pub state: RecordingState,
    /// How long it takes, in seconds.
    pub duration_s: Option<i64>,
    /// What kind of audio it is.
    pub mime: Option<String>,
    /// How large it is.
    pub bytes: Option<i64>,
    /// SHA-256 of the audio, hex.
    pub sha256: Option<String>,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A phone call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Call)]
pub struct CallObject {
    /// The id that the provider gave it; of a call that the provider does not have yet the same as `asked_as`.
    #[schema(value_type = String)]
    pub call_sid: CallSid,
    /// The id that `POST /v1/calls` answered, which goes on naming the call; `null` of a call that came in.
    #[schema(value_type = Option<String>)]
    pub asked_as: Option<CallSid>,
    /// The business.
    #[schema(value_type = String)]
    pub business_id: BusinessId,
    /// Which way it went.
    pub direction: Direction,
    /// Who called, `+E.164`; `null` when the number was withheld.
    pub from: Option<String>,
    /// Who was called, `+E.164`.
    pub to: Option<String>,
    /// Where it stands.
    pub state: CallState,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it was answered, by a flow or by a person.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// How long it took, in seconds.
    pub duration_s: Option<i64>,
    /// Why it ended so; see `GET /v1/reasons`.
    pub reason: Option<CallReason>,
    /// What the caller recorded last.
    pub recording: Option<RecordingObject>,
    /// Until when it waits for a line before it is given up; `null` of a call that waits for none.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub waits_until: Option<Timestamp>,
    /// Why it waited the last time that it was tried; `null` where it was not tried yet.
    pub waits_for: Option<CallReason>,
    /// Since when somebody of the business wants it ended; see `POST /v1/calls/{call_sid}/hangup`.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub hangup_at: Option<Timestamp>,
}

impl fmt::Debug for CallObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallObject")
            .field("call_sid", &self.call_sid)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// One thing that happened in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CallStep)]
pub struct StepObject {
    /// Its number in the call, from 1.
    pub n: i64,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What happened.
    pub kind: StepKind,
    /// The node of the call flow that it happened at.
    pub node: Option<String>,
    /// More of it, in a few words: never a number or anything that was said.
    pub detail: Option<String>,
}

/// The data of `call.rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejections {
    /// Why the last of them was turned away.
    pub reason: CallReason,
    /// How many calls were turned away since the last such event.
    pub count: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_only_moves_forward_and_the_first_end_stands() {
        use CallState::{Busy, Completed, InProgress, Queued, Ringing};
        assert!(Queued.allows(Ringing) && Ringing.allows(InProgress) && Queued.allows(Busy));
        assert!(!InProgress.allows(Ringing) && !Completed.allows(InProgress));
        assert!(!Busy.allows(Completed) && !Completed.allows(Busy));
        for state in CallState::ALL {
            assert!(!state.allows(state));
            assert_eq!(state.is_over(), !state.allows(Completed));
        }
    }

    #[test]
    fn what_a_provider_says_is_understood_and_what_is_new_changes_nothing() {
        for (status, state) in [
            ("in-progress", CallState::InProgress),
            ("no-answer", CallState::NoAnswer),
            ("initiated", CallState::Queued),
        ] {
            assert_eq!(CallState::of_status(status), Some(state));
        }
        assert_eq!(CallState::of_status("teleported"), None);
    }

    #[test]
    fn ids_of_every_provider_are_taken_and_rubbish_is_not() {
        for text in ["CA00000000000000000000000000000001", "v3:a-b_c.d"] {
            assert_eq!(text.parse::<CallSid>().unwrap().as_str(), text);
        }
        for text in ["", "a b", "a/b", "é", &"a".repeat(129)] {
            assert_eq!(text.parse::<CallSid>(), Err(NotACallSid), "{text}");
        }
    }
}
