//! One client of a session: built from the vault, run once, and ended to its last task before the next one.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use switchyard_core::address::Identity;
use switchyard_core::reason::SessionReason;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use wacore::iq::devices::RemoveCompanionDeviceSpec;
use wacore::runtime::Runtime;
use wacore::store::DevicePropsOverride;
use wacore::types::events::Subscription;
use whatsapp_rust::client::{Client, NodeFilter, RawNodeLease};
use whatsapp_rust::store::persistence_manager::PersistenceManager;
use whatsapp_rust::{CacheConfig, CacheEntryConfig};

use crate::absent;
use crate::acks::Acks;
use crate::berth::Holding;
use crate::dialler::Dialler;
use crate::ear::{Ear, NOTES, SIGNS, Sign};
use crate::ending::{self, Ending};
use crate::fetch::Fetcher;
use crate::gate::Gate;
use crate::identity::identity;
use crate::inbound::Inbox;
use crate::pulse::{self, Pulse};
use crate::runtime::ClientRuntime;
use crate::scribe::Scribe;
use crate::vault::{Failure, SessionVault, Trouble};
use crate::world::World;

/// So many one-time keys are kept at WhatsApp. Source: whatsmeow's `WantedPreKeyCount`; the client's own
/// default of 812 costs 100 kB of memory and 812 rows a session.
const ONE_TIME_KEYS: usize = 50;
/// How long a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(1_500);
/// The version that a simulated network is told.
#[cfg(feature = "sim")]
const SIMULATED_VERSION: (u32, u32, u32) = (2, 3_000, 1_030_000_000);
/// The name under which the phone lists this device.
const DEVICE_NAME: &str = "Switchyard";

/// One client.
pub(crate) struct Connection {
    /// The client.
    pub(crate) client: Arc<Client>,
    /// Its gate.
    pub(crate) gate: Arc<Gate>,
    /// Who waits for which acknowledgement.
    pub(crate) acks: Arc<Acks>,
    /// What it receives.
    pub(crate) inbox: Arc<Inbox>,
    /// Its keys.
    pub(crate) vault: Arc<SessionVault>,
    /// What happens to it.
    pub(crate) signs: mpsc::Receiver<Sign>,
    /// Where others tell what happens to it.
    pub(crate) sign: mpsc::Sender<Sign>,
    pulse: Arc<Pulse>,
    devices: Arc<PersistenceManager>,
    runtime: ClientRuntime,
    _cut: DropGuard,
    subscription: Subscription,
    _raw: RawNodeLease,
    scribe: JoinHandle<()>,
}

impl Connection {
    /// Builds a client from the vault. `paired` is whether the session was ever linked.
    ///
    /// # Errors
    /// The vault cannot be read, or the session is not ours any more.
    pub(crate) async fn open(
        world: &World,
        holding: &Holding,
        paired: bool,
    ) -> Result<Self, Ending> {
        let held = holding.held;
        let (vault, devices) = unlock(world, holding, paired).await?;
        let (sign, signs) = mpsc::channel(SIGNS);
        let inbox = Arc::new(Inbox::new(world, holding, &vault, sign.clone()));
        let pulse = Arc::new(Pulse::default());
        let gate = Arc::new(Gate::new(
            Arc::clone(&holding.lease),
            Arc::clone(&devices),
            Arc::clone(&vault),
            world,
            Arc::clone(&pulse),
            sign.clone(),
        ));
        let runtime = ClientRuntime::new();
        let client = build(world, &runtime, &devices, &gate, &inbox).await;
        let client = client.map_err(|error| {
            tracing::error!(session = %held.session, %error, "a client could not be built");
            trouble_of(&vault).unwrap_or(Ending::Because(SessionReason::Network))
        })?;
        gate.guard(&client);
        let acks = Arc::new(Acks::default());
        let (note, notes) = mpsc::channel(NOTES);
        let ear = Ear::new(
            Arc::clone(&acks),
            Arc::clone(&gate),
            Arc::clone(&pulse),
            Arc::clone(&inbox.unread),
            sign.clone(),
            note,
        );
        let subscription = client.subscribe_handler(Arc::new(ear));
        let raw = client.acquire_raw_node_forwarding();
        answer_about_absent(&vault, &inbox, &client, &runtime);
        let scribe = Scribe::new(world.store.clone(), Arc::clone(&inbox), notes).run();
        Ok(Self {
            client,
            gate,
            acks,
            inbox,
            vault,
            signs,
            sign,
            pulse,
            devices,
            _cut: runtime.cut_on_drop(),
            runtime,
            subscription,
            _raw: raw,
            scribe: tokio::spawn(scribe),
        })
    }

    /// Who this device is linked to; nobody yet if it was never linked.
    pub(crate) fn linked_to(&self) -> Option<Identity> {
        let device = self.devices.get_device_snapshot();
        let pn = device.pn.as_ref()?;
        Some(identity([Some(pn), device.lid.as_ref()]))
    }

