//! What happens on one leg: documents are fetched and their verbs performed until somebody hangs up.

mod dial;
mod fetch;
mod gather;
mod listen;
mod record;
mod ring;
mod speak;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::address::Address;
use super::admissions::Admission;
use super::call::{Call, Input, Status, Target};
use super::journal::Kind;
use super::notices::Notices;
use super::people::Callee;
use super::twiml::Element;
use super::{Carrier, Route};
use crate::faults;

/// How many documents a call may fetch; one that asks for more goes in a circle.
const PAGES: u32 = 500;

/// What a leg does next instead of the next verb.
pub(crate) enum Turn {
    /// Goes to another document.
    Goto(Box<Goto>),
    /// Ends.
    Over(Status),
}

/// Which document comes next.
pub(crate) struct Goto {
    /// Where it is.
    target: Target,
    /// What the request is.
    route: Route,
    /// What it says beyond what all say.
    told: Vec<(String, String)>,
}

impl Goto {
    /// The first question of a call.
    pub(crate) fn voice(address: Address) -> Self {
        Self {
            target: Target::Url(address, Method::POST),
            route: Route::Voice,
            told: Vec::new(),
        }
    }

    /// The first question of a call that REST asked for.
    pub(crate) fn voice_at(target: Target) -> Self {
        Self {
            target,
            route: Route::Voice,
            told: Vec::new(),
        }
    }

    /// What follows a verb.
    pub(crate) fn action(address: Address, method: Method, told: Vec<(String, String)>) -> Self {
        Self {
            target: Target::Url(address, method),
            route: Route::Action,
            told,
        }
    }
}

impl From<Goto> for Turn {
    fn from(goto: Goto) -> Self {
        Self::Goto(Box::new(goto))
    }
}

/// A document that is performed.
pub(crate) struct Page {
    verbs: Vec<Element>,
    /// What relative addresses are relative to, and where verbs without an action go.
    base: Url,
}

/// One leg and its documents.
pub(crate) struct Conversation {
    carrier: Arc<Carrier>,
    call: Arc<Call>,
    heard: mpsc::Receiver<Input>,
    notices: Notices,
    fallback: Option<Address>,
    admission: Option<Admission>,
    /// Requests that go out when the call has ended.
    last_words: Vec<Goto>,
    /// Streams that listen in.
    taps: Vec<stream::Tap>,
    start: Instant,
    pages: u32,
}

impl Conversation {
    /// A leg that has not fetched anything yet.
    pub(crate) fn new(
        carrier: &Arc<Carrier>,
        call: &Arc<Call>,
        heard: mpsc::Receiver<Input>,
        notices: Notices,
        fallback: Option<Address>,
    ) -> Self {
        Self {
            carrier: Arc::clone(carrier),
            call: Arc::clone(call),
            heard,
            notices,
            fallback,
            admission: None,
            last_words: Vec::new(),
            taps: Vec::new(),
            start: Instant::now(),
            pages: 0,
        }
    }

    /// Performs documents from `first` on until the leg ends, and tells of its end.
    pub(crate) async fn run(mut self, first: Goto) {
        let status = self.follow(first).await.unwrap_or_else(|status| status);
        self.end(status).await;
    }

    /// Waits for its turn, rings, and performs documents from `first` on when somebody answers.
    pub(crate) async fn call_out(
        mut self,
        callee: Callee,
        wait: Duration,
        patience: Duration,
        first: Goto,
    ) {
        let turn = Instant::now() + wait;
        let status = match self.ring_in_turn(callee, turn, patience).await {
            Ok(()) => {
                self.start = Instant::now();
                self.follow(first).await.unwrap_or_else(|status| status)
            }
            Err(Turn::Over(status)) => status,
            Err(Turn::Goto(_)) => Status::Failed,
        };
        self.end(status).await;
    }

    /// Performs the document for somebody who was called, before the two are connected. An error when that person is
    /// gone after it.
    async fn whisper(&mut self, first: Goto) -> Result<(), Turn> {
        // A document may dial, and whoever is dialled may be asked by a document.
        let told = Box::pin(self.follow(first)).await;
        told.map(drop).map_err(Turn::Over)
    }

