//! Until when this process may act for what it holds: the clock that every frame and every retry looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A deadline that was ended: no renewal revives it.
const ENDED: i64 = i64::MIN;

/// Milliseconds since this machine booted, the time it was suspended included: a paused process that wakes sees
/// how long it was away.
pub fn boot_clock() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    let whole = now.tv_sec.saturating_mul(1_000);
    whole.saturating_add(now.tv_nsec / 1_000_000)
}

/// The instant, by [`boot_clock`], after which nothing may be sent or retried. Shared by all that depends on one lease.
#[derive(Debug, Clone)]
pub struct Deadline(Arc<AtomicI64>);

impl Deadline {
    /// A deadline at an instant of [`boot_clock`].
    pub fn at(boot_ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(boot_ms)))
    }

    /// A deadline `span` from now.
    pub fn within(span: Duration) -> Self {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::at(boot_clock().saturating_add(span))
    }

    /// The lease was renewed: later only, and never after [`Self::end`].
    pub fn extend_to(&self, boot_ms: i64) {
        let later = |old: i64| (old != ENDED).then_some(old.max(boot_ms));
        self.0
            .try_update(Ordering::AcqRel, Ordering::Acquire, later)
            .ok();
    }

    /// The lease is lost: from now on nothing remains.
    pub fn end(&self) {
        self.0.store(ENDED, Ordering::Release);
    }

    /// How long is left; nothing once the instant passed or the lease was lost.
    pub fn remaining(&self) -> Duration {
        let left = self.0.load(Ordering::Acquire).saturating_sub(boot_clock());
        Duration::from_millis(u64::try_from(left).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_moves_the_deadline_only_later() {
        let deadline = Deadline::within(Duration::from_mins(1));
        deadline.extend_to(0);
        assert!(deadline.remaining() > Duration::from_secs(50));
        deadline.extend_to(boot_clock() + 600_000);
        assert!(deadline.remaining() > Duration::from_secs(500));
    }

    #[test]
    fn a_lost_lease_is_not_revived() {
        let deadline = Deadline::within(Duration::from_mins(1));
        deadline.end();
        deadline.extend_to(boot_clock() + 600_000);
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }
}
