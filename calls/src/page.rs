//! The pages of a call: what a node of the flow sounds like, and where its answer leads.

use std::time::Duration;

use switchyard_core::Timestamp;
use switchyard_core::flow::{CallFlow, CallerId, Language, NODES_MAX, Node, is_same_host};

use crate::address::{Addresses, Cursor};
use crate::form::Form;
use crate::spoken;
use crate::ticket::{Purpose, Tickets};
use crate::twiml::Document;
use crate::words::Words;

pub(crate) mod phase;

/// Pages of one call; then it is bidden goodbye, whatever its flow says.
const PAGES_MAX: u32 = 60;
/// Times that a bridge which broke off is put up again.
const BRIDGES_AGAIN: u32 = 2;
/// How much longer than its parts a page may take: the way there and back, and a caller who thinks.
const SLACK: Duration = Duration::from_secs(10);
/// How long a played recording may be: what a greeting is, generously.
const PLAY: Duration = Duration::from_mins(5);
/// How long a provider rings beyond what it was told, and then takes to say so.
pub(crate) const RING_SLACK: Duration = Duration::from_secs(20);
/// How long a socket may take until its first word.
const CONNECT: Duration = Duration::from_secs(20);

/// A page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The document.
    pub(crate) body: String,
    /// What the call is doing on it.
    pub(crate) phase: &'static str,
    /// How long it may be heard of nothing.
    pub(crate) lasts: Duration,
    /// The node that it ends with.
    pub(crate) node: Option<String>,
}

/// A call whose page is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// Its id.
    pub(crate) sid: &'a str,
    /// What it goes by.
    pub(crate) flow: &'a CallFlow,
    /// The version of that.
    pub(crate) version: i64,
    /// Where the provider asks next.
    pub(crate) addresses: Addresses<'a>,
    /// What its media socket shows.
    pub(crate) tickets: &'a Tickets,
    /// The number of the page.
    pub(crate) page: u32,
    /// Who calls; `None` when no number can be shown for it.
    pub(crate) from: Option<&'a str>,
    /// The number of the business.
    pub(crate) to: &'a str,
    /// The longest that a conversation may take.
    pub(crate) max: Duration,
}

