//! What callers of a business hear and who is rung: a small graph of nodes, with hours, kept as one document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::named::named;
use crate::{SessionId, Timestamp};

mod check;
mod fault;
mod host;
mod hours;

pub use fault::{Fault, FaultCode};
pub use host::is_same_host;
pub use hours::{Closure, Interval, Night, Week};

/// Digits of a telephone that a menu can offer.
pub const DIGITS: &str = "0123456789*#";
/// The most nodes of a flow.
pub const NODES_MAX: usize = 50;
/// The most characters of what is said at one node; it is read out in pieces where a provider takes less.
pub const SPOKEN_MAX: usize = 2_000;
/// The most numbers that one node rings, one after the other.
pub const TARGETS_MAX: usize = 10;

named! {
    /// The language that is spoken to callers.
    pub enum Language {
        /// English.
        En = "en",
        /// Hebrew.
        He = "he",
    }
}

impl Language {
    /// The tag that providers know its voices by.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en-US",
            Self::He => "he-IL",
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallFlow {
    /// What is spoken to callers.
    pub language: Language,
    /// Where hours and closures are meant: a name of the IANA database, such as `Asia/Jerusalem`.
    pub time_zone: String,
    /// When the business is open; `null`: always.
    #[serde(default)]
    pub hours: Option<Week>,
    /// Days on which it is closed whatever the hours say.
    #[serde(default)]
    pub closures: Vec<Closure>,
    /// Where a call begins.
    pub entry: Entry,
    /// The nodes, by their ids: 1 to 32 lower-case letters, digits and underscores.
    pub nodes: BTreeMap<String, Node>,
    /// What whoever is missed is sent on WhatsApp.
    #[serde(default)]
    pub missed_call: MissedCall,
    /// What becomes of recordings.
    #[serde(default)]
    pub recording: Keeping,
}

/// Where a call begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The node for callers while the business is open.
    pub open: String,
    /// The node for callers while it is closed.
    pub closed: String,
    /// What callers get when all lines are taken.
    #[serde(default)]
    pub capacity: Capacity,
}

/// What callers get when all lines are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Capacity {
    /// The tone of a busy line.
    #[default]
    Busy,
    /// A sentence, then the end.
    Say {
        /// The sentence.
        text: String,
    },
}

/// A step that a caller is led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Node {
    /// Says something.
    Say {
        /// What.
        text: String,
        /// Where to go then.
        next: String,
    },
    /// Plays a recording of the business.
    Play {
        /// Its address, https; mp3 or wav.
        url: String,
        /// Where to go then.
        next: String,
    },
    /// Lets the caller choose by a digit.
    Menu {
        /// What is said.
        prompt: String,
        /// Where each digit leads.
        options: BTreeMap<String, String>,
        /// How long a digit is waited for, 1 to 30 seconds.
        #[serde(default = "menu_timeout")]
        timeout_s: u32,
        /// How often it is said again, at most 5 times.
        #[serde(default = "menu_retries")]
        retries: u32,
        /// Where to go when nothing was pressed, or nothing that is offered.
        no_input: String,
    },
    /// Rings people, one after the other.
    Dial {
        /// Their numbers, `+E.164`, in order.
        targets: Vec<String>,
        /// How long each is rung, 5 to 60 seconds.
        #[serde(default = "dial_ring")]
        ring_s: u32,
        /// Whether whoever picks up has to press 1 first, so that a mobile's own mailbox does not take the call.
        #[serde(default)]
        whisper: bool,
        /// Whose number is shown to them.
        #[serde(default)]
        caller_id: CallerId,
        /// Where to go when nobody took the call. After a conversation the call ends.
        no_answer: String,
    },
    /// Takes a message; the call ends with it.
    Voicemail {
        /// What is said first.
        prompt: String,
        /// How long a message may be, 5 to 600 seconds.
        #[serde(default = "voicemail_max")]
        max_s: u32,
    },
    /// Hands the audio, both ways, to a program of the business.
    Bridge {
        /// Its address, wss.
        url: String,
        /// How long it may take, 10 to 3,600 seconds.
        #[serde(default = "bridge_max")]
        max_s: u32,
        /// Where to go when the program ended the bridge.
        done: String,
        /// Where to go when it could not be reached or broke off.
        failed: String,
    },
    /// Ends the call.
    Hangup {
        /// What is said before.
        #[serde(default)]
        text: Option<String>,
    },
}

const fn menu_timeout() -> u32 {
    5
}
const fn menu_retries() -> u32 {
    2
}
const fn dial_ring() -> u32 {
    20
}
const fn voicemail_max() -> u32 {
    120
}
const fn bridge_max() -> u32 {
    600
}

named! {
    /// Whose number is shown to those who are rung.
    #[derive(Default)]
    pub enum CallerId {
        /// The caller's.
        #[default]
        Caller = "caller",
        /// The one of the business that was called.
        Business = "business",
    }
}

