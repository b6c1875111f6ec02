//! The vault as the WhatsApp client sees it: its `Backend` over a session's sealed rows.
//!
//! `Vaults` is made once per process: it holds what the sessions share (the group commit, the data keys, the cache of
//! hot reads). [`Vaults::open`] gives the vault of one session to its holder; ask [`SessionVault::device`] before a
//! client is built on it, so that a damaged row is seen there and nothing is written over it.
//!
//! Every write answers after its commit. Only what the client can lose without harm (`sent`, `msg_secret`, `devices`,
//! `group`, `tc_token`, `base_key`, and that a pending message may go) answers once it is queued, in the same queue
//! as the session's other writes, and a read waits for what is queued. A connection that fails is tried again inside the call until the lease's deadline,
//! so that the client sees an outage as slowness. [`SessionVault::fenced`] and [`SessionVault::trouble`] tell the
//! runtime of the session when the client must be dropped.

mod appstate;
mod contact;
mod device;
mod fault;
mod group;
mod hot;
mod lid;
mod pending;
mod prekey;
mod protocol;
mod queue;
mod rows;
mod secret;
mod sent;
mod signal;
mod space;
mod standing;
mod tctoken;

use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, OnceLock};

use prometheus::Registry;
use store::seal::Keys;
use store::vault::{Committer, Vault};
use store::{Held, Store};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use self::device::Saved;
use self::hot::{Hot, HotReads};
use self::queue::Queue;
use self::standing::Standing;
use crate::absent::Absent;
use crate::lease::Deadline;

pub use self::fault::Failure;
pub use self::queue::Metrics;
pub use self::standing::Trouble;

/// What the vaults of one process share. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Vaults {
    committer: Committer,
    keys: Keys,
    hot: HotReads,
    metrics: Metrics,
}

impl Vaults {
    /// Starts the group commit and registers the metrics; once per process and registry.
    pub fn new(store: Store, keys: Keys, registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            committer: Committer::new(store),
            keys,
            hot: HotReads::new(),
            metrics: Metrics::register(registry)?,
        })
    }

    /// Opens the vault of a session for its holder. `paired` is whether the session was ever linked: then its device
    /// row must be there, and none is made in its place. Calls are retried until `deadline`.
    pub async fn open(
        &self,
        held: Held,
        paired: bool,
        deadline: Deadline,
    ) -> store::Result<Arc<SessionVault>> {
        let vault = Vault::open(&self.committer, &self.keys, held).await?;
        let standing = Standing::new(deadline);
        let hot = self.hot.of_one();
        let queue = Queue::start(
            vault.clone(),
            standing.clone(),
            hot.clone(),
            self.metrics.clone(),
        );
        Ok(Arc::new(SessionVault {
            vault,
            standing,
            hot,
            queue,
            turn: Mutex::new(()),
            saved: Mutex::new(Saved::default()),
            paired: AtomicBool::new(paired),
            learned: AtomicU32::new(0),
            absent: OnceLock::new(),
        }))
    }
}

/// The vault of one session, held under one epoch: what the client is built on.
#[derive(Debug)]
pub struct SessionVault {
    vault: Vault,
    standing: Standing,
    hot: Hot,
    queue: Queue,
    /// Held by whatever reads in order to write, and by whatever fills the cache.
    turn: Mutex<()>,
    /// Held while the device is being saved.
    saved: Mutex<Saved>,
    /// A device row was paired: from then on its absence is damage.
    paired: AtomicBool,
    /// How many mappings were learned: their order within a second.
    learned: AtomicU32,
    /// Who says whether a message that came again is written down.
    absent: OnceLock<mpsc::Sender<Absent>>,
}

impl SessionVault {
    /// From now on this is asked about messages that came again and of which there is no copy.
    pub(crate) fn ask_about_absent(&self, asking: mpsc::Sender<Absent>) {
        if self.absent.set(asking).is_err() {
            tracing::error!("a vault serves one client only");
        }
    }

    /// Cancelled when the database refused this epoch: drop the client, retry nothing.
    pub fn fenced(&self) -> CancellationToken {
        self.standing.fenced()
    }

    /// The first thing that went wrong in a way that waiting does not mend; changes once, from `None`.
    pub fn trouble(&self) -> tokio::sync::watch::Receiver<Option<Trouble>> {
        self.standing.trouble()
    }

    /// Waits until everything handed over before is committed, such as before the session is given away.
    pub async fn settle(&self) -> Result<(), Failure> {
        self.queue.commit(Vec::new()).await.map(drop)
    }

    /// Commits what was handed over before and refuses every write after, so that nothing of an ended client lands
    /// once the next one reads. Open the next vault after it.
    pub async fn close(&self) -> Result<(), Failure> {
        self.queue.close().await
    }
}
