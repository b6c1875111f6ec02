//! The telephone network: calls to numbers of businesses, asked and told in Twilio's dialect.
//!
//! It shares the port, the control API and the faults of the WhatsApp network. Everything is real but the telephones:
//! webhooks are signed and sent over HTTP, documents are read by a strict interpreter, and every call keeps a ledger.
//! It asks nobody who is not on this machine. Accounts and numbers are kept in the data folder; calls, recordings and
//! what people do end with the process.

pub(crate) mod address;
pub(crate) mod admissions;
pub(crate) mod call;
pub(crate) mod clock;
mod conversation;
mod courier;
pub(crate) mod exchange;
mod form;
mod inbound;
pub(crate) mod journal;
pub(crate) mod load;
mod media;
pub(crate) mod notices;
pub(crate) mod outbound;
pub(crate) mod people;
pub(crate) mod recordings;
mod register;
pub(crate) mod sids;
mod signature;
mod sound;
mod twiml;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use admissions::Admissions;
use call::Call;
use clock::Clock;
use courier::{Answer, Courier, Failure, Order};
use exchange::Exchange;
use journal::Kind;
use load::Weather;
use outbound::Pace;
use people::{Callee, Script};
use recordings::{Recording, Recordings};
use register::Register;

use crate::faults::{self, Fault, Faults};

/// Of how many people it is known what they do when they are called.
const PEOPLE: usize = 10_000;

/// The network.
pub(crate) struct Carrier {
    /// How fast calls go.
    pub(crate) clock: Clock,
    /// Accounts and numbers.
    pub(crate) exchange: Exchange,
    /// All calls.
    pub(crate) calls: Register,
    /// How many calls the businesses took.
    pub(crate) admissions: Arc<Admissions>,
    /// What callers said.
    pub(crate) recordings: Recordings,
    /// How fast businesses may begin calls.
    pub(crate) pace: Pace,
    /// What became of the latest storm of calls.
    pub(crate) weather: Weather,
    people: Mutex<HashMap<String, Callee>>,
    faults: Arc<Faults>,
    url: String,
    courier: Courier,
    tasks: TaskTracker,
    over: CancellationToken,
}

/// What a request is for, in the words of ledgers and faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Route {
    /// The first question of a call.
    Voice,
    /// The question when another one failed.
    Fallback,
    /// What follows a verb.
    Action,
    /// A sound to play.
    Sound,
    /// A status callback.
    Status,
    /// A recording callback.
    Recording,
    /// A callback of a media stream.
    Stream,
}