    /// Dials, and runs until the connection ends; then comes [`Sign::Over`].
    pub(crate) fn start(&self) {
        let client = Arc::clone(&self.client);
        let sign = self.sign.clone();
        self.runtime.spawn_detached(Box::pin(async move {
            client.run().await;
            if sign.send(Sign::Over).await.is_err() {
                tracing::trace!("nobody follows this connection any more");
            }
        }));
        let watching = watch_stream_errors(Arc::downgrade(&self.client), self.sign.clone());
        self.runtime.spawn_detached(Box::pin(watching));
    }

    /// Whether something was heard since the last call; for whoever does not [`listen`](Self::listen) yet.
    pub(crate) fn has_beaten(&self) -> bool {
        self.pulse.has_beaten()
    }

    /// From now on the connection is given up when nothing is heard on it.
    pub(crate) fn listen(&self, silence: Duration) {
        let client = Arc::downgrade(&self.client);
        let watching = pulse::watch(
            client,
            Arc::clone(&self.gate),
            Arc::clone(&self.pulse),
            silence,
            self.sign.clone(),
        );
        self.runtime.spawn_detached(Box::pin(watching));
    }

    /// Keeps the owner's phone ringing: while a linked device is present, WhatsApp mutes the phone.
    pub(crate) fn be_absent(&self) {
        let client = Arc::clone(&self.client);
        self.runtime.spawn_detached(Box::pin(async move {
            // Refused while the account's name is not known yet; then it was not announced as present either.
            if let Err(error) = client.presence().set_unavailable().await {
                tracing::debug!(%error, "could not announce absence");
            }
        }));
    }

    /// Runs something that ends with the client.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn_detached(Box::pin(work));
    }

    /// Cancelled when a task of the client has panicked: what it was for is not done any more.
    pub(crate) fn broken(&self) -> CancellationToken {
        self.runtime.broken()
    }

    /// Unlinks the device at WhatsApp; whether WhatsApp said that it is. The client's own way of logging out does not
    /// tell whether that worked.
    pub(crate) async fn log_out(&self, patience: Duration) -> bool {
        let device = self.devices.get_device_snapshot();
        let Some(own) = device.pn.as_ref() else {
            return true;
        };
        let removal = self.client.execute(RemoveCompanionDeviceSpec::new(own));
        match timeout(patience, removal).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a device was not unlinked");
                false
            }
            Err(_elapsed) => false,
        }
    }

    /// Hangs up and waits for the end of the last task. With `grace`, what is in flight is finished first.
    pub(crate) async fn hang_up(self, grace: bool) {
        if grace {
            if timeout(GOODBYE, self.client.disconnect()).await.is_err() {
                tracing::debug!("a client did not say goodbye in time");
            }
        } else {
            self.gate.shut();
            self.client.signal_shutdown_sync();
        }
        self.gate.shut();
        drop(self.subscription);
        if timeout(GOODBYE, self.scribe).await.is_err() {
            tracing::warn!("what a connection heard was not written down in time");
        }
        self.runtime.end().await;
        // Nothing of this client may land once the next one reads.
        if timeout(GOODBYE, self.vault.close()).await.is_err() {
            tracing::warn!("a vault did not close in time");
        }
        self.acks.clear();
    }
}

/// Opens the vault and reads the device, before a client is built: what cannot be read must never be taken for absent
/// and written over.
async fn unlock(
    world: &World,
    holding: &Holding,
    paired: bool,
) -> Result<(Arc<SessionVault>, Arc<PersistenceManager>), Ending> {
    let held = holding.held;
    let deadline = holding.lease.deadline().clone();
    let vault = world.vaults.open(held, paired, deadline).await;
    let vault = vault.map_err(|error| ending_of(&error))?;
    vault.device().await.map_err(|it| ending_of_failure(&it))?;
    let backend: Arc<dyn wacore::store::traits::Backend> = vault.clone();
    let devices = PersistenceManager::new(backend).await;
    let devices = devices.map_err(|error| {
        tracing::error!(session = %held.session, %error, "the device of a session cannot be read");
        trouble_of(&vault).unwrap_or(Ending::Because(SessionReason::VaultUnreadable))
    })?;
    Ok((vault, Arc::new(devices)))
}

/// Lets the vault ask whether a message that came again is written down.
fn answer_about_absent(
    vault: &SessionVault,
    inbox: &Arc<Inbox>,
    client: &Arc<Client>,
    runtime: &ClientRuntime,
) {
    let (asking, asked) = mpsc::channel(absent::WAITING);
    vault.ask_about_absent(asking);
    let client = Arc::downgrade(client);
    let answering = absent::answer(asked, Arc::clone(inbox), client, runtime.clone());
    runtime.spawn_detached(Box::pin(answering));
}