    /// Performs documents until one comes to its end, whose status is then that of the call; an error when the call
    /// ended before.
    async fn follow(&mut self, first: Goto) -> Result<Status, Status> {
        let mut next = first;
        loop {
            let turn = match self.fetch(next).await {
                Ok(page) => match self.perform(&page).await {
                    Ok(()) => return Ok(Status::Completed),
                    Err(turn) => turn,
                },
                Err(turn) => turn,
            };
            match turn {
                Turn::Over(status) => return Err(status),
                Turn::Goto(_) if self.pages >= PAGES => {
                    self.complain(11200, "the call asks for document after document");
                    return Err(Status::Completed);
                }
                Turn::Goto(goto) => next = *goto,
            }
        }
    }

    /// The place of the call is free before anybody is told.
    async fn end(mut self, status: Status) {
        self.admission = None;
        self.taps.clear();
        self.call.set(status, &self.carrier.clock);
        self.notices.fire(&self.call, &[]);
        for goto in std::mem::take(&mut self.last_words) {
            self.say_last(goto).await;
        }
    }

    async fn perform(&mut self, page: &Page) -> Result<(), Turn> {
        for verb in &page.verbs {
            let attributes: serde_json::Map<_, _> = verb
                .attributes
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect();
            self.call.journal.note(
                Kind::Verb,
                json!({ "verb": verb.name, "attributes": attributes }),
            );
            self.verb(verb, page).await?;
        }
        Ok(())
    }

    async fn verb(&mut self, verb: &Element, page: &Page) -> Result<(), Turn> {
        match verb.name.as_str() {
            "Say" | "Play" => {
                self.answer();
                self.prompt(verb, page, false).await.map(drop)
            }
            "Pause" => self.prompt(verb, page, false).await.map(drop),
            "Gather" => self.gather(verb, page).await,
            "Connect" => self.connect(verb, page).await,
            "Start" => self.listen_in(verb, page).await,
            "Stop" => {
                self.stop_listening(verb);
                Ok(())
            }
            "Record" => self.record(verb, page).await,
            "Dial" => Box::pin(self.dial(verb, page)).await,
            "Redirect" => {
                let address = self.address(page, verb.words())?;
                Err(Goto::action(address, method(verb, "method"), Vec::new()).into())
            }
            "Reject" if self.call.status() == Status::InProgress => {
                self.complain(12200, "<Reject> comes after the call was answered");
                Err(Turn::Over(Status::Completed))
            }
            "Reject" if verb.get("reason") == Some("busy") => Err(Turn::Over(Status::Busy)),
            "Reject" => Err(Turn::Over(Status::NoAnswer)),
            "Hangup" => {
                self.answer();
                Err(Turn::Over(Status::Completed))
            }
            // The complaint stands in the ledger since the document came.
            _ => Ok(()),
        }
    }

    /// The call is answered by the first verb that needs a listener.
    fn answer(&self) {
        if self.call.set(Status::InProgress, &self.carrier.clock) {
            self.notices.fire(&self.call, &[]);
        }
    }

    /// An address that the document names. What cannot be asked ends the call, as an application error does.
    fn address(&self, page: &Page, text: &str) -> Result<Address, Turn> {
        Address::join(&page.base, text).map_err(|why| {
            self.complain(11200, &why);
            self.application_error()
        })
    }

    /// Where a verb goes when it is done: its action, or else the document again.
    fn action(
        &self,
        verb: &Element,
        page: &Page,
        told: Vec<(String, String)>,
    ) -> Result<Goto, Turn> {
        let text = verb.get("action").unwrap_or(page.base.as_str());
        let address = self.address(page, text)?;
        Ok(Goto::action(address, method(verb, "method"), told))
    }

    /// Whether that goes wrong now with calls of this number.
    fn is_faulty(&self, kind: faults::Kind) -> bool {
        self.carrier.fault(kind, None, &self.call).is_some()
    }

    /// What Twilio's debugger would show.
    fn complain(&self, code: u32, why: &str) {
        self.call
            .journal
            .note(Kind::Error, json!({ "code": code, "why": why }));
    }

    /// The caller hears that there was an application error.
    fn application_error(&self) -> Turn {
        self.call.journal.note(
            Kind::Said,
            json!({ "text": "We are sorry. An application error has occurred. Goodbye.", "by": "network" }),
        );
        Turn::Over(match self.call.status() {
            Status::InProgress => Status::Completed,
            _ => Status::Failed,
        })
    }
}

/// The method that an attribute names; POST is usual.
fn method(verb: &Element, attribute: &str) -> Method {
    match verb.get(attribute) {
        Some("GET") => Method::GET,
        _ => Method::POST,
    }
}