impl Node {
    /// The kind, as it is stored and shown.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Say { .. } => "say",
            Self::Play { .. } => "play",
            Self::Menu { .. } => "menu",
            Self::Dial { .. } => "dial",
            Self::Voicemail { .. } => "voicemail",
            Self::Bridge { .. } => "bridge",
            Self::Hangup { .. } => "hangup",
        }
    }

    /// Where callers who press nothing are led: the field and the node that it names.
    pub fn ways_on(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Say { next, .. } | Self::Play { next, .. } => vec![("next", next)],
            Self::Menu { no_input, .. } => vec![("no_input", no_input)],
            Self::Dial { no_answer, .. } => vec![("no_answer", no_answer)],
            Self::Bridge { done, failed, .. } => vec![("done", done), ("failed", failed)],
            Self::Voicemail { .. } | Self::Hangup { .. } => Vec::new(),
        }
    }
}

/// What whoever is missed is sent on WhatsApp: once in so many hours, never to those who asked for no messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MissedCall {
    /// Whether anything is sent.
    pub enabled: bool,
    /// The words.
    pub text: String,
    /// The same caller is written to once in so many hours, 1 to 168.
    #[serde(default = "missed_window")]
    pub window_h: u32,
    /// The WhatsApp number that writes; `null`: the only one there is, or the only one that knows the caller.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// When nobody is written to: it waits until then is over; `null`: at any time.
    #[serde(default)]
    pub quiet: Option<Night>,
}

const fn missed_window() -> u32 {
    6
}

impl Default for MissedCall {
    fn default() -> Self {
        Self {
            enabled: false,
            text: String::new(),
            window_h: missed_window(),
            session_id: None,
            quiet: None,
        }
    }
}

/// What becomes of recordings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Keeping {
    /// They are kept for so many days, 1 to 3,650; `null`: for good.
    #[serde(default)]
    pub keep_days: Option<u32>,
    /// Whether the provider's copy goes as soon as ours is safe.
    #[serde(default = "delete_at_provider")]
    pub delete_at_provider: bool,
}

const fn delete_at_provider() -> bool {
    true
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            keep_days: None,
            delete_at_provider: true,
        }
    }
}

impl CallFlow {
    /// What a business has that never said anything: a greeting, and whoever calls may leave a message.
    pub fn standard(language: Language) -> Self {
        let prompt = match language {
            Language::En => {
                "Hello. Nobody can take your call now. Please leave a message after the tone."
            }
            Language::He => "שלום. איננו זמינים כעת. נא להשאיר הודעה לאחר הצליל.",
        };
        let voicemail = Node::Voicemail {
            prompt: prompt.to_owned(),
            max_s: voicemail_max(),
        };
        Self {
            language,
            time_zone: "UTC".to_owned(),
            hours: None,
            closures: Vec::new(),
            entry: Entry {
                open: "voicemail".to_owned(),
                closed: "voicemail".to_owned(),
                capacity: Capacity::Busy,
            },
            nodes: BTreeMap::from([("voicemail".to_owned(), voicemail)]),
            missed_call: MissedCall::default(),
            recording: Keeping::default(),
        }
    }

    /// Where a call that comes at this instant begins.
    pub fn entry_at(&self, at: Timestamp) -> &str {
        if self.is_open(at) {
            &self.entry.open
        } else {
            &self.entry.closed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_business_begins_with_is_without_a_fault() {
        for language in Language::ALL {
            assert_eq!(CallFlow::standard(language).faults(&[]), []);
        }
    }

    #[test]
    fn a_flow_reads_back_and_what_is_not_said_has_its_usual_value() {
        let text = r#"{"language":"he","time_zone":"Asia/Jerusalem",
            "hours":{"sun":[{"from":"09:00","to":"18:00"}]},
            "entry":{"open":"menu","closed":"vm"},
            "nodes":{"menu":{"kind":"menu","prompt":"שלום","options":{"1":"ring"},"no_input":"vm"},
                "ring":{"kind":"dial","targets":["+972501234567"],"no_answer":"vm"},
                "vm":{"kind":"voicemail","prompt":"הודעה"}}}"#;
        let flow: CallFlow = serde_json::from_str(text).unwrap();
        let again = serde_json::to_string(&flow).unwrap();
        assert_eq!(serde_json::from_str::<CallFlow>(&again).unwrap(), flow);
        assert_eq!(flow.faults(&[]), []);
        assert_eq!(flow.missed_call.window_h, 6);
        assert!(flow.recording.delete_at_provider);
        assert!(matches!(
            &flow.nodes["ring"],
            Node::Dial {
                ring_s: 20,
                whisper: false,
                ..
            }
        ));
    }

    #[test]
    fn a_misspelt_field_is_refused() {
        let text = r#"{"kind":"voicemail","prompt":"x","max":5}"#;
        assert!(serde_json::from_str::<Node>(text).is_err());
    }
}
