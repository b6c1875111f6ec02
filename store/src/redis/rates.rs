//! Token buckets in Redis, shared by every process. Each goes by itself once it would be full again.

use std::sync::LazyLock;

use redis::Script;

use super::{Away, Redis};
use crate::rates::{Rate, Verdict};

/// Fills the bucket for the time that passed, by the server's clock, and takes one out if there is one.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local burst, per_s = tonumber(ARGV[1]), tonumber(ARGV[2])
         local time = redis.call('TIME')
         local now = time[1] + time[2] / 1000000
         local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
         local left, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
         left = math.min(burst, left + math.max(0, now - at) * per_s)
         local passes = left >= 1
         if passes then left = left - 1 end
         redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.6f', now))
         redis.call('PEXPIRE', KEYS[1], math.ceil((burst - left) / per_s * 1000) + 1000)
         return {passes and 1 or 0, string.format('%.6f', left)}",
    )
});

/// A bucket that is gone is full: there is nothing to put back into it.
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBYFLOAT', KEYS[1], 'left', 1) end",
    )
});

impl Redis {
    /// Takes one out of the key's bucket, if there is one left.
    pub(crate) async fn take(&self, key: &str, rate: Rate) -> Result<Verdict, Away> {
        let (burst, per_s) = (rate.burst().to_string(), rate.per_second().to_string());
        let answer: (u8, f64) = self
            .script(&TAKE, &[&named(key)], &[&burst, &per_s])
            .await?;
        let (passes, left) = answer;
        Ok(Verdict::of(rate, passes == 1, left))
    }

    /// Puts one back.
    pub(crate) async fn give_back(&self, key: &str) -> Result<(), Away> {
        self.script(&GIVE_BACK, &[&named(key)], &[]).await
    }
}

fn named(key: &str) -> String {
    format!("sy:rate:{key}")
}