async fn build(
    world: &World,
    runtime: &ClientRuntime,
    devices: &Arc<PersistenceManager>,
    gate: &Arc<Gate>,
    inbox: &Arc<Inbox>,
) -> Result<Arc<Client>, whatsapp_rust::client::ClientBuilderError> {
    let line = Arc::clone(&world.line);
    // No background saver: the gate saves before each frame, the supervisor in between.
    let builder = Client::builder()
        .with_runtime_arc(Arc::new(runtime.clone()))
        .with_persistence_manager(Arc::clone(devices))
        .with_transport_factory(Dialler::new(Arc::clone(&line), Arc::clone(gate)))
        .with_http_client(Fetcher(line))
        .with_cache_config(caches())
        .with_inbound_durability_hook_arc(inbox.clone())
        .with_skip_history_sync(true)
        .with_wanted_pre_key_count(ONE_TIME_KEYS);
    #[cfg(feature = "sim")]
    let builder = builder.with_version_override(SIMULATED_VERSION);
    let client = builder.build().await?.into_client();
    // Told once, when a phone links the device.
    if devices.get_device_snapshot().pn.is_none() {
        let props = DevicePropsOverride::new().with_os(DEVICE_NAME);
        client.set_device_props(props).await;
    }
    Ok(client)
}

/// The bounds of the client's caches. What falls out is read from the vault again.
fn caches() -> CacheConfig {
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    CacheConfig {
        group_cache: CacheEntryConfig::new(minutes(60), 64),
        device_registry_cache: CacheEntryConfig::new(minutes(60), 1_000),
        // Entries that fall out are looked up in the vault, so a bound costs a read, never a wrong address.
        lid_pn_cache: CacheEntryConfig::new(None, 20_000),
        recent_messages: CacheEntryConfig::new(minutes(5), 0),
        message_retry_counts: CacheEntryConfig::new(minutes(60), 500),
        undecryptable_dispatched: CacheEntryConfig::new(minutes(5), 500),
        pdo_pending_requests: CacheEntryConfig::new(Some(Duration::from_secs(30)), 200),
        pdo_requested: CacheEntryConfig::new(minutes(24 * 60), 512),
        sender_key_devices_cache: CacheEntryConfig::new(minutes(60), 64),
        session_recreate_history: CacheEntryConfig::new(minutes(60), 256),
        session_locks_capacity: 2_000,
        chat_lanes_capacity: 2_000,
        group_distribution_locks_capacity: 64,
        resend_rate_limiter_capacity: 1_024,
        ..CacheConfig::default()
    }
}

async fn watch_stream_errors(client: Weak<Client>, sign: mpsc::Sender<Sign>) {
    loop {
        let Some(alive) = client.upgrade() else {
            return;
        };
        let waiting = alive.wait_for_node(NodeFilter::tag("stream:error"));
        drop(alive);
        let Ok(node) = waiting.await else {
            return;
        };
        if let Some(ending) = ending::of_stream_error(node.get())
            && sign.send(Sign::Ended(ending)).await.is_err()
        {
            return;
        }
    }
}

/// How a connection ends when the store fails it.
pub(crate) fn ending_of(error: &store::Error) -> Ending {
    match error {
        store::Error::Fenced => Ending::Lost,
        store::Error::StorageFull => Ending::Because(SessionReason::StorageFull),
        store::Error::VaultUnreadable
        | store::Error::WrongMasterKey
        | store::Error::Corrupt { .. } => Ending::Because(SessionReason::VaultUnreadable),
        _ => Ending::Because(SessionReason::Network),
    }
}

fn ending_of_failure(failure: &Failure) -> Ending {
    match failure {
        Failure::Store(error) => ending_of(error),
        Failure::OutOfTime | Failure::Closed | Failure::NeverRecorded => {
            Ending::Because(SessionReason::Network)
        }
        Failure::DeviceMissing | Failure::NotOfItsKind(_) => {
            Ending::Because(SessionReason::VaultUnreadable)
        }
    }
}

/// How a connection ends because of what its vault met.
pub(crate) fn trouble_of(vault: &SessionVault) -> Option<Ending> {
    let trouble = *vault.trouble().borrow();
    trouble.map(|trouble| match trouble {
        Trouble::Fenced => Ending::Lost,
        Trouble::Unreadable => Ending::Because(SessionReason::VaultUnreadable),
        Trouble::StorageFull => Ending::Because(SessionReason::StorageFull),
        Trouble::Unanswered => Ending::Because(SessionReason::Network),
    })
}

/// Marks the device as that of another number: from now on nothing it receives is written down.
pub(crate) fn set_foreign(inbox: &Inbox) {
    inbox.foreign.store(true, Ordering::Release);
}
