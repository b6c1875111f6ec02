//! The time of calls: as fast as the world's, or faster by a factor.
//!
//! What people and switches take (speaking, ringing, recording, silence) goes by this clock. What machines take (the
//! time in which a webhook must be answered, the 20 ms of a media frame) never does: a test that hurries calls must
//! not hurry the program under test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The slowest and the fastest.
const SLOWEST: f64 = 0.1;
const FASTEST: f64 = 1_000.0;

/// The clock.
pub(crate) struct Clock {
    scale: AtomicU64,
}

impl Clock {
    /// A clock that is `scale` times as fast as the world's.
    pub(crate) fn new(scale: f64) -> anyhow::Result<Self> {
        let clock = Self {
            scale: AtomicU64::new(1.0_f64.to_bits()),
        };
        clock.set(scale)?;
        Ok(clock)
    }

    /// Makes it faster or slower for all waits that begin after this.
    pub(crate) fn set(&self, scale: f64) -> anyhow::Result<()> {
        anyhow::ensure!(
            (SLOWEST..=FASTEST).contains(&scale),
            "calls are scaled by {SLOWEST} to {FASTEST}"
        );
        self.scale.store(scale.to_bits(), Ordering::Relaxed);
        Ok(())
    }

    /// How many times as fast as the world's it is.
    pub(crate) fn scale(&self) -> f64 {
        f64::from_bits(self.scale.load(Ordering::Relaxed))
    }

    /// How long `time` of a call takes here.
    pub(crate) fn here(&self, time: Duration) -> Duration {
        time.div_f64(self.scale())
    }

    /// When `time` of a call from now is.
    pub(crate) fn after(&self, time: Duration) -> Instant {
        Instant::now() + self.here(time)
    }

    /// How much of a call's time went by since `start`.
    pub(crate) fn since(&self, start: Instant) -> Duration {
        start.elapsed().mul_f64(self.scale())
    }

    /// Waits for `time` of a call.
    pub(crate) async fn sleep(&self, time: Duration) {
        tokio::time::sleep(self.here(time)).await;
    }
}
