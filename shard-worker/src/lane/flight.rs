//! A message on its way: a task of its own hands it to the socket, then it waits for its acknowledgement. Both may
//! outlast the drain that began them; the next one finds them here.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use store::messages::Outgoing;
use switchyard_core::fail::FailPoint;
use switchyard_core::reason::FailureCode;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use wacore::proto_helpers::MessageBuilderExt;
use wacore_binary::Jid;
use waproto::whatsapp as wa;
use whatsapp_rust::Freshness;
use whatsapp_rust::send::{SendError, SendOptions};

use super::recipient;
use crate::acks::Ack;
use crate::live::Live;

/// How long handing a message to the socket may take: it includes fetching the recipient's keys.
const HAND_OVER: Duration = Duration::from_secs(10);

/// A message on its way.
#[derive(Debug)]
pub(super) struct Flight {
    /// The message.
    pub(super) message: Outgoing,
    /// How many acknowledgements the connection had heard when this one set out.
    pub(super) heard: u64,
    handing: Option<AbortOnDropHandle<Handed>>,
    ack: oneshot::Receiver<Ack>,
    overdue: Instant,
    _counted: InFlight,
}

/// How handing a message over ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// It is on the wire, or may be.
    Over,
    /// The connection is gone.
    NotConnected,
    /// It can be tried again.
    NotYet,
    /// It cannot be sent.
    Never(FailureCode),
}

/// Where a message is at the end of a drain's patience.
#[derive(Debug)]
pub(super) enum Landing {
    /// The server answered.
    Answered(Ack),
    /// It was not handed over.
    Not(Handed),
    /// It is still on its way.
    StillFlying,
    /// The server owes its answer.
    Overdue,
    /// The connection is over.
    ConnectionOver,
}

impl Flight {
    /// Sends a message; with `refresh`, to a fresh list of the recipient's devices.
    pub(super) fn start(live: &Arc<Live>, message: Outgoing, to: Jid, refresh: bool) -> Self {
        let mut options = SendOptions::default().with_message_id(message.wa_id.clone());
        if refresh {
            options = options.with_device_freshness(Freshness::Refresh);
        }
        let ack = live.acks.expect(&message.wa_id);
        let handing = tokio::spawn(hand_over(Arc::clone(live), message.clone(), to, options));
        Self {
            heard: live.acks.heard(),
            handing: Some(AbortOnDropHandle::new(handing)),
            ack,
            overdue: Instant::now(),
            _counted: InFlight::new(&live.metrics.in_flight),
            message,
        }
    }

    /// Waits for what becomes of it, but not past `deadline`. Its acknowledgement may take `patience`.
    pub(super) async fn land(&mut self, deadline: Instant, patience: Duration) -> Landing {
        if let Some(handing) = &mut self.handing {
            let Ok(handed) = timeout_at(deadline, handing).await else {
                return Landing::StillFlying;
            };
            self.handing = None;
            let handed = handed.unwrap_or_else(|error| {
                tracing::error!(%error, "handing a message over ended badly");
                Handed::NotYet
            });
            if handed != Handed::Over {
                return Landing::Not(handed);
            }
            let now = Instant::now();
            self.overdue = now.checked_add(patience).unwrap_or(now);
        }
        match timeout_at(deadline.min(self.overdue), &mut self.ack).await {
            Ok(Ok(ack)) => Landing::Answered(ack),
            Ok(Err(_connection_over)) => Landing::ConnectionOver,
            Err(_elapsed) if Instant::now() < self.overdue => Landing::StillFlying,
            Err(_elapsed) => Landing::Overdue,
        }
    }
}

async fn hand_over(live: Arc<Live>, message: Outgoing, to: Jid, options: SendOptions) -> Handed {
    // Boxed: the client's own futures are large.
    let work = Box::pin(async {
        let text = wa::Message::text(message.text.clone());
        let sending = live.client.send_message_with_options(to, text, options);
        if let Ok(Err(error)) = timeout(HAND_OVER, sending).await {
            return refused(&live, &message, &error).await;
        }
        // Without an answer in time it may be on the wire all the same: it waits like one that is.
        live.metrics.sends.inc();
        live.fail.pass(FailPoint::AfterSend);
        Handed::Over
    });
    let handed = live.over.run_until_cancelled(work).await;
    handed.unwrap_or(Handed::NotConnected)
}

/// The client did not hand the message over.
async fn refused(live: &Arc<Live>, message: &Outgoing, error: &SendError) -> Handed {
    if !live.client.is_connected() {
        return Handed::NotConnected;
    }
    if matches!(error, SendError::InvalidRequest(_)) {
        return Handed::Never(FailureCode::InvalidRecipient);
    }
    match timeout(HAND_OVER, recipient::is_not_on_whatsapp(live, message)).await {
        Ok(true) => Handed::Never(FailureCode::NotOnWhatsapp),
        Ok(false) | Err(_) => Handed::NotYet,
    }
}

#[derive(Debug)]
struct InFlight(IntGauge);

impl InFlight {
    fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
