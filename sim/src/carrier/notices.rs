//! Status callbacks of one call: fired in true order, each with its place, delivered one after the other.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::sync::mpsc;

use super::address::Address;
use super::call::{Call, Status};
use super::courier::{DOCUMENT, Order};
use super::journal::Kind;
use super::sids::{idempotency_token, rfc2822};
use super::{Carrier, Route, form};
use crate::faults::Kind as Fault;

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
    last: bool,
}

impl Notices {
    /// Callbacks about that call, if somebody wants them.
    pub(crate) fn start(
        carrier: &Arc<Carrier>,
        call: &Arc<Call>,
        subscription: Option<Subscription>,
    ) -> Self {
        let queue = subscription.map(|subscription| {
            let (sender, fired) = mpsc::channel::<Notice>(WAITING);
            let (worker, call) = (Arc::clone(carrier), Arc::clone(call));
            carrier.spawn(async move { carry(&worker, &call, fired).await });
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
        if queue
            .try_send(Notice {
                order,
                told,
                last: status.is_final(),
            })
            .is_err()
        {
            tracing::warn!("a call has more callbacks than statuses");
        }
    }
}

/// Delivers what is fired, one after the other, until the call's task is gone.
async fn carry(carrier: &Carrier, call: &Call, mut fired: mpsc::Receiver<Notice>) {
    let mut held: Option<Notice> = None;
    let reorders = || carrier.fault(Fault::CallbackReorder, Some(Route::Status), call);
    while let Some(notice) = fired.recv().await {
        if held.is_none() && !notice.last && reorders().is_some() {
            held = Some(notice);
            continue;
        }
        for notice in [Some(notice), held.take()].into_iter().flatten() {
            deliver(carrier, call, Route::Status, &notice.order, &notice.told).await;
        }
    }
}

/// Delivers a callback, with everything that goes wrong with it on purpose. What came of it stands in the call's
/// ledger; nobody waits for it.
pub(super) async fn deliver(
    carrier: &Carrier,
    call: &Call,
    route: Route,
    order: &Order,
    told: &[(String, String)],
) {
    let fault = |kind| carrier.fault(kind, Some(route), call);
    if fault(Fault::CallbackDrop).is_some() {
        let about = json!({ "route": route, "lost": true, "call_status": call.status().as_str() });
        call.journal.note(Kind::Callback, about);
        return;
    }
    if let Some(late) = fault(Fault::CallbackDelay) {
        tokio::time::sleep(Duration::from_millis(late.ms.unwrap_or(1_000))).await;
    }
    let again = fault(Fault::CallbackDuplicate);
    drop(carrier.ask(call, route, order, told).await);
    if let Some(again) = again {
        let mut order = order.clone();
        if again.code == Some(2) {
            order.idempotency = idempotency_token();
        }
        drop(carrier.ask(call, route, &order, told).await);
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
