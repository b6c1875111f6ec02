//! Cached values in Redis, shared by every process, each with a version that an invalidation changes.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use uuid::Uuid;

use super::{Away, Redis};

/// A version outlives every fill that read it: a request has ten seconds.
const VERSION_LIFE_MS: &str = "60000";

/// The value, or else its version, made where there is none: after a flush no old version is good.
static LOOK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value = redis.call('GET', KEYS[1])
         if value then return {1, value} end
         local version = redis.call('GET', KEYS[2]) or ARGV[1]
         redis.call('SET', KEYS[2], version, 'PX', ARGV[2])
         return {0, version}",
    )
});

/// Keeps a value unless the version that was read before it has changed.
static KEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});

/// Forgets a value and makes every fill that has begun too late.
static FORGET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
         redis.call('DEL', KEYS[1])",
    )
});

/// What a look found.
pub(crate) enum Looked {
    /// The value.
    Value(String),
    /// None, and the version to keep one under.
    Version(String),
}

impl Redis {
    /// Looks for a value.
    pub(crate) async fn look(&self, key: &str) -> Result<Looked, Away> {
        let (value, version) = named(key);
        let fresh = Uuid::new_v4().simple().to_string();
        let arguments = [fresh.as_str(), VERSION_LIFE_MS];
        let (found, text): (u8, String) =
            self.script(&LOOK, &[&value, &version], &arguments).await?;
        Ok(if found == 1 {
            Looked::Value(text)
        } else {
            Looked::Version(text)
        })
    }

    /// Keeps a value; `false` when it was invalidated since its version was read.
    pub(crate) async fn keep(
        &self,
        key: &str,
        text: &str,
        read_under: &str,
        life: Duration,
    ) -> Result<bool, Away> {
        let (value, version) = named(key);
        let life = life.as_millis().max(1).to_string();
        let arguments = [read_under, text, life.as_str()];
        let kept: u8 = self.script(&KEEP, &[&value, &version], &arguments).await?;
        Ok(kept == 1)
    }

    /// Forgets a value.
    pub(crate) async fn forget(&self, key: &str) -> Result<(), Away> {
        let (value, version) = named(key);
        let fresh = Uuid::new_v4().simple().to_string();
        let arguments = [fresh.as_str(), VERSION_LIFE_MS];
        self.script(&FORGET, &[&value, &version], &arguments).await
    }
}

/// The keys of a value and of its version: on one node of a cluster.
fn named(key: &str) -> (String, String) {
    (
        format!("sy:cache:{{{key}}}"),
        format!("sy:cache:{{{key}}}:v"),
    )
}
