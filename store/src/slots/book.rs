//! The slots of one process: what the scripts do in Redis, under one lock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use switchyard_core::BusinessId;

use super::{
    Admission, Ask, HOLDERS_MOST, Holder, Holding, LIFE, Last, Mode, Pulse, Renaming, STONE,
    Standing, Timing, Turn,
};

/// What is known of a call. It has a slot while `until` lies ahead.
#[derive(Debug, Clone)]
struct Call {
    business: Option<BusinessId>,
    owner: String,
    epoch: u64,
    phase: String,
    since: Instant,
    until: Option<Instant>,
    ended: bool,
    page: u32,
    /// The last page of which something was begun that is done once.
    begun: u32,
    body: String,
    forget_at: Instant,
}

impl Call {
    fn new(now: Instant) -> Self {
        Self {
            business: None,
            owner: String::new(),
            epoch: 0,
            phase: String::new(),
            since: now,
            until: None,
            ended: false,
            page: 0,
            begun: 0,
            body: String::new(),
            forget_at: later(now, LIFE),
        }
    }

    fn is_live(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    /// A lease is never made shorter.
    fn lease(&mut self, until: Instant) {
        self.until = Some(self.until.map_or(until, |had| had.max(until)));
    }
}

/// All calls of the process.
#[derive(Debug)]
pub(super) struct Book {
    timing: Timing,
    calls: HashMap<String, Call>,
    replicas: HashMap<String, Instant>,
    beat: Option<Instant>,
    warm: Option<Instant>,
    limit: Option<u32>,
}

impl Book {
    pub(super) fn new(timing: Timing) -> Self {
        Self {
            timing,
            calls: HashMap::new(),
            replicas: HashMap::new(),
            beat: None,
            warm: None,
            limit: None,
        }
    }

    /// Nobody beat for too long: owners say what they hold before anybody new is let in.
    fn wake(&mut self, now: Instant) {
        let is_fresh = self
            .beat
            .is_some_and(|beat| now.saturating_duration_since(beat) <= self.timing.stale);
        if !is_fresh {
            self.beat = Some(now);
            self.warm = Some(later(now, self.timing.grace));
        }
    }

    fn warming(&self, now: Instant) -> Duration {
        self.warm
            .map_or(Duration::ZERO, |warm| warm.saturating_duration_since(now))
    }

