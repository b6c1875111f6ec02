//! The supervisor of one session: works towards what its business wants, one client after the other, and says in
//! the session's state what happened. It alone decides whether and when to dial again.

mod follow;
mod link;
mod moving;
mod parting;
mod restriction;
mod verdict;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use store::{Held, Store, links, sessions};
use switchyard_core::Timestamp;
use switchyard_core::address::Phone;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::berth::{Berth, Holding, Order};
use crate::connection::{Connection, ending_of};
use crate::ending::Ending;
use crate::pace::Backoff;
use crate::world::World;
use link::Attempt;

/// The first pause before dialling again.
const AGAIN_FIRST: Duration = Duration::from_millis(500);
/// The longest pause before dialling again.
const AGAIN_CEILING: Duration = Duration::from_mins(1);
/// The first and the longest pause after WhatsApp asked to dial more slowly.
const SLOWER: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(15));
/// The pause between two tries of a write of the state.
const WRITE_AGAIN: Duration = Duration::from_millis(200);
/// So often a write of the state is tried when the process stops.
const LAST_TRIES: u32 = 25;
/// How long unlinking at WhatsApp may take, connecting included.
const LOG_OUT: Duration = Duration::from_secs(10);

/// What a client is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To stay.
    Stay,
    /// To unlink the device at WhatsApp.
    LogOut,
}

/// What the supervisor does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Look at the order again.
    Now,
    /// Wait for another order, or until then.
    Wait(Option<Instant>),
    /// Nothing any more.
    Gone,
}

/// Where the session stands, as far as this process wrote it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    state: SessionState,
    reason: Option<SessionReason>,
    until: Option<Timestamp>,
}

/// Works for one session.
pub(crate) struct Supervisor {
    world: Arc<World>,
    berth: Arc<Berth>,
    orders: watch::Receiver<Order>,
    standing: Standing,
    phone: Option<Phone>,
    paired: bool,
    epoch: Option<i64>,
    /// The wish that came to an end which only a new wish changes.
    settled_for: Option<Timestamp>,
    /// The wish that was followed last.
    wished_at: Option<Timestamp>,
    not_before: Option<Instant>,
    backoff: Backoff,
    slower: Backoff,
    live_since: Option<Instant>,
    replaced: VecDeque<Instant>,
    /// Until when WhatsApp restricts new chats.
    restricted_until: Option<Timestamp>,
    /// Until when WhatsApp blocks the account: nobody dials before.
    banned_until: Option<Timestamp>,
    attempt: Attempt,
}

impl Supervisor {
    /// For a session as it was stored.
    pub(crate) fn new(world: Arc<World>, berth: Arc<Berth>, session: &sessions::Session) -> Self {
        let standing = Standing {
            state: session.state,
            reason: session.reason,
            until: session.until,
        };
        world.metrics.entered(standing.state);
        Self {
            not_before: pause_left(session, world.patience.taken_over),
            world,
            orders: berth.orders(),
            berth,
            standing,
            phone: session.phone.clone(),
            paired: session.paired,
            epoch: None,
            settled_for: is_settled(session).then_some(session.wanted_at),
            wished_at: None,
            backoff: Backoff::new(AGAIN_FIRST, AGAIN_CEILING),
            slower: Backoff::new(SLOWER.0, SLOWER.1),
            live_since: None,
            replaced: VecDeque::new(),
            restricted_until: session.new_chats_until,
            banned_until: session.banned_until,
            attempt: Attempt::default(),
        }
    }

    /// Works until the session is deleted or the process stops.
    pub(crate) async fn run(mut self) {
        loop {
            let order = self.orders.borrow_and_update().clone();
            match self.act(&order).await {
                Next::Gone => break,
                Next::Now => {}
                Next::Wait(until) => self.wait(until).await,
            }
            if self.world.soft.is_cancelled() {
                break;
            }
        }
        self.world.metrics.left(self.standing.state);
        tracing::debug!("a session's supervisor has ended");
    }

