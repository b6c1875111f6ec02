//! Whether a live connection is still heard. The client takes every byte for a sign of life, also of a stream that it
//! cannot open any more: after one damaged frame it would stay deaf for ever and look connected.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use switchyard_core::reason::SessionReason;
use tokio::sync::mpsc;
use wacore::iq::keepalive::KeepaliveSpec;
use wacore::protocol::keepalive::KEEP_ALIVE_RESPONSE_DEADLINE;
use whatsapp_rust::client::Client;
use whatsapp_rust::request::IqError;

use crate::ear::Sign;
use crate::ending::Ending;
use crate::pace::jittered;

/// Beats whenever the client tells something that WhatsApp said.
#[derive(Debug, Default)]
pub(crate) struct Pulse(AtomicBool);

impl Pulse {
    /// Something was heard.
    pub(crate) fn beat(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether something was heard since the last call.
    fn has_beaten(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// Asks WhatsApp for a sign of life when nothing was heard for `silence`, and gives the connection up when none comes.
pub(crate) async fn watch(
    client: Weak<Client>,
    pulse: Arc<Pulse>,
    silence: Duration,
    signs: mpsc::Sender<Sign>,
) {
    loop {
        tokio::time::sleep(jittered(silence)).await;
        if pulse.has_beaten() {
            continue;
        }
        let Some(client) = client.upgrade() else {
            return;
        };
        let ping = KeepaliveSpec::with_timeout(KEEP_ALIVE_RESPONSE_DEADLINE);
        if let Err(IqError::Timeout) = client.execute(ping).await
            && !pulse.has_beaten()
        {
            tracing::warn!("nothing is heard on a connection any more: it is given up");
            let network = Ending::Because(SessionReason::Network);
            if signs.send(Sign::Ended(network)).await.is_err() {
                tracing::debug!("the connection has ended already");
            }
            return;
        }
    }
}
