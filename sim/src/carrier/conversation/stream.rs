//! `<Connect>`, `<Start>` and `<Stop>`: media streams of a call.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::super::address::Address;
use super::super::call::Call;
use super::super::courier::{DOCUMENT, Order};
use super::super::journal::Kind;
use super::super::media::{Came, INTERVAL, Line, Names, Refused};
use super::super::notices::deliver;
use super::super::sids::idempotency_token;
use super::super::signature::sign;
use super::super::twiml::Element;
use super::super::{Route, sound};
use super::listen::Heard;
use super::speak::spoken;
use super::{Conversation, Page, Turn, method};
use crate::faults::Kind as Fault;

/// How many streams may listen in at once: Twilio's "up to four tracks".
const TAPS: usize = 4;

/// How much that the caller says may wait for a stream that listens in.
const WAITING: usize = 64;

/// A stream that listens in; it ends when this is dropped.
pub(super) struct Tap {
    name: String,
    voice: mpsc::Sender<Vec<u8>>,
}

impl Conversation {
    /// Connects the caller with a socket of the business until either ends it. What follows the verb is performed
    /// when the business does.
    pub(super) async fn connect(&mut self, verb: &Element, page: &Page) -> Result<(), Turn> {
        self.answer();
        let Some(stream) = verb.children.iter().find(|child| child.name == "Stream") else {
            return Ok(());
        };
        let Some(mut line) = self.open(stream, page).await? else {
            return Ok(());
        };
        let ended = self.converse(&mut line).await;
        let silent = self.is_faulty(Fault::MediaNoStop);
        let (turn, why) = match ended {
            Ok(turn) => (turn, None),
            Err(refused) => (None, Some(refused)),
        };
        if turn.is_some() && !silent {
            // Who is gone needs no farewell.
            drop(line.stop(&names(&self.call, stream)).await);
        }
        // What broke, or is cut on purpose, ends without a word.
        if why.is_none() {
            line.close().await;
        }
        self.tell_of_end(&line, stream, page, why)?;
        turn.map_or(Ok(()), Err)
    }

    /// Lets a socket of the business listen in while the next verbs are performed.
    pub(super) async fn listen_in(&mut self, verb: &Element, page: &Page) -> Result<(), Turn> {
        self.answer();
        for stream in verb.children.iter().filter(|child| child.name == "Stream") {
            if self.taps.len() >= TAPS {
                self.complain(31951, "more streams than a call has");
                return Ok(());
            }
            let Some(line) = self.open(stream, page).await? else {
                continue;
            };
            let (voice, spoken) = mpsc::channel(WAITING);
            let (call, stream) = (Arc::clone(&self.call), stream.clone());
            self.taps.push(Tap {
                name: stream.get("name").unwrap_or_default().to_owned(),
                voice,
            });
            self.carrier
                .spawn(async move { relay(&call, &stream, line, spoken).await });
        }
        Ok(())
    }

    /// Ends streams that listen in, by their names.
    pub(super) fn stop_listening(&mut self, verb: &Element) {
        for stream in &verb.children {
            let name = stream.get("name").unwrap_or_default();
            self.taps.retain(|tap| tap.name != name);
        }
    }

    /// What the caller says is heard by all who listen in.
    pub(super) fn pass_on(&self, heard: &Heard) {
        if let Some(sound) = sound_of(heard) {
            for tap in &self.taps {
                // Who cannot keep up loses it.
                drop(tap.voice.try_send(sound.clone()));
            }
        }
    }

    /// Opens a socket and says what it is about; nothing, and a complaint, when the business does not want it.
    async fn open(&mut self, stream: &Element, page: &Page) -> Result<Option<Line>, Turn> {
        let address = Address::socket(stream.get("url").unwrap_or_default());
        let address = match address {
            Ok(address) => address,
            Err(why) => {
                self.complain(31923, &why);
                return Ok(None);
            }
        };
        let token = &self.call.parties.account.token;
        let signature =
            (!self.is_faulty(Fault::MediaUnsigned)).then(|| sign(token, address.url.as_str(), &[]));
        let (call, starts) = (Arc::clone(&self.call), !self.is_faulty(Fault::MediaNoStart));
        let opening = async {
            let mut line = Line::open(&address, signature.as_deref()).await?;
            line.greet().await?;
            if starts {
                line.start(&names(&call, stream)).await?;
            }
            Ok::<_, Refused>(line)
        };
        match self.while_listening(opening).await? {
            Ok(line) => {
                let about =
                    json!({ "event": "started", "stream": line.sid, "url": address.url.as_str() });
                self.call.journal.note(Kind::Stream, about);
                self.tell(stream, page, &line.sid, "stream-started", "")?;
                Ok(Some(line))
            }
            Err(refused) => {
                self.complain(refused.code, &refused.why);
                self.tell(stream, page, "", "stream-error", &refused.why)?;
                Ok(None)
            }
        }
    }

