//! A live connection of a session: what a drain needs of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{Held, Store};
use switchyard_core::ChatId;
use switchyard_core::drain::{DrainAnswer, DrainOutcome};
use switchyard_core::fail::FailPoints;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::client::Client;

use crate::acks::{Acks, Silent};
use crate::ear::Sign;
use crate::ending::Ending;
use crate::lane::Lane;
use crate::metrics::Metrics;
use crate::tenure::Lease;

/// So many chats of a session are drained side by side.
const CHATS_SIDE_BY_SIDE: usize = 32;
/// A drain answers after this at the latest.
const DRAIN_AT_MOST: Duration = Duration::from_secs(5);
/// When to come again while the head of a chat waits for its acknowledgement, in milliseconds.
const COME_AGAIN_MS: u64 = 1_000;

/// A connected session.
pub(crate) struct Live {
    /// The store.
    pub(crate) store: Store,
    /// The session, and under which epoch.
    pub(crate) held: Held,
    /// The client.
    pub(crate) client: Arc<Client>,
    /// Who waits for which acknowledgement.
    pub(crate) acks: Arc<Acks>,
    /// How often messages went out without one, over all connections.
    pub(crate) silent: Arc<Silent>,
    /// Cancelled when the connection is over.
    pub(crate) over: CancellationToken,
    /// Where the supervisor hears of this connection.
    pub(crate) signs: mpsc::Sender<Sign>,
    /// Where a test build kills itself.
    pub(crate) fail: Arc<FailPoints>,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// How long an acknowledgement may take.
    pub(crate) acknowledgement: Duration,
    lease: Arc<Lease>,
    restricted: AtomicBool,
    closing: AtomicBool,
    lanes: Mutex<HashMap<ChatId, Arc<tokio::sync::Mutex<Lane>>>>,
    side_by_side: Semaphore,
}

/// What [`Live`] is made of.
pub(crate) struct LiveParts {
    /// The store.
    pub(crate) store: Store,
    /// The session, and under which epoch.
    pub(crate) held: Held,
    /// The lease that it hangs on.
    pub(crate) lease: Arc<Lease>,
    /// The client.
    pub(crate) client: Arc<Client>,
    /// Who waits for which acknowledgement.
    pub(crate) acks: Arc<Acks>,
    /// How often messages went out without one, over all connections.
    pub(crate) silent: Arc<Silent>,
    /// Where the supervisor hears of this connection.
    pub(crate) signs: mpsc::Sender<Sign>,
    /// Where a test build kills itself.
    pub(crate) fail: Arc<FailPoints>,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// How long an acknowledgement may take.
    pub(crate) acknowledgement: Duration,
    /// Whether WhatsApp restricts new chats of this number.
    pub(crate) restricted: bool,
}

impl Live {
    /// A connection that has just become live.
    pub(crate) fn new(parts: LiveParts) -> Self {
        Self {
            store: parts.store,
            held: parts.held,
            client: parts.client,
            acks: parts.acks,
            silent: parts.silent,
            over: CancellationToken::new(),
            signs: parts.signs,
            fail: parts.fail,
            metrics: parts.metrics,
            acknowledgement: parts.acknowledgement,
            lease: parts.lease,
            restricted: AtomicBool::new(parts.restricted),
            closing: AtomicBool::new(false),
            lanes: Mutex::default(),
            side_by_side: Semaphore::new(CHATS_SIDE_BY_SIDE),
        }
    }

    /// Whether this process may still write for the session: one that was paused past its lease may not.
    ///
    /// # Errors
    /// The lease is over.
    pub(crate) fn may_write(&self) -> store::Result<()> {
        if self.lease.is_good() {
            Ok(())
        } else {
            Err(store::Error::Fenced)
        }
    }

    /// Whether WhatsApp restricts new chats of this number.
    pub(crate) fn is_restricted(&self) -> bool {
        self.restricted.load(Ordering::Acquire)
    }

    /// WhatsApp refused a message to a new chat: no further ones go out.
    pub(crate) fn restrict(&self) {
        if !self.restricted.swap(true, Ordering::AcqRel) {
            Sign::Restricted.tell(&self.signs);
        }
    }

    /// The restriction is over.
    pub(crate) fn unrestrict(&self) {
        self.restricted.store(false, Ordering::Release);
    }

    /// Whether no further message may set out.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Lets no further message set out, and waits for the acknowledgements of those that are on their way, but no
    /// longer than `patience`.
    pub(crate) async fn land(&self, patience: Duration) {
        self.closing.store(true, Ordering::Release);
        let all = u32::try_from(CHATS_SIDE_BY_SIDE).unwrap_or(u32::MAX);
        // Whoever drains holds one of them until its message is settled.
        if timeout(patience, self.side_by_side.acquire_many(all))
            .await
            .is_err()
        {
            tracing::debug!("some acknowledgements are left to the next connection");
        }
    }

    /// Tells the supervisor that the connection must end.
    pub(crate) fn give_up(&self, ending: Ending) {
        Sign::Ended(ending).tell(&self.signs);
    }

    /// The connection is over: whoever waits for it is told.
    pub(crate) fn end(&self) {
        self.over.cancel();
        self.acks.clear();
    }

    /// Sends a chat's queued messages in order; at most `max`, and not for long. A drain that finds another one
    /// at work waits for it and then goes on.
    pub(crate) async fn drain(self: Arc<Self>, chat: ChatId, max: u16) -> DrainAnswer {
        let deadline = Instant::now()
            .checked_add(DRAIN_AT_MOST)
            .unwrap_or_else(Instant::now);
        let lane = self.lane(chat);
        let turn = async {
            let slot = self.side_by_side.acquire().await.ok();
            (slot, lane.lock().await)
        };
        let answer = tokio::select! {
            turn = timeout_at(deadline, turn) => match turn {
                // Boxed: the client's own futures are large.
                Ok((_slot, mut lane)) => Box::pin(lane.drain(&self, max, deadline)).await,
                Err(_elapsed) => come_again(),
            },
            () = self.over.cancelled() => not_connected(),
        };
        self.tidy(chat, &lane);
        answer
    }

    fn lane(&self, chat: ChatId) -> Arc<tokio::sync::Mutex<Lane>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes
            .entry(chat)
            .or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Lane::new(chat))));
        Arc::clone(lane)
    }

    /// Forgets a lane that nobody uses and that waits for nothing.
    fn tidy(&self, chat: ChatId, lane: &Arc<tokio::sync::Mutex<Lane>>) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lane.try_lock().is_ok_and(|lane| lane.is_idle());
        // Two: the map's own and the caller's.
        if idle && Arc::strong_count(lane) <= 2 {
            lanes.remove(&chat);
        }
    }
}

/// The answer while the head of a chat waits.
pub(crate) const fn come_again() -> DrainAnswer {
    DrainAnswer {
        outcome: DrainOutcome::More,
        sent: 0,
        failed: 0,
        retry_after_ms: COME_AGAIN_MS,
    }
}

/// The answer of a session without a connection.
pub(crate) const fn not_connected() -> DrainAnswer {
    DrainAnswer {
        outcome: DrainOutcome::NotConnected,
        sent: 0,
        failed: 0,
        retry_after_ms: 0,
    }
}
