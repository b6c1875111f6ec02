//! Status callbacks of one call: fired in true order, each with its place, delivered one after the other.

use std::sync::Arc;

use reqwest::Method;
use tokio::sync::mpsc;

use super::address::Address;
use super::call::{Call, Status};
use super::courier::{DOCUMENT, Order};
use super::sids::{idempotency_token, rfc2822};
use super::{Carrier, Route, form};

/// More callbacks than a call has statuses.
const WAITING: usize = 16;

/// Who wants to know of what.
pub(crate) struct Subscription {
    /// Where to.
    pub(crate) address: Address,
    /// How.
    pub(crate) method: Method,
    /// Of which events: `initiated`, `ringing`, `answered`, `completed`.
    pub(crate) events: Vec<String>,
}

/// The callbacks of one call.
pub(crate) struct Notices {
    queue: Option<(mpsc::Sender<Notice>, Subscription)>,
}

struct Notice {
    order: Order,
    told: Vec<(String, String)>,
}

impl Notices {
    /// Callbacks about that call, if somebody wants them.
    pub(crate) fn start(
        carrier: &Arc<Carrier>,
        call: &Arc<Call>,
        subscription: Option<Subscription>,
    ) -> Self {
        let queue = subscription.map(|subscription| {
            let (sender, mut fired) = mpsc::channel::<Notice>(WAITING);
            let (worker, call) = (Arc::clone(carrier), Arc::clone(call));
            carrier.spawn(async move {
                while let Some(notice) = fired.recv().await {
                    // What came of it stands in the call's ledger; nobody waits for it.
                    drop(
                        worker
                            .ask(&call, Route::Status, &notice.order, &notice.told)
                            .await,
                    );
                }
            });
            (sender, subscription)
        });
        Self { queue }
    }

    /// Fires the callback of the status that the call has now, if somebody wants it.
    pub(crate) fn fire(&self, call: &Call, more: &[(String, String)]) {
        let Some((queue, subscription)) = &self.queue else {
            return;
        };
        let status = call.status();
        if !subscription
            .events
            .iter()
            .any(|event| event == status.event())
        {
            return;
        }
        let mut told = told(call, status);
        told.extend_from_slice(more);
        let order = Order {
            address: subscription.address.clone(),
            method: subscription.method.clone(),
            form: form::with(form::of(call), &told),
            token: call.parties.account.token.clone(),
            idempotency: idempotency_token(),
            largest: DOCUMENT,
        };
        if queue.try_send(Notice { order, told }).is_err() {
            tracing::warn!("a call has more callbacks than statuses");
        }
    }
}

/// What a callback says beyond what all requests say.
fn told(call: &Call, status: Status) -> Vec<(String, String)> {
    let mut told = vec![
        (
            "CallbackSource".to_owned(),
            "call-progress-events".to_owned(),
        ),
        (
            "SequenceNumber".to_owned(),
            call.next_sequence().to_string(),
        ),
        ("Timestamp".to_owned(), rfc2822(jiff::Timestamp::now())),
    ];
    if status.is_final() {
        let seconds = call.seconds();
        told.push(("CallDuration".to_owned(), seconds.to_string()));
        // Minutes, begun ones count whole.
        told.push(("Duration".to_owned(), seconds.div_ceil(60).to_string()));
        let code = match status {
            Status::Busy => "486",
            Status::NoAnswer | Status::Canceled => "487",
            Status::Failed => "404",
            _ => "200",
        };
        told.push(("SipResponseCode".to_owned(), code.to_owned()));
    }
    told
}
