//! The calls that this replica has in hand, and the thread that renews their slots: a busy executor does not starve it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use store::slots::{Admission, Ask, Holding, Mode, Pulse, Slots};
use switchyard_core::BusinessId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// How often slots are renewed, give or take a tenth.
const BEAT: Duration = Duration::from_secs(4);
/// How soon it is tried again when Redis did not answer.
const AGAIN: Duration = Duration::from_millis(600);

/// A call in hand.
#[derive(Debug, Clone)]
pub(crate) struct InHand {
    pub(crate) business: BusinessId,
    pub(crate) epoch: u64,
    pub(crate) phase: &'static str,
    /// What we know says that it lives until then.
    until: Instant,
    /// No call is held longer.
    longest: Instant,
}

/// A call of which the thread knows no more what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Nothing says that it still lives.
    Overdue,
    /// Its slot was lost and somebody else has the last one.
    Homeless,
}

/// The calls in hand. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Keeper(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    replica: String,
    limit: u32,
    business_limit: u32,
    /// What is known of each business that this replica has served: some have a limit of their own, most have not.
    own_limits: Mutex<HashMap<BusinessId, Option<u32>>>,
    longest: Duration,
    calls: Mutex<HashMap<String, InHand>>,
    doubts: Mutex<Vec<(String, InHand, Doubt)>>,
    /// What is not in that phase belongs to whoever answers its next request.
    only: Mutex<Option<&'static str>>,
    metrics: Metrics,
    /// Wakes the thread before its next beat is due.
    due: Notify,
}

/// What a replica counts with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Calls of all businesses at once, where no operator has set another number.
    pub(crate) all: u32,
    /// Calls of one business at once, where it has no limit of its own.
    pub(crate) business: u32,
    /// The longest that a call may take.
    pub(crate) longest: Duration,
}