    fn count(&self, now: Instant, of: Option<BusinessId>) -> u32 {
        let live = self.calls.values().filter(|call| call.is_live(now));
        let count = live
            .filter(|call| of.is_none() || call.business == of)
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn call(&mut self, id: &str, now: Instant) -> &mut Call {
        let call = self
            .calls
            .entry(id.to_owned())
            .or_insert_with(|| Call::new(now));
        if call.forget_at <= now && !call.is_live(now) {
            *call = Call::new(now);
        }
        call
    }

    pub(super) fn acquire(&mut self, ask: Ask<'_>) -> Admission {
        let now = Instant::now();
        let until = later(now, self.timing.lease);
        if self.calls.get(ask.id).is_some_and(|call| call.ended) {
            return Admission::Ended;
        }
        self.wake(now);
        if let Some(call) = self.calls.get_mut(ask.id)
            && call.is_live(now)
        {
            call.lease(until);
            if ask.mode == Mode::Take {
                if call.owner != ask.owner {
                    call.epoch = call.epoch.saturating_add(1);
                    ask.owner.clone_into(&mut call.owner);
                }
                ask.phase.clone_into(&mut call.phase);
                call.forget_at = later(now, LIFE);
            }
            return Admission::Held {
                epoch: call.epoch,
                owner: call.owner.clone(),
            };
        }
        let left = self.warming(now);
        if ask.mode == Mode::New && !left.is_zero() {
            return Admission::Warming { left };
        }
        let live = self.count(now, None);
        // Whoever says what it holds was let in before, and the limit that was set then may be gone with the rest.
        if left.is_zero() {
            if live >= self.limit.unwrap_or(ask.limit) {
                return Admission::Full;
            }
            if self.count(now, Some(ask.business)) >= ask.business_limit {
                return Admission::FullOfBusiness;
            }
        }
        let call = self.call(ask.id, now);
        call.business = Some(ask.business);
        ask.owner.clone_into(&mut call.owner);
        ask.phase.clone_into(&mut call.phase);
        call.epoch = call.epoch.max(ask.epoch).saturating_add(1);
        call.until = Some(until);
        call.forget_at = later(now, LIFE);
        Admission::New {
            live: live.saturating_add(1),
            epoch: call.epoch,
        }
    }

    pub(super) fn beat(&mut self, replica: &str, alive: Duration, held: &[Holding]) -> Vec<Pulse> {
        let now = Instant::now();
        self.wake(now);
        self.beat = Some(now);
        self.replicas.retain(|_, until| *until > now);
        self.replicas.insert(replica.to_owned(), later(now, alive));
        held.iter().map(|held| self.pulse(held, now)).collect()
    }

    fn pulse(&mut self, held: &Holding, now: Instant) -> Pulse {
        let Some(call) = self.calls.get_mut(&held.id) else {
            return if held.left.is_zero() {
                Pulse::Overdue
            } else {
                Pulse::Lost
            };
        };
        if call.ended {
            Pulse::Ended
        } else if call.epoch != 0 && call.epoch != held.epoch {
            Pulse::Stolen
        } else if held.left.is_zero() {
            Pulse::Overdue
        } else if call.is_live(now) {
            call.lease(later(now, self.timing.lease.min(held.left)));
            Pulse::Held
        } else {
            Pulse::Lost
        }
    }

    pub(super) fn release(&mut self, id: &str, business: BusinessId, ended: &str) -> bool {
        let now = Instant::now();
        let call = self.call(id, now);
        if call.business.is_some_and(|whose| whose != business) {
            return false;
        }
        let first = !call.ended;
        if first {
            ended.clone_into(&mut call.phase);
        }
        call.ended = true;
        call.until = None;
        call.page = 0;
        call.body = String::new();
        call.forget_at = later(now, STONE);
        first
    }

    pub(super) fn vacate(&mut self, id: &str, owner: &str) -> bool {
        let mine = self.calls.get_mut(id).filter(|call| call.owner == owner);
        mine.is_some_and(|call| call.until.take().is_some())
    }

    pub(super) fn rename(&mut self, reservation: &str, id: &str) -> Renaming {
        let now = Instant::now();
        let found = self
            .calls
            .get(id)
            .map(|call| (call.ended, call.is_live(now)));
        let reserved = match self.calls.remove(reservation) {
            Some(call) if call.ended => {
                self.calls.insert(reservation.to_owned(), call);
                None
            }
            other => {
                // Whoever still renews the reservation is told that it has ended, and asks for no other slot.
                let has_ended = found.is_some_and(|(ended, is_live)| ended || is_live);
                if has_ended || other.as_ref().is_some_and(|call| call.is_live(now)) {
                    let mut stone = Call::new(now);
                    stone.ended = true;
                    "renamed".clone_into(&mut stone.phase);
                    stone.forget_at = later(now, STONE);
                    self.calls.insert(reservation.to_owned(), stone);
                }
                other
            }
        };
        match (found, reserved) {
            (Some((true, _)), _) => Renaming::Ended,
            (Some((_, true)), _) => Renaming::Done,
            (_, Some(call)) if call.is_live(now) => {
                self.calls.insert(id.to_owned(), call);
                Renaming::Renamed
            }
            _ => Renaming::Lost,
        }
    }

    pub(super) fn sweep(&mut self) -> Vec<(String, Option<BusinessId>)> {
        let now = Instant::now();
        let mut swept = Vec::new();
        for (id, call) in &mut self.calls {
            if call.until.is_some() && !call.is_live(now) {
                call.until = None;
                swept.push((id.clone(), call.business));
            }
        }
        self.calls
            .retain(|_, call| call.forget_at > now || call.is_live(now));
        swept
    }

    pub(super) fn standing(&mut self, limit: u32) -> Standing {
        let now = Instant::now();
        self.wake(now);
        Standing {
            live: self.count(now, None),
            limit: self.limit.unwrap_or(limit),
            warming: self.warming(now),
        }
    }

    pub(super) fn holders(&mut self) -> Vec<Holder> {
        let now = Instant::now();
        let live = self.calls.iter().filter(|(_, call)| call.is_live(now));
        let shown = live.take(HOLDERS_MOST).map(|(id, call)| Holder {
            id: id.clone(),
            business: call.business,
            owner: call.owner.clone(),
            epoch: call.epoch,
            phase: call.phase.clone(),
            age: now.saturating_duration_since(call.since),
            left: call
                .until
                .map_or(Duration::ZERO, |until| until.saturating_duration_since(now)),
            owner_lives: self
                .replicas
                .get(&call.owner)
                .is_some_and(|until| *until > now),
        });
        shown.collect()
    }

    pub(super) fn set_limit(&mut self, limit: Option<u32>) {
        self.limit = limit;
    }

    pub(super) fn turn(&mut self, id: &str, page: u32, body: &str, phase: &str) -> Turn {
        let now = Instant::now();
        let call = self.call(id, now);
        if call.ended {
            return Turn::Ended;
        }
        if call.page >= page {
            return Turn::Repeated(call.body.clone());
        }
        call.page = page;
        body.clone_into(&mut call.body);
        phase.clone_into(&mut call.phase);
        call.forget_at = later(now, LIFE);
        Turn::Turned
    }

    pub(super) fn last(&self, id: &str) -> Last {
        self.calls.get(id).map_or(
            Last {
                ended: false,
                ended_as: String::new(),
                page: 0,
                body: String::new(),
                phase: String::new(),
            },
            |call| Last {
                ended: call.ended,
                ended_as: if call.ended {
                    call.phase.clone()
                } else {
                    String::new()
                },
                page: call.page,
                body: call.body.clone(),
                phase: call.phase.clone(),
            },
        )
    }

    pub(super) fn leave(&mut self, replica: &str) {
        self.replicas.remove(replica);
    }

    pub(super) fn begin_page(&mut self, id: &str, page: u32, phase: &str) -> bool {
        let now = Instant::now();
        let Some(call) = self.calls.get_mut(id) else {
            return false;
        };
        if call.ended || !call.is_live(now) || call.page != page || call.begun == page {
            return false;
        }
        call.begun = page;
        phase.clone_into(&mut call.phase);
        true
    }

    pub(super) fn note_phase(&mut self, id: &str, phase: &str) {
        if let Some(call) = self.calls.get_mut(id)
            && !call.ended
        {
            phase.clone_into(&mut call.phase);
        }
    }
}

/// The clock of a machine does not end within a lease.
fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).unwrap_or(now)
}
