//! How many calls the businesses have taken, by the network's own judgement: the witness of a limit of calls that
//! does not ask whoever keeps the limit.
//!
//! A call is admitted when its voice webhook itself (not the fallback) answers 200 with a document that can be read
//! and whose first verb takes the call: any but `<Reject>` and `<Hangup>`, and not none. It counts from the arrival
//! of that answer until the call ends here, which is before anybody is told of its end. All other calls that were
//! answered, or were not, are refused. Legs to somebody else never count.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// Of how many latest calls the time to the first answer is remembered.
const TIMES: usize = 100_000;

/// The count.
#[derive(Default)]
pub(crate) struct Admissions {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    placed: u64,
    live: u64,
    peak: u64,
    admitted: u64,
    refused: u64,
    abandoned: u64,
    /// Milliseconds from the dialling to the first answer.
    times: VecDeque<u32>,
}

/// One admitted call; it ends when this is dropped.
pub(crate) struct Admission(Arc<Admissions>);

impl Drop for Admission {
    fn drop(&mut self) {
        let mut kept = self.0.lock();
        kept.live = kept.live.saturating_sub(1);
    }
}

impl Admissions {
    /// Notes that somebody dialled.
    pub(crate) fn placed(&self) {
        self.lock().placed += 1;
    }

    /// Notes how long the first answer took.
    pub(crate) fn answered_after(&self, time: Duration) {
        let mut kept = self.lock();
        if kept.times.len() >= TIMES {
            kept.times.pop_front();
        }
        kept.times
            .push_back(u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
    }

    /// Notes that a business took a call.
    pub(crate) fn admit(self: &Arc<Self>) -> Admission {
        let mut kept = self.lock();
        kept.admitted += 1;
        kept.live += 1;
        kept.peak = kept.peak.max(kept.live);
        drop(kept);
        Admission(Arc::clone(self))
    }

    /// Notes that a business did not take a call.
    pub(crate) fn refuse(&self) {
        self.lock().refused += 1;
    }

    /// Notes that a caller gave up before there was an answer.
    pub(crate) fn abandon(&self) {
        self.lock().abandoned += 1;
    }

    /// Forgets the highest count and the times, for another measurement.
    pub(crate) fn reset(&self) {
        let mut kept = self.lock();
        let live = kept.live;
        *kept = Kept {
            live,
            peak: live,
            ..Kept::default()
        };
    }

    /// Everything that is counted.
    pub(crate) fn stats(&self) -> Value {
        let kept = self.lock();
        let mut times: Vec<u32> = kept.times.iter().copied().collect();
        let counts = json!({
            "placed": kept.placed,
            "live_admitted": kept.live,
            "peak_admitted": kept.peak,
            "admitted": kept.admitted,
            "refused": kept.refused,
            "abandoned": kept.abandoned,
        });
        drop(kept);
        times.sort_unstable();
        let mut stats = counts;
        if let Value::Object(stats) = &mut stats {
            let of = |per_mille| percentile(&times, per_mille);
            stats.insert(
                "first_answer_ms".to_owned(),
                json!({ "count": times.len(), "p50": of(500), "p95": of(950), "p99": of(990), "max": of(1_000) }),
            );
        }
        stats
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The smallest time that `per_mille` of all are not above; nothing without any.
fn percentile(sorted: &[u32], per_mille: usize) -> Option<u32> {
    let rank = (sorted.len() * per_mille).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_the_most_calls_at_one_instant() {
        let admissions = Arc::new(Admissions::default());
        let first = admissions.admit();
        let second = admissions.admit();
        drop(first);
        let third = admissions.admit();
        let stats = admissions.stats();
        assert_eq!(stats["live_admitted"], 2);
        assert_eq!(stats["peak_admitted"], 2);
        assert_eq!(stats["admitted"], 3);
        drop((second, third));
        assert_eq!(admissions.stats()["live_admitted"], 0);
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&times, 500), Some(50));
        assert_eq!(percentile(&times, 990), Some(99));
        assert_eq!(percentile(&times, 1_000), Some(100));
        assert_eq!(percentile(&[7], 500), Some(7));
        assert_eq!(percentile(&[], 500), None);
    }
}
