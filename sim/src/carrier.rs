//! The telephone network: calls to numbers of businesses, asked and told in Twilio's dialect.
//!
//! It shares the port, the control API and the faults of the WhatsApp network. Everything is real but the telephones:
//! webhooks are signed and sent over HTTP, documents are read by a strict interpreter, and every call keeps a ledger.
//! It asks nobody who is not on this machine, and forgets everything when it stops.

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
mod notices;
mod register;
mod sids;
mod signature;
mod twiml;

use std::sync::Arc;

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
use register::Register;

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
}

impl Carrier {
    /// A network without calls, `scale` times as fast as the world, that ends with `over`.
    pub(crate) fn new(scale: f64, over: CancellationToken) -> anyhow::Result<Self> {
        Ok(Self {
            clock: Clock::new(scale)?,
            exchange: Exchange::new(),
            calls: Register::default(),
            admissions: Arc::default(),
            courier: Courier::new(),
            tasks: TaskTracker::new(),
            over,
        })
    }

    /// Somebody calls. Fails when nobody has that number or it has no address to ask.
    pub(crate) fn dial(self: &Arc<Self>, from: &str, to: &str) -> anyhow::Result<Arc<Call>> {
        inbound::dial(self, from, to)
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
        let answer = self.courier.deliver(order).await;
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
            Route::Status => Kind::Callback,
            _ => Kind::Request,
        };
        call.journal.note(kind, entry);
        answer
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