impl Keeper {
    pub(crate) fn new(replica: String, limits: Limits, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            replica,
            limit: limits.all,
            business_limit: limits.business,
            own_limits: Mutex::default(),
            longest: limits.longest,
            calls: Mutex::default(),
            doubts: Mutex::default(),
            only: Mutex::default(),
            metrics,
            due: Notify::new(),
        }))
    }

    /// The name of this replica.
    pub(crate) fn replica(&self) -> &str {
        &self.0.replica
    }

    /// A business may have so many calls at once; `None`: as many as the settings say.
    pub(crate) fn allow(&self, business: BusinessId, most: Option<u32>) {
        let own = self.0.own_limits.lock();
        let mut own = own.unwrap_or_else(PoisonError::into_inner);
        own.insert(business, most);
    }

    /// Whether anybody has said how many calls a business may have.
    pub(crate) fn knows(&self, business: BusinessId) -> bool {
        let own = self.0.own_limits.lock();
        let own = own.unwrap_or_else(PoisonError::into_inner);
        own.contains_key(&business)
    }

    fn most(&self, business: BusinessId) -> u32 {
        let own = self.0.own_limits.lock();
        let own = own.unwrap_or_else(PoisonError::into_inner);
        own.get(&business)
            .copied()
            .flatten()
            .unwrap_or(self.0.business_limit)
    }

    /// How this replica asks for the slot of a call.
    pub(crate) fn ask<'a>(
        &'a self,
        id: &'a str,
        business: BusinessId,
        mode: Mode,
        phase: &'a str,
    ) -> Ask<'a> {
        Ask {
            id,
            business,
            owner: &self.0.replica,
            mode,
            limit: self.0.limit,
            business_limit: self.most(business),
            epoch: 0,
            phase,
        }
    }

    /// The call is in hand from now on, and lives for `lasts` as far as we know.
    pub(crate) fn hold(
        &self,
        id: &str,
        (business, epoch): (BusinessId, u64),
        phase: &'static str,
        lasts: Duration,
    ) {
        let only = *self.0.only.lock().unwrap_or_else(PoisonError::into_inner);
        if only.is_some_and(|only| only != phase) {
            return;
        }
        let now = Instant::now();
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = calls.get(id).map_or_else(
            || now.checked_add(self.0.longest).unwrap_or(now),
            |had| had.longest,
        );
        let until = now.checked_add(lasts).unwrap_or(now).min(longest);
        let held = InHand {
            business,
            epoch,
            phase,
            until,
            longest,
        };
        calls.insert(id.to_owned(), held);
    }

    /// Something of the call was heard: it lives for `lasts` at least. `false`: it is not in hand.
    pub(crate) fn heard(&self, id: &str, lasts: Duration) -> bool {
        let now = Instant::now();
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(call) = calls.get_mut(id) else {
            return false;
        };
        let until = now.checked_add(lasts).unwrap_or(now);
        call.until = call.until.max(until).min(call.longest);
        true
    }

    /// What was known of the call counts no longer than `lasts`.
    pub(crate) fn settle(&self, id: &str, lasts: Duration) {
        let now = Instant::now();
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = calls.get_mut(id) {
            call.until = now.checked_add(lasts).unwrap_or(now).min(call.longest);
        }
    }

    /// The call is somebody else's, or over.
    pub(crate) fn let_go(&self, id: &str) {
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.remove(id);
    }

    /// The same for a call of that business; another one's stays in hand.
    pub(crate) fn let_go_of(&self, id: &str, business: BusinessId) {
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|held, call| held != id || call.business != business);
    }

    /// How many are.
    pub(crate) fn count(&self) -> usize {
        let calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.len()
    }

    /// Lets every call go that is not in that phase: whoever answers its next request has it then.
    pub(crate) fn hand_over_all_but(&self, phase: &'static str) {
        let mut only = self.0.only.lock().unwrap_or_else(PoisonError::into_inner);
        *only = Some(phase);
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|_, call| call.phase == phase);
    }

    /// Whether this replica hands its calls over.
    pub(crate) fn is_leaving(&self) -> bool {
        let only = self.0.only.lock().unwrap_or_else(PoisonError::into_inner);
        only.is_some()
    }

    /// Nobody new is let in until owners have said what they hold: this one says it now.
    pub(crate) fn beat_now(&self) {
        self.0.due.notify_one();
    }

    /// Calls that somebody has to ask the provider about.
    pub(crate) fn doubts(&self) -> Vec<(String, InHand, Doubt)> {
        let mut doubts = self.0.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *doubts)
    }

    fn holdings(&self) -> Vec<(InHand, Holding)> {
        let now = Instant::now();
        let calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let holdings = calls.iter().map(|(id, call)| {
            let holding = Holding {
                id: id.clone(),
                business: call.business,
                epoch: call.epoch,
                left: call.until.saturating_duration_since(now),
            };
            (call.clone(), holding)
        });
        holdings.collect()
    }

    /// Renews everything in hand once.
    pub(crate) async fn beat(&self, slots: &Slots) -> Result<(), store::redis::Away> {
        let (calls, held): (Vec<InHand>, Vec<Holding>) = self.holdings().into_iter().unzip();
        let leaving = self.is_leaving().then(|| slots.leaving());
        let renewed = leaving.as_ref().unwrap_or(slots);
        let pulses = renewed.beat(&self.0.replica, &held).await?;
        for ((call, held), pulse) in calls.into_iter().zip(held).zip(pulses) {
            self.felt(slots, call, &held, pulse).await?;
        }
        Ok(())
    }

    async fn felt(
        &self,
        slots: &Slots,
        call: InHand,
        held: &Holding,
        pulse: Pulse,
    ) -> Result<(), store::redis::Away> {
        match pulse {
            Pulse::Held => {}
            Pulse::Ended => self.let_go(&held.id),
            Pulse::Stolen => {
                self.0.metrics.lease("stolen");
                self.let_go(&held.id);
            }
            Pulse::Overdue => {
                self.0.metrics.lease("overdue");
                self.doubt(&held.id, call, Doubt::Overdue);
            }
            Pulse::Lost => {
                self.0.metrics.lease("lost");
                self.reassert(slots, call, held).await?;
            }
        }
        Ok(())
    }

    async fn reassert(
        &self,
        slots: &Slots,
        call: InHand,
        held: &Holding,
    ) -> Result<(), store::redis::Away> {
        let ask = Ask {
            epoch: held.epoch,
            ..self.ask(&held.id, held.business, Mode::Reassert, call.phase)
        };
        match slots.acquire(ask).await? {
            Admission::New { epoch, .. } => self.renumber(&held.id, epoch),
            Admission::Held { epoch, owner } if owner == self.0.replica => {
                self.renumber(&held.id, epoch);
            }
            Admission::Held { .. } | Admission::Ended => self.let_go(&held.id),
            Admission::Full | Admission::FullOfBusiness => {
                self.doubt(&held.id, call, Doubt::Homeless);
            }
            Admission::Warming { .. } => {}
        }
        Ok(())
    }

    fn renumber(&self, id: &str, epoch: u64) {
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = calls.get_mut(id) {
            call.epoch = epoch;
        }
    }

    fn doubt(&self, id: &str, call: InHand, doubt: Doubt) {
        self.let_go(id);
        let mut doubts = self.0.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        doubts.push((id.to_owned(), call, doubt));
    }
}

/// The thread that beats until it is told to stop.
#[derive(Debug)]
pub(crate) struct Heart {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Heart {
    /// Starts it, with a runtime and a connection of its own.
    pub(crate) fn start(keeper: Keeper, slots: &Slots) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, slots) = (CancellationToken::new(), slots.clone());
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("calls-heart".to_owned())
            .spawn(move || runtime.block_on(beats(keeper, slots, stopped)))?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }

    /// Stops it and waits for it.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let waited = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(waited, Ok(Ok(()))) {
                tracing::error!("the thread that renews slots broke off");
            }
        }
    }
}

impl Drop for Heart {
    /// A replica that is dropped is gone: it does not go on saying that it lives.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn beats(keeper: Keeper, slots: Slots, stop: CancellationToken) {
    let slots = slots.apart();
    let mut due = Instant::now();
    loop {
        keeper.0.metrics.beat_lag(due.elapsed());
        let wait = match keeper.beat(&slots).await {
            Ok(()) => BEAT.mul_f64(rand::rng().random_range(0.9..1.1)),
            Err(away) => {
                tracing::warn!(error = %away, "slots could not be renewed");
                AGAIN
            }
        };
        due = Instant::now().checked_add(wait).unwrap_or(due);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = keeper.0.due.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}
