//! Which sessions this process has: takes them, starts a supervisor for each that needs one, and passes on what
//! their businesses want.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use store::sessions::{self, Hinted, Wish};
use store::{Held, Hint, leases};
use switchyard_core::SessionId;
use switchyard_core::session::{SessionState, Wanted};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tracing::Instrument;

use crate::berth::{Berth, Berths, Holding, Order};
use crate::claim::Claims;
use crate::session::Supervisor;
use crate::tenure::Lease;
use crate::world::World;

/// How often to look at what is wanted when no hint comes.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long hints are gathered before one look serves them all.
const GATHER: Duration = Duration::from_millis(5);
/// How long at least between two looks, however many hints come.
const BREATH: Duration = Duration::from_millis(25);
/// How often a session that was lost is asked for again.
const RETAKE_EVERY: Duration = Duration::from_secs(1);
/// How often to look while a session is on its way here.
const LOOK_FOR_MOVES: Duration = Duration::from_millis(100);
/// So many sessions that were hinted at are looked at one by one; of more everything is.
const HINTS: usize = 200;
/// How long the supervisors may take to hang up when the process stops.
const HANG_UP: Duration = Duration::from_secs(6);

/// Keeps the sessions of this process.
pub(crate) struct Roster {
    world: Arc<World>,
    berths: Arc<Berths>,
    tenure: watch::Receiver<Option<Arc<Lease>>>,
    held: HashMap<SessionId, Held>,
    supervisors: JoinSet<SessionId>,
    /// Whose supervisor each task is.
    tasks: HashMap<Id, SessionId>,
    /// The lease under which everything was taken.
    taken_under: Option<Arc<Lease>>,
    retake_at: Instant,
    claims: Claims,
    /// Whether a session is on its way here.
    expects: bool,
}

impl Roster {
    /// For one process.
    pub(crate) fn new(
        world: Arc<World>,
        berths: Arc<Berths>,
        tenure: watch::Receiver<Option<Arc<Lease>>>,
        claims: Claims,
    ) -> Self {
        Self {
            world,
            berths,
            tenure,
            claims,
            expects: false,
            held: HashMap::new(),
            supervisors: JoinSet::new(),
            tasks: HashMap::new(),
            taken_under: None,
            retake_at: Instant::now(),
        }
    }

