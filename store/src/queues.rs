//! Queues as operators meet them: paused and resumed, what ends in them by the minute, and the processes that serve them.

mod beat;
mod pause;
mod row;
pub(crate) mod sql;
mod standing;

pub use beat::{Ended, beat, note_depths};
pub use pause::{pause, paused};
pub use standing::{Minute, Rates, Standing, Totals, WorkerSeen, minutes, standing, workers};

use switchyard_core::Timestamp;

/// What is counted by the minute is kept so long.
pub(crate) const MINUTES_KEPT: std::time::Duration = std::time::Duration::from_hours(24);

/// The beginning of the minute of an instant.
fn minute_of(now: Timestamp) -> i64 {
    now.ms().div_euclid(60_000).saturating_mul(60_000)
}
