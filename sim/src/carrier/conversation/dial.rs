//! `<Dial>`: connects the caller to somebody else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::time::Instant;

use super::super::call::{Call, Direction, Input, Parties, Status};
use super::super::journal::Kind;
use super::super::notices::{Notices, Subscription};
use super::super::people::Callee;
use super::super::twiml::Element;
use super::{Conversation, Goto, Page, Turn, method};

/// How much longer than its timeout Twilio rings: "about five seconds".
const SLACK: Duration = Duration::from_secs(5);

/// A leg to one number, and the document that is performed there before the two are connected.
struct Leg {
    talk: Conversation,
    whisper: Option<Goto>,
}

/// How an attempt to reach somebody ended.
enum Reached {
    /// Somebody answered and accepted.
    Somebody(Box<Conversation>),
    /// Nobody, and why; with the leg that was tried.
    Nobody(Status, String),
}

impl Conversation {
    /// Rings at all numbers at once, or one after the other, connects the first who accepts, and goes to the action.
    pub(super) async fn dial(&mut self, verb: &Element, page: &Page) -> Result<(), Turn> {
        if !verb.flag("answerOnBridge") {
            self.answer();
        }
        let patience = Duration::from_secs(verb.number("timeout", 30)) + SLACK;
        let mut legs = Vec::new();
        for target in targets(verb) {
            legs.push(self.leg(&target, verb, page)?);
        }
        let reached = self.reach(legs, patience, verb.flag("sequential")).await;
        let mut told = Vec::new();
        let mut tell = |name: &str, value: String| told.push((name.to_owned(), value));
        let turn = match reached {
            Err(turn) => {
                tell("DialCallStatus", Status::Canceled.as_str().to_owned());
                Some(turn)
            }
            Ok(Reached::Nobody(status, sid)) => {
                tell("DialCallStatus", status.as_str().to_owned());
                tell("DialCallSid", sid);
                None
            }
            Ok(Reached::Somebody(other)) => {
                self.answer();
                let child = Arc::clone(&other.call);
                let limit = Duration::from_secs(verb.number("timeLimit", 14_400));
                let turn = self.bridge(*other, limit).await;
                tell("DialCallStatus", Status::Completed.as_str().to_owned());
                tell("DialCallSid", child.sid.clone());
                tell("DialCallDuration", child.seconds().to_string());
                tell("DialBridged", "true".to_owned());
                turn
            }
        };
        let action = verb.get("action").map(|_| self.action(verb, page, told));
        match (turn, action.transpose()?) {
            (None, Some(action)) => Err(action.into()),
            (None, None) => Ok(()),
            (Some(Turn::Over(status)), Some(action)) => {
                self.last_words.push(action);
                Err(Turn::Over(status))
            }
            (Some(turn), _) => Err(turn),
        }
    }

    fn leg(&self, target: &Element, dial: &Element, page: &Page) -> Result<Leg, Turn> {
        let parties = Parties {
            account: Arc::clone(&self.call.parties.account),
            from: dial
                .get("callerId")
                .unwrap_or(&self.call.parties.from)
                .to_owned(),
            to: target.words().to_owned(),
            direction: Direction::OutboundDial,
            parent: Some(self.call.sid.clone()),
        };
        let subscription = target
            .get("statusCallback")
            .map(|text| {
                let events = target.get("statusCallbackEvent").unwrap_or("completed");
                Ok::<_, Turn>(Subscription {
                    address: self.address(page, text)?,
                    method: method(target, "statusCallbackMethod"),
                    events: events.split(' ').map(str::to_owned).collect(),
                })
            })
            .transpose()?;
        let whisper = target
            .get("url")
            .map(|text| {
                let address = self.address(page, text)?;
                Ok::<_, Turn>(Goto::action(address, method(target, "method"), Vec::new()))
            })
            .transpose()?;
        let (call, heard) = Call::new(parties, Status::Queued);
        if let Err(error) = self.carrier.calls.add(&call) {
            self.complain(11200, &error.to_string());
            return Err(Turn::Over(Status::Failed));
        }
        self.call
            .journal
            .note(Kind::Leg, json!({ "leg": call.sid, "to": call.parties.to }));
        let notices = Notices::start(&self.carrier, &call, subscription);
        let talk = Self::new(&self.carrier, &call, heard, notices, None);
        Ok(Leg { talk, whisper })
    }

