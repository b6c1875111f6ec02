//! Whether a provider that keeps failing is asked at all.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which nobody asks.
const FAILURES: u32 = 5;
/// For how long.
const OPEN: Duration = Duration::from_secs(30);
/// Successes in a row after which it counts as well again.
const SUCCESSES: u32 = 2;

#[derive(Debug, Clone, Copy)]
enum State {
    /// It answers; so many failures since the last success.
    Closed(u32),
    /// Nobody asks until then.
    Open(Instant),
    /// One at a time asks; so many successes since.
    Trying { successes: u32, asking: bool },
}

/// Five failures open it for 30 s; then one request at a time tries, and two successes close it.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<State>);

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State::Closed(0)))
    }
}

impl Breaker {
    /// Whether the provider may be asked now. Whoever is told so says how it went.
    pub(crate) fn may_ask(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed(_) => true,
            State::Open(until) if now < until => false,
            State::Open(_) => {
                *state = State::Trying {
                    successes: 0,
                    asking: true,
                };
                true
            }
            State::Trying { asking: true, .. } => false,
            State::Trying {
                successes,
                asking: false,
            } => {
                *state = State::Trying {
                    successes,
                    asking: true,
                };
                true
            }
        }
    }

    /// Whether whoever asked now would be told not to; nothing is promised to anybody.
    pub(crate) fn rests(&self, now: Instant) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Open(until) => now < until,
            State::Trying { asking, .. } => asking,
            State::Closed(_) => false,
        }
    }

    /// How it went.
    pub(crate) fn note(&self, went_well: bool, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match (*state, went_well) {
            (State::Closed(_), true) => State::Closed(0),
            (State::Closed(failures), false) if failures.saturating_add(1) < FAILURES => {
                State::Closed(failures.saturating_add(1))
            }
            (State::Trying { successes, .. }, true) => {
                let successes = successes.saturating_add(1);
                if successes >= SUCCESSES {
                    State::Closed(0)
                } else {
                    State::Trying {
                        successes,
                        asking: false,
                    }
                }
            }
            // A late answer to what was asked before it opened says nothing.
            (State::Open(until), _) => State::Open(until),
            (State::Closed(_) | State::Trying { .. }, false) => {
                State::Open(now.checked_add(OPEN).unwrap_or(now))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_open_it_for_30_s_and_two_successes_close_it() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..4 {
            breaker.note(false, start);
        }
        assert!(breaker.may_ask(start));
        breaker.note(false, start);
        assert!(!breaker.may_ask(start + Duration::from_secs(29)));
        assert!(breaker.rests(start + Duration::from_secs(29)));
        let later = start + Duration::from_secs(30);
        assert!(
            !breaker.rests(later),
            "whoever looks does not take the turn"
        );
        assert!(breaker.may_ask(later), "one tries");
        assert!(breaker.rests(later));
        assert!(!breaker.may_ask(later), "and no other one meanwhile");
        breaker.note(true, later);
        assert!(breaker.may_ask(later));
        breaker.note(true, later);
        assert!(breaker.may_ask(later) && breaker.may_ask(later));
    }

    #[test]
    fn a_failure_while_it_tries_opens_it_again() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..5 {
            breaker.note(false, start);
        }
        let later = start + Duration::from_secs(31);
        assert!(breaker.may_ask(later));
        breaker.note(false, later);
        assert!(!breaker.may_ask(later + Duration::from_secs(29)));
    }
}
