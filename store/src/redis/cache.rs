//! Cached values in Redis, shared by every process, each under a version of its cache that an invalidation changes.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use uuid::Uuid;

use super::{Away, Redis};

/// A version outlives every fill that read it, and every value: a request has ten seconds.
const VERSION_LIFE_MS: &str = "60000";

/// The value if it was kept under the present version, or else that version, made where there is none: after a flush no
/// old version is good.
static LOOK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local version = redis.call('GET', KEYS[2])
         if version then redis.call('PEXPIRE', KEYS[2], ARGV[2])
         else
             version = ARGV[1]
             redis.call('SET', KEYS[2], version, 'PX', ARGV[2])
         end
         local value = redis.call('GET', KEYS[1])
         if value and string.sub(value, 1, #version) == version then return {1, string.sub(value, #version + 1)} end
         return {0, version}",
    )
});

/// Keeps a value unless the version that was read before it has changed.
static KEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});

/// Forgets all values of a cache and makes every fill that has begun too late.
static FORGET: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"));

/// What a look found.
pub(crate) enum Looked {
    /// The value.
    Value(String),
    /// None, and the version to keep one under.
    Version(String),
}

impl Redis {
    /// Looks for a value of that cache.
    pub(crate) async fn look(&self, cache: &str, key: &str) -> Result<Looked, Away> {
        let (value, version) = (value(cache, key), version(cache));
        let fresh = fresh();
        let arguments = [fresh.as_str(), VERSION_LIFE_MS];
        let (found, text): (u8, String) =
            self.script(&LOOK, &[&value, &version], &arguments).await?;
        Ok(if found == 1 {
            Looked::Value(text)
        } else {
            Looked::Version(text)
        })
    }

    /// Keeps a value; `false` when the cache was invalidated since its version was read.
    pub(crate) async fn keep(
        &self,
        (cache, key): (&str, &str),
        text: &str,
        read_under: &str,
        life: Duration,
    ) -> Result<bool, Away> {
        let (value, version) = (value(cache, key), version(cache));
        let life = life.as_millis().max(1).to_string();
        let arguments = [read_under, text, life.as_str()];
        let kept: u8 = self.script(&KEEP, &[&value, &version], &arguments).await?;
        Ok(kept == 1)
    }

    /// Forgets everything of that cache, for all who share it.
    pub(crate) async fn forget(&self, cache: &str) -> Result<(), Away> {
        let fresh = fresh();
        let arguments = [fresh.as_str(), VERSION_LIFE_MS];
        self.script(&FORGET, &[&version(cache)], &arguments).await
    }
}

/// All of one length, so that none begins with another.
fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The keys of a cache are on one node of a cluster.
fn value(cache: &str, key: &str) -> String {
    format!("sy:cache:{{{cache}}}:{key}")
}

fn version(cache: &str) -> String {
    format!("sy:cache:{{{cache}}}")
}
