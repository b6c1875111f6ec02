//! The gate before the wire: no frame leaves unless the lease is good and everything it depends on is in the vault.
//!
//! The client sends replies on ratchets that it has not written yet, and signs a pairing before it has stored its
//! credentials; a crash in between makes the next message unreadable, or leaves a linked device without keys.
//! So each write waits here for the device and, once connected, for the ratchets. A holder that lost its session
//! is refused by the vault and so sends nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use switchyard_core::fail::{FailPoint, FailPoints};
use switchyard_core::reason::SessionReason;
use tokio::sync::mpsc;
use wacore::net::{Transport, TransportEvent};
use wacore_binary::OwnedNodeRef;
use whatsapp_rust::client::Client;
use whatsapp_rust::store::persistence_manager::PersistenceManager;
use whatsapp_rust::{anyhow, async_channel};

use crate::ear::Sign;
use crate::ending::Ending;
use crate::metrics::Metrics;
use crate::pressure::{self, Pressure};
use crate::pulse::Pulse;
use crate::tenure::Lease;
use crate::vault::SessionVault;
use crate::world::World;

/// What the frames of one client wait for.
pub(crate) struct Gate {
    lease: Arc<Lease>,
    devices: Arc<PersistenceManager>,
    vault: Arc<SessionVault>,
    saving: tokio::sync::Mutex<()>,
    client: OnceLock<Weak<Client>>,
    connected: AtomicBool,
    unpaired: AtomicBool,
    shut: AtomicBool,
    fail: Arc<FailPoints>,
    pressure: Arc<Pressure>,
    pulse: Arc<Pulse>,
    signs: mpsc::Sender<Sign>,
    metrics: Metrics,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("connected", &self.connected)
            .field("shut", &self.shut)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// For one client, which is told by [`Gate::guard`] once it is built.
    pub(crate) fn new(
        lease: Arc<Lease>,
        devices: Arc<PersistenceManager>,
        vault: Arc<SessionVault>,
        world: &World,
        pulse: Arc<Pulse>,
        signs: mpsc::Sender<Sign>,
    ) -> Self {
        let unpaired = devices.get_device_snapshot().pn.is_none();
        Self {
            lease,
            devices,
            vault,
            saving: tokio::sync::Mutex::new(()),
            client: OnceLock::new(),
            connected: AtomicBool::new(false),
            unpaired: AtomicBool::new(unpaired),
            shut: AtomicBool::new(false),
            fail: Arc::clone(&world.fail),
            pressure: Arc::default(),
            pulse,
            signs,
            metrics: world.metrics.clone(),
        }
    }

    /// Whose frames these are. From now on that client dials once.
    pub(crate) fn guard(&self, client: &Arc<Client>) {
        if self.client.set(Arc::downgrade(client)).is_err() {
            tracing::error!("a gate guards one client only");
        }
        self.come_again(false);
    }

    /// From now on every frame waits for the ratchets too. Not earlier: while the offline queue is drained
    /// the client holds the permit that this would wait for.
    pub(crate) fn arm(&self) {
        self.connected.store(true, Ordering::Release);
    }

    /// From now on no frame leaves.
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::Release);
    }

    /// Whether the client itself dials again when its connection ends.
    pub(crate) fn come_again(&self, yes: bool) {
        if let Some(client) = self.client() {
            client.enable_auto_reconnect.store(yes, Ordering::Release);
        }
    }

    /// Refuses unless this process may act for the session now.
    pub(crate) fn may_act(&self) -> anyhow::Result<()> {
        if self.shut.load(Ordering::Acquire) {
            anyhow::bail!("this client has hung up");
        }
        if !self.lease.is_good() {
            anyhow::bail!("the lease is not good any more");
        }
        Ok(())
    }

    /// Writes the device if it changed, and waits for a save that is under way: the client saves by itself after a
    /// login, and its own flush answers at once while another one has not ended.
    pub(crate) async fn save_device(&self) -> anyhow::Result<()> {
        let _turn = self.saving.lock().await;
        self.vault.device_committed(&self.devices).await?;
        Ok(())
    }

    /// A stanza arrived.
    pub(crate) fn arrived(&self, stanza: &Arc<OwnedNodeRef>) {
        self.pressure.arrive(stanza);
    }

    /// Reads from a socket no faster than is committed; the connection is given up when nothing is.
    pub(crate) fn pace(
        self: &Arc<Self>,
        events: async_channel::Receiver<TransportEvent>,
    ) -> async_channel::Receiver<TransportEvent> {
        let gate = Arc::clone(self);
        let (pressure, pulse) = (Arc::clone(&self.pressure), Arc::clone(&self.pulse));
        pressure::paced(events, pressure, pulse, move || {
            tracing::warn!("more arrives than is committed: the connection is given up");
            gate.metrics.flooded.inc();
            gate.shut();
            let network = Ending::Because(SessionReason::Network);
            Sign::Ended(network).tell(&gate.signs);
        })
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.client.get().and_then(Weak::upgrade)
    }

    /// Waits for what a frame would wait for.
    pub(crate) async fn pass(&self) -> anyhow::Result<()> {
        self.may_act()?;
        self.save_device().await?;
        if self.connected.load(Ordering::Acquire)
            && let Some(client) = self.client()
        {
            client.flush_pending_signal_state().await?;
        }
        self.may_act()
    }

    fn just_paired(&self) -> bool {
        self.unpaired.load(Ordering::Acquire)
            && self.devices.get_device_snapshot().pn.is_some()
            && self.unpaired.swap(false, Ordering::AcqRel)
    }
}

/// A socket whose every frame passes the gate.
pub(crate) struct GatedTransport {
    socket: Arc<dyn Transport>,
    gate: Arc<Gate>,
}

impl GatedTransport {
    /// Puts the gate before a socket.
    pub(crate) fn new(socket: Arc<dyn Transport>, gate: Arc<Gate>) -> Self {
        Self { socket, gate }
    }
}

#[async_trait]
impl Transport for GatedTransport {
    async fn send(&self, data: Bytes) -> anyhow::Result<()> {
        let signs_the_pairing = self.gate.just_paired();
        self.gate.pass().await?;
        self.socket.send(data).await?;
        if signs_the_pairing {
            self.gate.fail.pass(FailPoint::AfterPairSign);
        }
        Ok(())
    }

    async fn disconnect(&self) {
        self.socket.disconnect().await;
    }
}