    /// Works until the process stops, then waits until every session has hung up.
    pub(crate) async fn run(mut self) {
        let mut hints = self.world.store.hints().subscribe();
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look_at: Option<Instant> = None;
        let mut looked_at = Instant::now();
        let mut asked = Asked::default();
        let soft = self.world.soft.clone();
        loop {
            tokio::select! {
                () = soft.cancelled() => break,
                changed = self.tenure.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.look().await;
                }
                hint = hints.recv() => {
                    match hint {
                        Ok(Hint::Session(session)) => asked.about(session),
                        Err(RecvError::Lagged(_)) => asked = Asked::Everything,
                        Ok(Hint::Jobs(_) | Hint::Events(_) | Hint::Credentials(_)) => continue,
                        // The store never closes its hints while it is open.
                        Err(RecvError::Closed) => break,
                    }
                    let soonest = looked_at.checked_add(BREATH);
                    look_at = look_at.or_else(|| Instant::now().checked_add(GATHER).max(soonest));
                },
                () = sleep_until(look_at.unwrap_or_else(Instant::now)), if look_at.is_some() => {
                    look_at = None;
                    match std::mem::take(&mut asked) {
                        Asked::About(sessions) => self.look_at(&sessions).await,
                        Asked::Everything => self.look().await,
                    }
                    looked_at = Instant::now();
                }
                _ = tick.tick() => self.look().await,
                () = sleep(LOOK_FOR_MOVES), if self.expects => self.look().await,
                Some(ended) = self.supervisors.join_next_with_id() => self.ended(ended),
            }
        }
        let all = async { while self.supervisors.join_next().await.is_some() {} };
        if timeout(HANG_UP, all).await.is_err() {
            tracing::warn!("some sessions did not hang up in time");
            self.supervisors.abort_all();
        }
    }

    fn ended(&mut self, ended: Result<(Id, SessionId), JoinError>) {
        let task = ended.as_ref().map_or_else(JoinError::id, |(task, _)| *task);
        let Some(session) = self.tasks.remove(&task) else {
            return;
        };
        if let Some(berth) = self.berths.get(session) {
            berth.close();
        }
        self.berths.remove(session);
        self.held.remove(&session);
        if let Err(error) = ended {
            // The next look finds it without a supervisor, and takes it under a new epoch, so that nothing of its
            // last client lands.
            tracing::error!(%session, %error, "a session's supervisor ended badly");
        }
    }

    /// Looks at everything that may have changed. What fails is tried again at the next look.
    async fn look(&mut self) {
        let lease = self.tenure.borrow_and_update().clone();
        let Some(lease) = lease else {
            self.let_go();
            return;
        };
        let started = Instant::now();
        let outcome = async {
            self.take(&lease).await?;
            self.hear_wishes(&lease).await
        };
        if let Err(error) = outcome.await {
            tracing::warn!(%error, "could not look at what is wanted of the sessions");
            self.claims.disturbed();
        }
        self.claims.answered_after(started.elapsed());
    }

    /// Looks at sessions that were hinted at; at everything when one of them may come or go.
    async fn look_at(&mut self, sessions: &HashSet<SessionId>) {
        let lease = self.tenure.borrow().clone();
        let taken_under = self.taken_under.as_ref();
        let same = |it: &Arc<Lease>| taken_under.is_some_and(|taken| Arc::ptr_eq(taken, it));
        let Some(lease) = lease.filter(same) else {
            self.look().await;
            return;
        };
        match self.hear_of(&lease, sessions).await {
            Ok(true) => {}
            Ok(false) => self.look().await,
            Err(error) => tracing::warn!(%error, "could not look at sessions that were hinted at"),
        }
    }

    /// False: one of them is to be taken, or is not ours any more.
    async fn hear_of(
        &mut self,
        lease: &Arc<Lease>,
        sessions: &HashSet<SessionId>,
    ) -> store::Result<bool> {
        let list: Vec<SessionId> = sessions.iter().copied().collect();
        let mut gone: HashSet<SessionId> = sessions.clone();
        gone.retain(|session| self.held.contains_key(session));
        let store = &self.world.store;
        for hinted in sessions::hinted(store, lease.incarnation(), &list).await? {
            let hinted = match hinted {
                Ok(hinted) => hinted,
                Err(error) => {
                    // It hides no other; the look at everything tells of it again.
                    tracing::error!(%error, "a session cannot be read");
                    continue;
                }
            };
            match hinted {
                Hinted::Held(wish) if self.held.contains_key(&wish.session) => {
                    gone.remove(&wish.session);
                    self.hear(lease, &wish, false).await?;
                }
                Hinted::Held(_) | Hinted::Loose(_) => return Ok(false),
            }
        }
        Ok(gone.is_empty())
    }

    fn let_go(&mut self) {
        self.expects = false;
        if self.taken_under.take().is_some() {
            self.held.clear();
            for (_, berth) in self.berths.all() {
                berth.hold(None);
            }
        }
    }

    /// Takes what is this process's to take; under a new lease what it had is not its own before it took it again.
    async fn take(&mut self, lease: &Arc<Lease>) -> store::Result<()> {
        let same = |it: &Arc<Lease>| Arc::ptr_eq(it, lease);
        if !self.taken_under.as_ref().is_some_and(same) {
            self.let_go();
            self.claims.disturbed();
            if self.claims.is_alone() {
                let all = self.claims.everything(lease.incarnation()).await?;
                self.hold(lease, all);
            }
            self.taken_under = Some(Arc::clone(lease));
        }
        let taken = self.claims.take(lease.incarnation()).await?;
        self.expects = taken.expects;
        self.hold(lease, taken.held);
        self.claims.give(lease.incarnation(), taken.drains).await
    }

    fn hold(&mut self, lease: &Arc<Lease>, taken: Vec<Held>) {
        for held in taken {
            self.world.metrics.taken.inc();
            self.held.insert(held.session, held);
            if let Some(berth) = self.berths.get(held.session) {
                berth.hold(Some(holding(lease, held)));
            }
        }
    }

    /// Compares what is wanted of every session with what its berth has heard: a clock that was ever wrong hides
    /// no wish. What is wrong with one session keeps no other waiting.
    async fn hear_wishes(&mut self, lease: &Arc<Lease>) -> store::Result<()> {
        let mut outcome = Ok(());
        let mut ours = HashSet::new();
        let retakes = Instant::now() >= self.retake_at;
        for wish in sessions::wishes(&self.world.store, lease.incarnation()).await? {
            let heard = match wish {
                Ok(wish) => {
                    ours.insert(wish.session);
                    self.hear(lease, &wish, retakes).await
                }
                Err(unreadable) => Err(unreadable),
            };
            outcome = outcome.and(heard);
        }
        if retakes {
            let next = Instant::now().checked_add(RETAKE_EVERY);
            self.retake_at = next.unwrap_or(self.retake_at);
        }
        // A row that cannot be read says nothing of whose it is.
        if outcome.is_ok() {
            self.dismiss_all_but(&ours);
        }
        outcome
    }

    /// What is not ours any more has nothing to do here.
    fn dismiss_all_but(&mut self, ours: &HashSet<SessionId>) {
        for (session, berth) in self.berths.all() {
            if !ours.contains(&session) {
                self.held.remove(&session);
                berth.dismiss();
            }
        }
    }

    async fn hear(&mut self, lease: &Arc<Lease>, wish: &Wish, retakes: bool) -> store::Result<()> {
        if let Some(berth) = self.berths.get(wish.session) {
            berth.hear(wish);
            if retakes && !berth.is_held() {
                // The database refused the epoch that we know: ask for another.
                self.retake(lease, wish.session, &berth).await?;
            }
            return Ok(());
        }
        if wish.moves {
            self.held.remove(&wish.session);
            return leases::release(&self.world.store, lease.incarnation(), wish.session).await;
        }
        if needs_a_supervisor(wish) {
            self.supervise(lease, wish).await?;
        }
        Ok(())
    }

    async fn supervise(&mut self, lease: &Arc<Lease>, wish: &Wish) -> store::Result<()> {
        let store = &self.world.store;
        let held = match self.held.get(&wish.session) {
            Some(held) => Some(*held),
            None => leases::take(store, lease.incarnation(), wish.session).await?,
        };
        let Some(held) = held else {
            return Ok(());
        };
        let Some(session) = sessions::stored(store, wish.business, wish.session).await? else {
            return Ok(());
        };
        self.held.insert(session.id, held);
        let berth = Arc::new(Berth::new(Order {
            wanted: session.wanted,
            wanted_at: session.wanted_at,
            holding: Some(holding(lease, held)),
            moves: false,
            dismissed: false,
        }));
        self.berths.put(session.id, Arc::clone(&berth));
        let supervisor = Supervisor::new(Arc::clone(&self.world), berth, &session);
        let id = session.id;
        // Whatever is logged of its work names it.
        let span = tracing::info_span!("session", id = %session.id, business = %session.business);
        let work = Box::pin(supervisor.run().instrument(span));
        let task = self.supervisors.spawn(async move {
            work.await;
            id
        });
        self.tasks.insert(task.id(), id);
        Ok(())
    }

    async fn retake(
        &mut self,
        lease: &Arc<Lease>,
        session: SessionId,
        berth: &Berth,
    ) -> store::Result<()> {
        let taken = leases::take(&self.world.store, lease.incarnation(), session).await?;
        if let Some(held) = taken {
            self.held.insert(session, held);
            berth.hold(Some(holding(lease, held)));
        }
        Ok(())
    }
}

/// What to look at.
enum Asked {
    /// These sessions.
    About(HashSet<SessionId>),
    /// Whatever may have changed.
    Everything,
}

impl Default for Asked {
    fn default() -> Self {
        Self::About(HashSet::new())
    }
}

impl Asked {
    fn about(&mut self, session: SessionId) {
        if let Self::About(sessions) = self {
            sessions.insert(session);
            if sessions.len() > HINTS {
                *self = Self::Everything;
            }
        }
    }
}

fn holding(lease: &Arc<Lease>, held: Held) -> Holding {
    Holding {
        lease: Arc::clone(lease),
        held,
    }
}

/// A session that rests and is to rest needs nobody.
fn needs_a_supervisor(wish: &Wish) -> bool {
    let rests = matches!(
        wish.state,
        SessionState::Created | SessionState::LoggedOut | SessionState::Disconnected
    );
    match wish.wanted {
        Wanted::Connected | Wanted::Restarted | Wanted::Deleted => true,
        Wanted::Disconnected => !rests,
        Wanted::LoggedOut => wish.state != SessionState::LoggedOut,
    }
}