    async fn reach(
        &mut self,
        legs: Vec<Leg>,
        patience: Duration,
        one_by_one: bool,
    ) -> Result<Reached, Turn> {
        let mut nobody = Reached::Nobody(Status::NoAnswer, String::new());
        let mut waiting = legs;
        while !waiting.is_empty() {
            let rest = if one_by_one {
                waiting.split_off(1)
            } else {
                Vec::new()
            };
            match self.race(waiting, patience).await? {
                somebody @ Reached::Somebody(_) => return Ok(somebody),
                other @ Reached::Nobody(..) => nobody = other,
            }
            waiting = rest;
        }
        Ok(nobody)
    }

    /// Rings at all of them; the first who accepts ends the ringing of the others.
    async fn race(&mut self, legs: Vec<Leg>, patience: Duration) -> Result<Reached, Turn> {
        let calls: Vec<Arc<Call>> = legs.iter().map(|leg| Arc::clone(&leg.talk.call)).collect();
        let mut ringing: FuturesUnordered<_> = legs
            .into_iter()
            .map(|leg| {
                let callee = self.carrier.callee(&self.call, &leg.talk.call.parties.to);
                Box::pin(leg.try_reach(callee, patience))
            })
            .collect();
        let (mut outcome, mut gone) = (None, None);
        loop {
            let next = if gone.is_none() {
                match self.while_listening(ringing.next()).await {
                    Ok(next) => next,
                    Err(turn) => {
                        cancel(&calls, None);
                        gone = Some(turn);
                        continue;
                    }
                }
            } else {
                ringing.next().await
            };
            match next {
                None => break,
                Some(Reached::Somebody(other)) if outcome.is_none() && gone.is_none() => {
                    cancel(&calls, Some(&other.call.sid));
                    outcome = Some(Reached::Somebody(other));
                }
                // Too late: somebody else has the call, or nobody needs it any more.
                Some(Reached::Somebody(other)) => other.end(Status::Completed).await,
                Some(nobody) if !matches!(outcome, Some(Reached::Somebody(_))) => {
                    outcome = Some(nobody);
                }
                Some(Reached::Nobody(..)) => {}
            }
        }
        match gone {
            Some(turn) => Err(turn),
            None => Ok(outcome.unwrap_or(Reached::Nobody(Status::Failed, String::new()))),
        }
    }

    /// The two talk until one of them hangs up, REST interferes, or the time is over. Returns what the caller's leg
    /// does then, if the caller was the one.
    async fn bridge(&mut self, mut other: Self, limit: Duration) -> Option<Turn> {
        let end = self.carrier.clock.after(limit);
        let turn = loop {
            tokio::select! {
                heard = self.listen(end) => match heard {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(turn) => break Some(turn),
                },
                heard = other.listen(Instant::now() + Duration::from_hours(24)) => {
                    if heard.is_err() {
                        break None;
                    }
                }
            }
        };
        other.end(Status::Completed).await;
        turn
    }
}

impl Leg {
    /// Rings, and performs the document that the business has for whoever answers; who is still there after it
    /// accepts.
    async fn try_reach(self, callee: Callee, patience: Duration) -> Reached {
        let Self { mut talk, whisper } = self;
        let sid = talk.call.sid.clone();
        let mut result = talk.ring(callee, patience).await;
        if result.is_ok()
            && let Some(whisper) = whisper
        {
            result = talk.whisper(whisper).await;
        }
        match result {
            Ok(()) => Reached::Somebody(Box::new(talk)),
            Err(turn) => {
                let status = match turn {
                    Turn::Over(status) => status,
                    Turn::Goto(_) => Status::Failed,
                };
                // Who answered and did not accept is like nobody.
                let status_of_dial = match status {
                    Status::Completed => Status::NoAnswer,
                    other => other,
                };
                talk.end(status).await;
                Reached::Nobody(status_of_dial, sid)
            }
        }
    }
}

/// The elements that name numbers; a bare number is one without attributes.
fn targets(verb: &Element) -> Vec<Element> {
    if verb.children.is_empty() {
        return vec![Element {
            name: "Number".to_owned(),
            text: verb.words().to_owned(),
            ..Element::default()
        }];
    }
    let numbers = verb.children.iter();
    numbers
        .filter(|child| child.name == "Number")
        .cloned()
        .collect()
}

fn cancel(calls: &[Arc<Call>], but: Option<&str>) {
    for call in calls.iter().filter(|call| Some(call.sid.as_str()) != but) {
        call.tell(Input::Complete);
    }
}
