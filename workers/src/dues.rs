//! The instants at which jobs put off by this process come due: so that a short wait does not last until the next look.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use switchyard_core::Timestamp;

/// More instants than this are not kept; the regular look finds those jobs.
const KEPT: usize = 1_024;

/// Instants to come, soonest first.
#[derive(Debug, Default)]
pub(crate) struct Dues {
    instants: Mutex<BTreeSet<Timestamp>>,
}

impl Dues {
    /// Something comes due then.
    pub(crate) fn add(&self, at: Timestamp) {
        let mut instants = self.lock();
        instants.insert(at);
        if instants.len() > KEPT {
            instants.pop_last();
        }
    }

    /// How long until the soonest; `None` when nothing is known to come due. Forgets what is past.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Duration> {
        let mut instants = self.lock();
        while instants.first().is_some_and(|at| *at <= now) {
            instants.pop_first();
        }
        instants.first().map(|at| at.since(now))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Timestamp>> {
        self.instants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soonest_instant_to_come_is_told_and_the_past_is_forgotten() {
        let dues = Dues::default();
        for ms in [300, 100, 200] {
            dues.add(Timestamp(ms));
        }
        assert_eq!(dues.next(Timestamp(0)), Some(Duration::from_millis(100)));
        assert_eq!(dues.next(Timestamp(150)), Some(Duration::from_millis(50)));
        assert_eq!(dues.next(Timestamp(300)), None);
    }

    #[test]
    fn no_more_instants_are_kept_than_the_limit() {
        let dues = Dues::default();
        for ms in 0..5_000 {
            dues.add(Timestamp(ms));
        }
        assert_eq!(dues.lock().len(), KEPT);
    }
}
