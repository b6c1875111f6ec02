//! Rate limits: token buckets, in this process or shared through Redis. Without Redis each process counts by itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::redis::Redis;

/// Buckets of one process that are kept at a time; the fullest ones are forgotten first.
const KEPT: usize = 60_000;

/// How fast a bucket fills and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    burst: u32,
    per_s: f64,
}

impl Rate {
    /// So many a second, and so many at once.
    pub const fn per_s(per_s: u32, burst: u32) -> Self {
        Self::over_s(per_s, burst, 1)
    }

    /// So many in that time, all at once if need be.
    pub const fn over(count: u32, time: Duration) -> Self {
        Self::over_s(count, count, time.as_secs())
    }

    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "From is not const yet; a count and some seconds lose nothing"
    )]
    const fn over_s(count: u32, burst: u32, time_s: u64) -> Self {
        Self {
            burst,
            per_s: count as f64 / time_s as f64,
        }
    }

    /// How much the bucket holds.
    pub(crate) fn burst(self) -> u32 {
        self.burst
    }

    /// How much flows in, a second.
    pub(crate) fn per_second(self) -> f64 {
        self.per_s
    }
}

/// What a bucket says: how it stands, or how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether this one may pass.
    pub passes: bool,
    /// Requests at once.
    pub limit: u32,
    /// Requests that may follow right now.
    pub remaining: u32,
    /// Seconds until the next one may pass, or until the bucket is full.
    pub reset_s: u32,
}

impl Verdict {
    /// Of a bucket with so much left.
    pub(crate) fn of(rate: Rate, passes: bool, left: f64) -> Self {
        let missing = if passes {
            f64::from(rate.burst) - left
        } else {
            1.0 - left
        };
        Self {
            passes,
            limit: rate.burst,
            remaining: whole(left.floor()),
            reset_s: whole((missing / rate.per_s).ceil()),
        }
    }
}

/// The buckets that a process asks.
#[derive(Debug)]
pub struct Rates {
    shared: Option<Redis>,
    own: Buckets,
}

impl Rates {
    /// Shared through that server, if there is one.
    pub fn new(shared: Option<Redis>) -> Self {
        Self {
            shared,
            own: Buckets::default(),
        }
    }

    /// Takes one out of the key's bucket, if there is one left. A key has always the same rate.
    pub async fn take(&self, key: &str, rate: Rate) -> Verdict {
        if let Some(redis) = &self.shared
            && let Ok(verdict) = redis.take(key, rate).await
        {
            return verdict;
        }
        self.own.take(key, rate, Instant::now())
    }

    /// Puts one back: what it was taken for turned out well.
    pub async fn give_back(&self, key: &str) {
        if let Some(redis) = &self.shared
            && redis.give_back(key).await.is_ok()
        {
            return;
        }
        self.own.give_back(key);
    }
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
    rate: Rate,
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.rate.per_s;
        self.left = (self.left + gained).min(f64::from(self.rate.burst));
        self.at = now;
    }

    fn is_full(&self) -> bool {
        self.left >= f64::from(self.rate.burst)
    }
}

/// The buckets of one process.
#[derive(Debug, Default)]
struct Buckets(Mutex<HashMap<String, Bucket>>);

impl Buckets {
    fn take(&self, key: &str, rate: Rate, now: Instant) -> Verdict {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT && !buckets.contains_key(key) {
            forget(&mut buckets, now);
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket {
            left: f64::from(rate.burst),
            at: now,
            rate,
        });
        bucket.rate = rate;
        bucket.fill(now);
        let passes = bucket.left >= 1.0;
        if passes {
            bucket.left -= 1.0;
        }
        Verdict::of(rate, passes, bucket.left)
    }

    fn give_back(&self, key: &str) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.left += 1.0;
        }
    }
}

/// Makes room: buckets that are full again say nothing, then those that are nearest to it.
fn forget(buckets: &mut HashMap<String, Bucket>, now: Instant) {
    for bucket in buckets.values_mut() {
        bucket.fill(now);
    }
    buckets.retain(|_, bucket| !bucket.is_full());
    if buckets.len() < KEPT {
        return;
    }
    let mut by_part: Vec<(f64, String)> = buckets
        .iter()
        .map(|(key, bucket)| (bucket.left / f64::from(bucket.rate.burst), key.clone()))
        .collect();
    by_part.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    for (_, key) in by_part.into_iter().take(KEPT / 10) {
        buckets.remove(&key);
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there is no other way from a float; the cast saturates"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_at_its_rate() {
        let buckets = Buckets::default();
        let start = Instant::now();
        let rate = Rate::per_s(2, 3);
        for left in [2, 1, 0] {
            assert_eq!(buckets.take("one", rate, start).remaining, left);
        }
        let refused = buckets.take("one", rate, start);
        assert!(!refused.passes && refused.reset_s == 1, "{refused:?}");
        let later = start + Duration::from_millis(500);
        assert!(buckets.take("one", rate, later).passes);
        assert!(!buckets.take("one", rate, later).passes);
    }

    #[test]
    fn the_map_stays_bounded_and_forgets_the_fullest_first() {
        let buckets = Buckets::default();
        let rate = Rate::per_s(1, 5);
        let now = Instant::now();
        for _ in 0..5 {
            buckets.take("0", rate, now);
        }
        for key in 1..KEPT * 2 {
            buckets.take(&key.to_string(), rate, now);
        }
        assert!(buckets.0.lock().unwrap().len() <= KEPT);
        assert!(
            !buckets.take("0", rate, now).passes,
            "the empty one is still known"
        );
    }
}
