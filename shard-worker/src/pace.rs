//! How often to dial: a limit for the whole process, and a growing pause for each session.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Lets through at most so many dials a second, evenly spaced.
#[derive(Debug)]
pub(crate) struct DialLimit {
    spacing: Duration,
    next: Mutex<Instant>,
}

impl DialLimit {
    /// At most `per_second` dials a second.
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            spacing: Duration::from_secs(1)
                .checked_div(per_second)
                .unwrap_or(Duration::from_secs(1)),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().await;
            let at = (*next).max(Instant::now());
            *next = at.checked_add(self.spacing).unwrap_or(at);
            at
        };
        sleep_until(at).await;
    }
}

/// The pause before the next dial of one session: doubles with each failure, up to a ceiling, with jitter.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    ceiling: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins with about `first` and never waits longer than about `ceiling`.
    pub(crate) const fn new(first: Duration, ceiling: Duration) -> Self {
        Self {
            first,
            ceiling,
            failures: 0,
        }
    }

    /// A connection held: begin anew.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next pause, ± 20 %.
    pub(crate) fn next(&mut self) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        jittered(self.first.saturating_mul(factor).min(self.ceiling))
    }
}

/// A span ± 20 %, so that many sessions do not act at once.
pub(crate) fn jittered(span: Duration) -> Duration {
    span.mul_f64(rand::random_range(0.8..1.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_its_ceiling_and_begins_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        assert!(backoff.next() <= Duration::from_millis(120));
        for _ in 0..40 {
            assert!(backoff.next() <= Duration::from_millis(1_200));
        }
        assert!(backoff.next() >= Duration::from_millis(800));
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(120));
    }

    #[tokio::test]
    async fn dials_are_spaced() {
        let limit = DialLimit::new(500);
        let start = Instant::now();
        for _ in 0..51 {
            limit.turn().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(100));
    }
}