    async fn act(&mut self, order: &Order) -> Next {
        if order.dismissed {
            return Next::Gone;
        }
        let Some(holding) = order.holding.clone() else {
            return Next::Wait(None);
        };
        let epoch = holding.held.epoch;
        if self.berth.lost_epoch() == Some(epoch) || !holding.lease.is_good() {
            return Next::Wait(None);
        }
        if order.moves {
            return Box::pin(self.hand_over(order.wanted, &holding)).await;
        }
        let done = Box::pin(self.prepare(order, &holding)).await;
        let outcome = match (done, order.wanted) {
            (Err(ending), _) => Err(ending),
            (Ok(()), Wanted::Connected | Wanted::Restarted) => {
                Ok(self.stay_connected(order, &holding).await)
            }
            (Ok(()), Wanted::Disconnected) => Box::pin(self.rest(&holding)).await,
            (Ok(()), Wanted::LoggedOut) => Box::pin(self.log_out(order, &holding)).await,
            (Ok(()), Wanted::Deleted) => Box::pin(self.delete(order, &holding)).await,
        };
        outcome.unwrap_or_else(|_lost| {
            self.berth.lose(epoch);
            Next::Wait(None)
        })
    }

    /// A new epoch, a new wish: what was true before is not any more.
    async fn prepare(&mut self, order: &Order, holding: &Holding) -> Result<(), Ending> {
        let wished_before = self.wished_at.replace(order.wanted_at);
        if wished_before.is_some_and(|at| at != order.wanted_at) {
            self.not_before = None;
            self.backoff.reset();
            self.attempt = Attempt::default();
        }
        let epoch_before = self.epoch.replace(holding.held.epoch);
        if epoch_before == Some(holding.held.epoch) {
            return Ok(());
        }
        if epoch_before.is_some() {
            self.not_before = None;
        }
        let believed_alive = matches!(
            self.standing.state,
            SessionState::Connected
                | SessionState::Syncing
                | SessionState::AwaitingScan
                | SessionState::AwaitingPasskey
        ) || self.standing.reason == Some(SessionReason::NewChatsRestricted);
        if believed_alive && order.wanted.is_connected() {
            self.enter(holding, SessionState::Connecting, None, None)
                .await?;
        }
        Ok(())
    }

    async fn stay_connected(&mut self, order: &Order, holding: &Holding) -> Next {
        if self.settled_for == Some(order.wanted_at) {
            return Next::Wait(None);
        }
        if let Some(at) = self.not_before.filter(|at| *at > Instant::now()) {
            return Next::Wait(Some(at));
        }
        let banned_until = self.banned_until.filter(|end| *end > Timestamp::now());
        let judged = if let Some(end) = banned_until {
            Box::pin(self.sit_out(end, holding)).await
        } else {
            let ending = self.connect(order, holding, Purpose::Stay).await;
            let wanted_at = self.orders.borrow().wanted_at;
            Box::pin(self.judge(ending, wanted_at, holding)).await
        };
        judged.unwrap_or_else(|_lost| {
            self.berth.lose(holding.held.epoch);
            Next::Wait(None)
        })
    }

    async fn rest(&mut self, holding: &Holding) -> Result<Next, Ending> {
        let down = matches!(
            self.standing.state,
            SessionState::Created | SessionState::LoggedOut | SessionState::Disconnected
        );
        if !down {
            let reason = Some(SessionReason::ByUser);
            self.enter(holding, SessionState::Disconnected, reason, None)
                .await?;
        }
        Ok(Next::Wait(None))
    }

    async fn connect(&mut self, order: &Order, holding: &Holding, purpose: Purpose) -> Ending {
        let opening = Box::pin(Connection::open(&self.world, holding, self.paired));
        let mut connection = match opening.await {
            Ok(connection) => connection,
            Err(ending) => return ending,
        };
        self.world.metrics.dials.inc();
        // Boxed: the client's own futures are large, and most of a session's life is spent here.
        let following = Box::pin(self.follow(&mut connection, order, holding, purpose));
        let ending = following.await.unwrap_or_else(|ending| ending);
        tracing::info!(?ending, "a connection has ended");
        if let Some(since) = self.live_since.take() {
            self.note_how_long(since.elapsed());
        }
        self.berth.close();
        Box::pin(connection.hang_up(ending != Ending::Lost)).await;
        ending
    }

