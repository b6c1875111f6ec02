//! Whether a live connection is still heard. The client takes every byte for a sign of life, also of a stream that it
//! cannot open any more: after one damaged frame it would stay deaf for ever and look connected.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use switchyard_core::reason::SessionReason;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use wacore::iq::keepalive::KeepaliveSpec;
use wacore::protocol::keepalive::KEEP_ALIVE_RESPONSE_DEADLINE;
use whatsapp_rust::client::Client;
use whatsapp_rust::request::IqError;

use crate::ear::Sign;
use crate::ending::Ending;
use crate::gate::Gate;
use crate::pace::jittered;

/// What has arrived is told within this, unless it is an answer to the client itself, or cannot be read.
const READ: Duration = Duration::from_secs(2);
/// How long a sign of life may take once bytes have arrived.
const PROMPT: Duration = Duration::from_secs(5);

/// Knows when bytes arrive and when the client tells something that WhatsApp said.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    beaten: AtomicBool,
    arrived: Notify,
}

impl Pulse {
    /// Something was heard.
    pub(crate) fn beat(&self) {
        self.beaten.store(true, Ordering::Relaxed);
    }

    /// Bytes arrived.
    pub(crate) fn arrive(&self) {
        self.arrived.notify_waiters();
    }

    /// Whether something was heard since the last call.
    pub(crate) fn has_beaten(&self) -> bool {
        self.beaten.swap(false, Ordering::Relaxed)
    }
}

/// Asks WhatsApp for a sign of life when bytes arrived of which nothing was heard, or when nothing was heard for
/// `silence`, and gives the connection up when none comes.
pub(crate) async fn watch(
    client: Weak<Client>,
    gate: Arc<Gate>,
    pulse: Arc<Pulse>,
    silence: Duration,
    signs: mpsc::Sender<Sign>,
) {
    loop {
        let unread = tokio::select! {
            () = pulse.arrived.notified() => {
                sleep(READ).await;
                true
            }
            () = sleep(jittered(silence)) => false,
        };
        // While our own database is slow nothing is heard and nothing can be asked, and neither is the connection's fault.
        if pulse.has_beaten() || !matches!(timeout(PROMPT, gate.pass()).await, Ok(Ok(()))) {
            continue;
        }
        let Some(client) = client.upgrade() else {
            return;
        };
        let deaf = async {
            if !unread {
                pulse.arrived.notified().await;
            }
            sleep(PROMPT).await;
        };
        let ping = KeepaliveSpec::with_timeout(KEEP_ALIVE_RESPONSE_DEADLINE);
        let reason = tokio::select! {
            answer = client.execute(ping) => match answer {
                Err(IqError::Timeout) => SessionReason::Network,
                _ => continue,
            },
            () = deaf => SessionReason::ProtocolError,
        };
        if !pulse.has_beaten() {
            tracing::warn!(
                reason = reason.code(),
                "nothing is heard on a connection any more: it is given up"
            );
            let ending = Ending::Because(reason);
            if signs.send(Sign::Ended(ending)).await.is_err() {
                tracing::debug!("the connection has ended already");
            }
            return;
        }
    }
}