impl Carrier {
    /// A network without calls at that address, `scale` times as fast as the world, that ends with `over`.
    pub(crate) fn new(
        url: String,
        scale: f64,
        customers: Exchange,
        over: CancellationToken,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            recordings: Recordings::default(),
            pace: Pace::new(),
            weather: Weather::default(),
            people: Mutex::default(),
            faults: Arc::default(),
            url,
            clock: Clock::new(scale)?,
            exchange: customers,
            calls: Register::default(),
            admissions: Arc::default(),
            courier: Courier::new(),
            tasks: TaskTracker::new(),
            over,
        })
    }

    /// Somebody calls, and follows a script. Fails when nobody has that number or it has no address to ask.
    pub(crate) fn dial(
        self: &Arc<Self>,
        from: &str,
        to: &str,
        script: Script,
    ) -> anyhow::Result<Arc<Call>> {
        inbound::dial(self, from, to, script)
    }

    /// What the person with that number does when called, from now on; somebody of whom nothing was said lets the
    /// page of the simulator decide.
    pub(crate) fn set_person(&self, phone: &str, callee: Callee) -> anyhow::Result<()> {
        anyhow::ensure!(
            exchange::is_e164(phone),
            "a number is + and up to fifteen digits"
        );
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        anyhow::ensure!(
            people.len() < PEOPLE || people.contains_key(phone),
            "there are too many people"
        );
        people.insert(phone.to_owned(), callee);
        Ok(())
    }

    /// What the person with that number does when `call` reaches them.
    fn callee(&self, call: &Call, phone: &str) -> Callee {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        call.callee(phone)
            .or_else(|| people.get(phone).cloned())
            .unwrap_or(Callee::Person)
    }

    /// Where a recording is fetched: without an ending, as Twilio tells it.
    fn recording_url(&self, recording: &Recording) -> String {
        let (account, sid) = (&recording.account, &recording.sid);
        format!(
            "{}/2010-04-01/Accounts/{account}/Recordings/{sid}",
            self.url
        )
    }

    /// What goes wrong on purpose, here and in the other network.
    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    /// Whether that goes wrong now with calls of the business in this call; counts it.
    fn fault(&self, kind: faults::Kind, route: Option<Route>, call: &Call) -> Option<Fault> {
        let business = match call.parties.direction {
            call::Direction::Inbound => &call.parties.to,
            _ => &call.parties.from,
        };
        self.faults
            .hit_route(kind, business.trim_start_matches('+'), route)
    }

    /// Asks a business, and notes in the call's ledger what came of it. `told` is what the request says beyond the
    /// parameters that all have.
    async fn ask(
        &self,
        call: &Call,
        route: Route,
        order: &Order,
        told: &[(String, String)],
    ) -> Result<Answer, Failure> {
        let start = Instant::now();
        let answer = self.deliver(call, route, order).await;
        let mut entry = json!({
            "route": route,
            "method": order.method.as_str(),
            "url": order.address.url.as_str(),
            "token": order.idempotency,
            "took_ms": u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "call_status": call.status().as_str(),
            "told": told.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect::<serde_json::Map<_, Value>>(),
        });
        if let Value::Object(entry) = &mut entry {
            match &answer {
                Ok(answer) => {
                    entry.insert("status".to_owned(), answer.status.into());
                    entry.insert("attempts".to_owned(), answer.attempts.into());
                }
                Err(failure) => {
                    entry.insert("code".to_owned(), failure.code.into());
                    entry.insert("error".to_owned(), failure.why.clone().into());
                    entry.insert("attempts".to_owned(), failure.attempts.into());
                }
            }
        }
        let kind = match route {
            Route::Status | Route::Recording | Route::Stream => Kind::Callback,
            _ => Kind::Request,
        };
        call.journal.note(kind, entry);
        answer
    }

    /// Delivers a request, with everything that goes wrong with it on purpose.
    async fn deliver(&self, call: &Call, route: Route, order: &Order) -> Result<Answer, Failure> {
        let fault = |kind| self.fault(kind, Some(route), call);
        let failed = |code, why: &str| Failure {
            code,
            why: why.to_owned(),
            attempts: 1,
        };
        if let Some(slow) = fault(faults::Kind::WebhookSlow) {
            tokio::time::sleep(Duration::from_millis(slow.ms.unwrap_or(1_000))).await;
        }
        let mut order = order.clone();
        if fault(faults::Kind::WebhookBadSignature).is_some() {
            order.token.push_str("-wrong");
        }
        if fault(faults::Kind::WebhookExtra).is_some() {
            for value in ["second", "first", "second"] {
                let name = "ParameterOfTomorrow".to_owned();
                order.form.push((name, value.to_owned()));
            }
        }
        if fault(faults::Kind::WebhookDuplicate).is_some() {
            let (first, second) =
                tokio::join!(self.courier.deliver(&order), self.courier.deliver(&order));
            return second.or(first);
        }
        if let Some(lost) = fault(faults::Kind::WebhookAnswerLost) {
            if lost.code == Some(11205) {
                return Err(failed(11205, "no connection (a fault)"));
            }
            drop(self.courier.deliver(&order).await);
            return Err(failed(11200, "the answer was lost (a fault)"));
        }
        self.courier.deliver(&order).await
    }

    /// Runs a part of a call until it ends or the network does.
    fn spawn(&self, part: impl Future<Output = ()> + Send + 'static) {
        let over = self.over.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = over.cancelled() => {}
                () = part => {}
            }
        });
    }

    /// Waits until no call goes on; the network must be over.
    pub(crate) async fn stop(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