    /// Sound both ways. Returns what the call does when the caller or REST ended it, and nothing when the business
    /// did.
    async fn converse(&mut self, line: &mut Line) -> Result<Option<Turn>, Refused> {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let far = Instant::now() + Duration::from_hours(24);
        let cut = self.carrier.fault(Fault::MediaCut, None, &self.call);
        let cut = cut.map_or(far, |cut| {
            Instant::now() + Duration::from_millis(cut.ms.unwrap_or_default())
        });
        let mut complained = false;
        loop {
            tokio::select! {
                heard = self.listen(far) => match heard {
                    Ok(Some(Heard::Digit(digit))) => line.press(digit).await?,
                    Ok(Some(heard)) => line.speak(&sound_of(&heard).unwrap_or_default()),
                    Ok(None) => {}
                    Err(turn) => return Ok(Some(turn)),
                },
                message = line.next() => match line.obey(message).await? {
                    Came::Clear => self.note_stream(json!({ "event": "clear" })),
                    Came::Wrong(code, why) if !complained => {
                        complained = true;
                        self.complain(code, &why);
                    }
                    Came::Nothing | Came::Wrong(..) => {}
                    Came::Closed(code) => {
                        self.note_stream(json!({ "event": "closed", "by": "business", "code": code }));
                        return Ok(None);
                    }
                },
                due = ticks.tick() => self.tick(line, due).await?,
                () = sleep_until(cut) => {
                    return Err(Refused { code: 31903, why: "cut on purpose".to_owned() });
                }
            }
        }
    }

    /// Every 20 ms: a frame out, a frame heard.
    async fn tick(&self, line: &mut Line, due: Instant) -> Result<(), Refused> {
        if due.elapsed() >= INTERVAL {
            line.tally.late += 1;
        }
        let lost = self.is_faulty(Fault::MediaGap);
        if lost {
            line.tally.lost += 1;
        }
        line.frame(lost).await?;
        for name in line.hear().await? {
            self.note_stream(json!({ "event": "mark", "name": name }));
        }
        Ok(())
    }

    fn note_stream(&self, about: Value) {
        self.call.journal.note(Kind::Stream, about);
    }

    fn tell_of_end(
        &self,
        line: &Line,
        stream: &Element,
        page: &Page,
        why: Option<Refused>,
    ) -> Result<(), Turn> {
        note_end(&self.call, line);
        match why {
            Some(refused) => {
                self.complain(refused.code, &refused.why);
                self.tell(stream, page, &line.sid, "stream-error", &refused.why)
            }
            None => self.tell(stream, page, &line.sid, "stream-stopped", ""),
        }
    }

    /// The callback of a stream, if the business wants it.
    fn tell(
        &self,
        stream: &Element,
        page: &Page,
        sid: &str,
        event: &str,
        error: &str,
    ) -> Result<(), Turn> {
        let Some(text) = stream.get("statusCallback") else {
            return Ok(());
        };
        let account = &self.call.parties.account;
        let form = [
            ("AccountSid", account.sid.clone()),
            ("CallSid", self.call.sid.clone()),
            ("StreamSid", sid.to_owned()),
            (
                "StreamName",
                stream.get("name").unwrap_or_default().to_owned(),
            ),
            ("StreamEvent", event.to_owned()),
            ("StreamError", error.to_owned()),
            ("Timestamp", jiff::Timestamp::now().to_string()),
        ];
        let order = Order {
            address: self.address(page, text)?,
            method: method(stream, "statusCallbackMethod"),
            form: form.map(|(name, value)| (name.to_owned(), value)).into(),
            token: account.token.clone(),
            idempotency: idempotency_token(),
            largest: DOCUMENT,
        };
        let (carrier, call) = (Arc::clone(&self.carrier), Arc::clone(&self.call));
        self.carrier.spawn(async move {
            deliver(&carrier, &call, Route::Stream, &order, &order.form).await;
        });
        Ok(())
    }
}

/// Sends what the caller says until the call or the business ends it.
async fn relay(call: &Call, stream: &Element, mut line: Line, mut spoken: mpsc::Receiver<Vec<u8>>) {
    let mut ticks = interval(INTERVAL);
    let ended = loop {
        let step = tokio::select! {
            sound = spoken.recv() => match sound {
                Some(sound) => { line.speak(&sound); Ok(()) }
                None => break true,
            },
            message = line.next() => match line.obey(message).await {
                Ok(Came::Closed(_)) => break false,
                Ok(_) => Ok(()),
                Err(refused) => Err(refused),
            },
            _ = ticks.tick() => line.frame(false).await,
        };
        if step.is_err() {
            break false;
        }
    };
    if ended {
        // Who is gone needs no farewell.
        drop(line.stop(&names(call, stream)).await);
    }
    line.close().await;
    note_end(call, &line);
}

fn note_end(call: &Call, line: &Line) {
    let mut about = line.tally.describe();
    if let Value::Object(about) = &mut about {
        about.insert("event".to_owned(), "stopped".into());
        about.insert("stream".to_owned(), line.sid.clone().into());
    }
    call.journal.note(Kind::Stream, about);
}

fn names<'a>(call: &'a Call, stream: &'a Element) -> Names<'a> {
    Names {
        account: &call.parties.account.sid,
        call: &call.sid,
        stream,
    }
}

/// The sound of what a person does.
fn sound_of(heard: &Heard) -> Option<Vec<u8>> {
    match heard {
        Heard::Speech(text, _) => Some(sound::speech(text, spoken(text))),
        Heard::Tone(length) => Some(sound::speech("", *length)),
        _ => None,
    }
}