    /// Waits for another order, for `until`, or for the end of the process.
    async fn wait(&mut self, until: Option<Instant>) {
        let world = Arc::clone(&self.world);
        tokio::select! {
            () = world.soft.cancelled() => {}
            _ = self.orders.changed() => {}
            () = at(until) => {}
        }
    }

    /// Writes down where the session stands.
    async fn enter(
        &mut self,
        holding: &Holding,
        state: SessionState,
        reason: Option<SessionReason>,
        until: Option<Timestamp>,
    ) -> Result<(), Ending> {
        let next = Standing {
            state,
            reason,
            until,
        };
        if next == self.standing {
            return Ok(());
        }
        self.write(holding, |store, held| async move {
            sessions::set_state(&store, Timestamp::now(), &held, state, reason, until).await
        })
        .await?;
        self.world.metrics.left(self.standing.state);
        self.world.metrics.entered(state);
        self.standing = next;
        let reason = reason.map(SessionReason::code);
        if state == SessionState::Failed {
            tracing::error!(state = state.name(), reason, "a session's state");
        } else {
            tracing::info!(state = state.name(), reason, "a session's state");
        }
        Ok(())
    }

    /// Writes, again while the database is away or full, until the lease is over or the process stops.
    async fn write<F, W>(&self, holding: &Holding, verb: F) -> Result<(), Ending>
    where
        F: Fn(Store, Held) -> W + Send,
        W: Future<Output = store::Result<()>> + Send,
    {
        let mut last_tries = 0;
        while holding.lease.is_good() {
            if self.world.soft.is_cancelled() {
                last_tries += 1;
                if last_tries > LAST_TRIES {
                    tracing::error!("a session's state could not be written");
                    return Ok(());
                }
            }
            // Boxed: seldom done, and in reach of everything that a supervisor does.
            match Box::pin(verb(self.world.store.clone(), holding.held)).await {
                Ok(()) => return Ok(()),
                Err(store::Error::Fenced) => return Err(Ending::Lost),
                Err(error @ (store::Error::Unavailable(_) | store::Error::StorageFull)) => {
                    tracing::warn!(%error, "a session's state is not written yet");
                }
                Err(error) => {
                    tracing::error!(%error, "a session's state could not be written");
                    return Ok(());
                }
            }
            tokio::time::sleep(WRITE_AGAIN).await;
        }
        Err(Ending::Lost)
    }

    async fn end_the_link_attempt(&self, holding: &Holding) -> Result<(), Ending> {
        self.write(holding, |store, held| async move {
            links::end(&store, &held).await
        })
        .await
    }
}

/// Whether a stored session came to an end that only a new wish changes. What an operator or an update may have
/// mended is tried again by every new process.
fn is_settled(session: &sessions::Session) -> bool {
    let ended = matches!(
        session.state,
        SessionState::LoggedOut | SessionState::Failed | SessionState::Disconnected
    );
    let mendable = matches!(
        session.reason,
        Some(
            SessionReason::VaultUnreadable
                | SessionReason::StorageFull
                | SessionReason::ClientOutdated
                | SessionReason::RefusedByWhatsapp
        )
    );
    ended && !mendable && session.since >= session.wanted_at
}

/// When a stored session may be dialled again that another program had taken over; a new wish ends that pause.
fn pause_left(session: &sessions::Session, pause: Duration) -> Option<Instant> {
    let pauses = session.reason == Some(SessionReason::OpenedElsewhere);
    if !pauses || session.since < session.wanted_at {
        return None;
    }
    let left = session.since.plus(pause).since(Timestamp::now());
    Instant::now().checked_add(left.min(pause))
}

/// Waits until then, or for ever.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// How a connection ends because the store refused a write.
fn refused(error: &store::Error) -> Ending {
    ending_of(error)
}