impl Call<'_> {
    /// The page that begins at this node, tried so often before. What is only heard leads on within the page.
    pub(crate) fn at(self, node: &str, again: u32) -> Page {
        let mut document = Document::new();
        let mut lasts = SLACK;
        let (mut id, mut again) = (node.to_owned(), again);
        let language = self.flow.language;
        if self.page > PAGES_MAX {
            return self.goodbye();
        }
        for _ in 0..=NODES_MAX {
            let cursor = Cursor {
                version: self.version,
                page: self.page.saturating_add(1),
                node: id.clone(),
                again,
            };
            let phase = match self.flow.nodes.get(&id) {
                Some(Node::Say { text, next }) => {
                    document.say(text, language);
                    lasts = lasts.saturating_add(spoken::lasts(text));
                    (id, again) = (next.clone(), 0);
                    continue;
                }
                Some(Node::Play { url, next }) => {
                    // The provider signs what it fetches: a flow never has it sign a request to ourselves.
                    if !is_same_host(url, self.addresses.base) {
                        document.play(url);
                        lasts = lasts.saturating_add(PLAY);
                    }
                    (id, again) = (next.clone(), 0);
                    continue;
                }
                Some(node) => {
                    let more = self.last(&mut document, node, &cursor, lasts);
                    lasts = lasts.saturating_add(more);
                    phase_of(node)
                }
                None => break,
            };
            return Page {
                body: document.finish(),
                phase,
                lasts: lasts.min(self.max),
                node: Some(id),
            };
        }
        self.goodbye()
    }

    /// A node that the page ends with, after so much that is heard; how long it lasts.
    fn last(
        self,
        document: &mut Document,
        node: &Node,
        cursor: &Cursor,
        heard: Duration,
    ) -> Duration {
        let language = self.flow.language;
        match node {
            Node::Menu {
                prompt, timeout_s, ..
            } => {
                let action = self.addresses.step(cursor);
                let timeout = timeout_s.to_string();
                gather(document, &action, &timeout, prompt, language);
                // Nothing was pressed: the same address answers that.
                document.redirect(&action);
                spoken::lasts(prompt).saturating_add(seconds(*timeout_s))
            }
            Node::Dial {
                targets,
                ring_s,
                whisper,
                caller_id,
                ..
            } => {
                let nth = usize::try_from(cursor.again).unwrap_or(usize::MAX);
                let Some(target) = targets.get(nth) else {
                    document.hang_up();
                    return Duration::ZERO;
                };
                self.dial(document, target, (*ring_s, *whisper, *caller_id), cursor);
                seconds(*ring_s).saturating_add(RING_SLACK)
            }
            Node::Voicemail { prompt, max_s } => {
                document.say(prompt, language);
                self.record(document, *max_s, cursor);
                spoken::lasts(prompt).saturating_add(seconds(max_s.saturating_add(15)))
            }
            Node::Bridge { .. } => {
                self.connect(document, cursor, heard.saturating_add(CONNECT));
                CONNECT
            }
            Node::Hangup { text } => {
                if let Some(text) = text {
                    document.say(text, language);
                }
                document.hang_up();
                text.as_deref().map_or(Duration::ZERO, spoken::lasts)
            }
            Node::Say { .. } | Node::Play { .. } => Duration::ZERO,
        }
    }

    fn dial(
        self,
        document: &mut Document,
        target: &str,
        (ring_s, whisper, caller_id): (u32, bool, CallerId),
        cursor: &Cursor,
    ) {
        let (action, timeout) = (self.addresses.step(cursor), ring_s.to_string());
        let limit = self.max.as_secs().to_string();
        let mut attributes = vec![
            ("action", action.as_str()),
            ("method", "POST"),
            ("timeout", timeout.as_str()),
            ("timeLimit", limit.as_str()),
        ];
        let shown = match caller_id {
            CallerId::Caller => self.from.unwrap_or(self.to),
            CallerId::Business => self.to,
        };
        attributes.push(("callerId", shown));
        let status = if whisper {
            self.addresses.status()
        } else {
            self.addresses.status_of_leg(cursor)
        };
        let asked = self.addresses.whisper(cursor);
        let mut of_number = vec![
            ("statusCallback", status.as_str()),
            (
                "statusCallbackEvent",
                "initiated ringing answered completed",
            ),
            ("statusCallbackMethod", "POST"),
        ];
        if whisper {
            of_number.extend([("url", asked.as_str()), ("method", "POST")]);
        }
        document.within("Dial", &attributes, |dial| {
            dial.text("Number", &of_number, target);
        });
    }

    fn record(self, document: &mut Document, max_s: u32, cursor: &Cursor) {
        let (action, told) = (self.addresses.step(cursor), self.addresses.recording());
        let max = max_s.to_string();
        let attributes = [
            ("action", action.as_str()),
            ("method", "POST"),
            ("maxLength", max.as_str()),
            ("timeout", "5"),
            ("finishOnKey", "#"),
            ("playBeep", "true"),
            ("recordingStatusCallback", told.as_str()),
            ("recordingStatusCallbackMethod", "POST"),
            ("recordingStatusCallbackEvent", "completed absent"),
        ];
        document.empty("Record", &attributes);
    }

    /// A socket that begins within that time. After it nothing follows by itself, so a redirect stands behind it.
    fn connect(self, document: &mut Document, cursor: &Cursor, within: Duration) {
        let (url, told) = (self.addresses.stream(), self.addresses.stream_status());
        let business = self.addresses.business.to_string();
        let (version, page) = (self.version.to_string(), self.page.to_string());
        let purpose = Purpose {
            sid: self.sid,
            business: self.addresses.business,
            version: self.version,
            node: &cursor.node,
            page: self.page,
        };
        let ticket = self.tickets.issue(purpose, Timestamp::now(), within);
        let attributes = [
            ("url", url.as_str()),
            ("statusCallback", told.as_str()),
            ("statusCallbackMethod", "POST"),
        ];
        document.within("Connect", &[], |connect| {
            connect.within("Stream", &attributes, |stream| {
                for (name, value) in [
                    ("business", business.as_str()),
                    ("node", cursor.node.as_str()),
                    ("version", version.as_str()),
                    ("page", page.as_str()),
                    ("tok", ticket.as_str()),
                ] {
                    stream.empty("Parameter", &[("name", name), ("value", value)]);
                }
            });
        });
        document.redirect(&self.addresses.resume(cursor));
    }

    /// What a call hears that cannot go on.
    pub(crate) fn goodbye(self) -> Page {
        self.closing(Words::Goodbye)
    }

    fn closing(self, words: Words) -> Page {
        self.saying(words.text(self.flow.language))
    }

    /// A text, and nothing after it.
    pub(crate) fn saying(self, text: &str) -> Page {
        let mut document = Document::new();
        document.say(text, self.flow.language);
        document.hang_up();
        Page {
            body: document.finish(),
            phase: phase::TALK,
            lasts: spoken::lasts(text).saturating_add(SLACK),
            node: None,
        }
    }

    /// Asks whoever picked up whether to be put through.
    pub(crate) fn whisper(self, cursor: &Cursor) -> String {
        let mut document = Document::new();
        let text = Words::Whisper.text(self.flow.language);
        let action = self.addresses.whispered(cursor);
        gather(&mut document, &action, "8", text, self.flow.language);
        document.hang_up();
        document.finish()
    }

    /// The page that what was answered at the cursor's node leads to.
    pub(crate) fn after(self, cursor: &Cursor, said: &Form) -> Page {
        match self.flow.nodes.get(&cursor.node) {
            Some(Node::Menu {
                options,
                retries,
                no_input,
                ..
            }) => {
                let chosen = said.get("Digits").and_then(|digit| options.get(digit));
                match chosen {
                    Some(next) => self.at(next, 0),
                    None if cursor.again < *retries => {
                        self.at(&cursor.node, cursor.again.saturating_add(1))
                    }
                    None => self.at(no_input, 0),
                }
            }
            Some(Node::Dial {
                targets, no_answer, ..
            }) => {
                let next = cursor.again.saturating_add(1);
                if was_taken(said) {
                    end()
                } else if usize::try_from(next).is_ok_and(|next| next < targets.len()) {
                    self.at(&cursor.node, next)
                } else {
                    self.at(no_answer, 0)
                }
            }
            Some(Node::Voicemail { .. }) => self.closing(Words::Thanks),
            Some(_) | None => self.goodbye(),
        }
    }

    /// The page after a bridge, by what the call's phase says of its end.
    pub(crate) fn after_bridge(self, cursor: &Cursor, phase: &str) -> Page {
        let Some(Node::Bridge { done, failed, .. }) = self.flow.nodes.get(&cursor.node) else {
            return self.goodbye();
        };
        match phase {
            phase::STREAM_DONE => self.at(done, 0),
            phase::STREAM_FAILED => self.at(failed, 0),
            phase::STREAM_MOVED => self.at(&cursor.node, cursor.again),
            // Nobody said how it ended: the replica that had it is gone.
            _ if cursor.again < BRIDGES_AGAIN => {
                self.at(&cursor.node, cursor.again.saturating_add(1))
            }
            _ => self.at(failed, 0),
        }
    }
}

/// After a conversation the call is over.
fn end() -> Page {
    Page {
        body: crate::twiml::ended(),
        phase: phase::TALK,
        lasts: SLACK,
        node: None,
    }
}

/// Whether somebody spoke to the caller: who hung up at the whisper did not.
pub(crate) fn was_taken(said: &Form) -> bool {
    matches!(said.get("DialCallStatus"), Some("completed" | "answered"))
        && said.get("DialBridged") != Some("false")
}

/// Every key counts as a digit, `#` too, and one is enough.
fn gather(document: &mut Document, action: &str, timeout: &str, text: &str, language: Language) {
    let attributes = [
        ("action", action),
        ("method", "POST"),
        ("input", "dtmf"),
        ("numDigits", "1"),
        ("timeout", timeout),
        ("finishOnKey", ""),
    ];
    document.within("Gather", &attributes, |gather| gather.say(text, language));
}

const fn phase_of(node: &Node) -> &'static str {
    match node {
        Node::Dial { .. } => phase::DIAL,
        Node::Voicemail { .. } => phase::RECORD,
        Node::Bridge { .. } => phase::STREAM,
        Node::Say { .. } | Node::Play { .. } | Node::Menu { .. } | Node::Hangup { .. } => {
            phase::TALK
        }
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}
