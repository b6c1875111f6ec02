//! Rate limits: token buckets in one bounded map per kind. A limit holds per process.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Buckets of one kind that are kept at a time; the fullest ones are forgotten first.
const KEPT: usize = 20_000;

/// A person in the dashboard: pages ask for several things at once, so bursts are allowed.
pub(crate) const USER: Rate = Rate::per_second(20, 100);
/// Attempts to sign in to one account.
const ACCOUNT: Rate = Rate::over(5, Duration::from_mins(15));
/// Attempts to sign in from one address.
const ADDRESS: Rate = Rate::over(30, Duration::from_mins(15));

/// How fast a bucket fills and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    burst: u32,
    per_s: f64,
}

impl Rate {
    /// So many a second, and so many at once.
    pub(crate) const fn per_second(per_s: u32, burst: u32) -> Self {
        Self::over_s(per_s, burst, 1)
    }

    /// So many in that time, all at once if need be.
    const fn over(count: u32, time: Duration) -> Self {
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
}

/// What a bucket says: how it stands, or how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether this one may pass.
    pub(crate) passes: bool,
    /// Requests at once.
    pub(crate) limit: u32,
    /// Requests that may follow right now.
    pub(crate) remaining: u32,
    /// Seconds until the next one may pass, or until the bucket is full.
    pub(crate) reset_s: u32,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn fill(&mut self, rate: Rate, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * rate.per_s;
        self.left = (self.left + gained).min(f64::from(rate.burst));
        self.at = now;
    }
}

/// Buckets by key.
pub(crate) struct Buckets<K>(Mutex<HashMap<K, Bucket>>);

impl<K: Eq + Hash + Clone> Buckets<K> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// Takes one out of the key's bucket, if there is one left.
    pub(crate) fn take(&self, key: K, rate: Rate, now: Instant) -> Verdict {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT && !buckets.contains_key(&key) {
            forget(&mut buckets, rate, now);
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            left: f64::from(rate.burst),
            at: now,
        });
        bucket.fill(rate, now);
        let passes = bucket.left >= 1.0;
        if passes {
            bucket.left -= 1.0;
        }
        let missing = if passes {
            f64::from(rate.burst) - bucket.left
        } else {
            1.0 - bucket.left
        };
        Verdict {
            passes,
            limit: rate.burst,
            remaining: whole(bucket.left.floor()),
            reset_s: whole((missing / rate.per_s).ceil()),
        }
    }

    /// Puts one back: what it was taken for turned out well.
    pub(crate) fn give_back(&self, key: &K) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.left += 1.0;
        }
    }
}

/// Makes room: buckets that are full again say nothing, then those that are nearest to it.
fn forget<K: Eq + Hash + Clone>(buckets: &mut HashMap<K, Bucket>, rate: Rate, now: Instant) {
    for bucket in buckets.values_mut() {
        bucket.fill(rate, now);
    }
    buckets.retain(|_, bucket| bucket.left < f64::from(rate.burst));
    if buckets.len() < KEPT {
        return;
    }
    let mut by_left: Vec<(f64, K)> = buckets
        .iter()
        .map(|(key, bucket)| (bucket.left, key.clone()))
        .collect();
    by_left.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    for (_, key) in by_left.into_iter().take(KEPT / 10) {
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

/// Every limit of the API.
pub(crate) struct Limits {
    callers: Buckets<Uuid>,
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<IpAddr>,
}

/// One attempt to sign in, which counts unless it succeeds.
pub(crate) struct Attempt {
    account: Option<[u8; 32]>,
    address: Option<IpAddr>,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            callers: Buckets::new(),
            accounts: Buckets::new(),
            addresses: Buckets::new(),
        }
    }

    /// One request of a user or a key.
    pub(crate) fn request(&self, caller: Uuid, rate: Rate) -> Verdict {
        self.callers.take(caller, rate, Instant::now())
    }

    /// One attempt to sign in, to an account or by a token alone. `Err` is the wait in seconds.
    pub(crate) fn attempt(
        &self,
        account: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Attempt, u32> {
        let now = Instant::now();
        let attempt = Attempt {
            account: account.map(|email| Sha256::digest(email).into()),
            address: address.map(network_of),
        };
        if let Some(address) = attempt.address {
            passed(self.addresses.take(address, ADDRESS, now))?;
        }
        if let Some(account) = attempt.account {
            passed(self.accounts.take(account, ACCOUNT, now))?;
        }
        Ok(attempt)
    }

    /// The attempt succeeded, so it does not count.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        if let Some(address) = &attempt.address {
            self.addresses.give_back(address);
        }
        if let Some(account) = &attempt.account {
            self.accounts.give_back(account);
        }
    }
}

fn passed(verdict: Verdict) -> Result<(), u32> {
    if verdict.passes {
        Ok(())
    } else {
        Err(verdict.reset_s.max(1))
    }
}

/// A household has a /64 of IPv6, and may use any address of it.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_its_burst_pass_and_then_fills_at_its_rate() {
        let buckets = Buckets::new();
        let start = Instant::now();
        let rate = Rate::per_second(2, 3);
        for left in [2, 1, 0] {
            assert_eq!(buckets.take(1, rate, start).remaining, left);
        }
        let refused = buckets.take(1, rate, start);
        assert!(!refused.passes && refused.reset_s == 1, "{refused:?}");
        let later = start + Duration::from_millis(500);
        assert!(buckets.take(1, rate, later).passes);
        assert!(!buckets.take(1, rate, later).passes);
        assert!(
            buckets.take(2, rate, start).passes,
            "another key has its own"
        );
    }

    #[test]
    fn the_map_stays_bounded_and_forgets_the_fullest_first() {
        let buckets = Buckets::new();
        let rate = Rate::per_second(1, 5);
        let now = Instant::now();
        for _ in 0..5 {
            buckets.take(0, rate, now);
        }
        for key in 1..KEPT * 2 {
            buckets.take(key, rate, now);
        }
        assert!(buckets.0.lock().unwrap().len() <= KEPT);
        assert!(
            !buckets.take(0, rate, now).passes,
            "the empty one is still known"
        );
    }

    #[test]
    fn the_sixth_wrong_attempt_waits_and_a_right_one_does_not_count() {
        let limits = Limits::new();
        let address = Some("203.0.113.7".parse().unwrap());
        for _ in 0..9 {
            let right = limits.attempt(Some("a@example.com"), address).unwrap();
            limits.succeeded(&right);
        }
        for _ in 0..5 {
            assert!(limits.attempt(Some("a@example.com"), address).is_ok());
        }
        let wait = limits
            .attempt(Some("a@example.com"), address)
            .err()
            .unwrap();
        assert!((170..=180).contains(&wait), "{wait}");
        assert!(limits.attempt(Some("b@example.com"), address).is_ok());
    }
}
