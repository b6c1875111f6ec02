//! A cache of small values that are read from the database: in this process or shared through Redis.
//!
//! An invalidation forgets all of it; a fill carries the version that was read before it and loses to a newer one; of
//! many that miss at once one fills; lives differ by 15 %, so that values filled together do not end together.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use prometheus::{IntCounter, Opts, Registry};
use rand::RngExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::Result;
use crate::redis::Redis;
use crate::redis::cache::Looked;

mod local;

use local::Local;

/// Fills that may run at once; keys that share a place wait for each other.
const FLIGHTS: usize = 64;
/// By so much a life may be longer or shorter, in per cent.
const JITTER: u64 = 15;

/// A cache.
#[derive(Debug)]
pub struct Cache {
    name: String,
    kept: Kept,
    flights: Vec<Mutex<()>>,
    life: Duration,
    counts: Counts,
}

#[derive(Debug)]
enum Kept {
    Here(Local),
    There(Redis),
}

/// Under what a value may be kept.
enum Version {
    Here(u64),
    There(String),
    /// Not at all: Redis is away.
    None,
}

enum Found {
    Value(String),
    Nothing(Version),
}

#[derive(Debug)]
struct Counts {
    hits: IntCounter,
    misses: IntCounter,
    stale: IntCounter,
}

impl Cache {
    /// Values that live about so long, in that server if there is one. Each cache of a process has a name of its own.
    pub fn new(
        name: &str,
        shared: Option<Redis>,
        life: Duration,
        registry: &Registry,
    ) -> Result<Self> {
        let kept = match shared {
            Some(redis) => Kept::There(redis),
            None => Kept::Here(Local::new(longest(life))),
        };
        Ok(Self {
            name: name.to_owned(),
            kept,
            flights: (0..FLIGHTS).map(|_| Mutex::default()).collect(),
            life,
            counts: Counts::register(name, registry)?,
        })
    }

    /// The value, from the cache or by `fill`. What `fill` does not find is not kept.
    pub async fn get_or_fill<V, E>(
        &self,
        key: &str,
        fill: impl Future<Output = std::result::Result<Option<V>, E>>,
    ) -> std::result::Result<Option<V>, E>
    where
        V: Serialize + DeserializeOwned,
    {
        if let Found::Value(text) = self.look(key).await
            && let Ok(value) = serde_json::from_str(&text)
        {
            self.counts.hits.inc();
            return Ok(Some(value));
        }
        let _flight = self.flight(key).await;
        let version = match self.look(key).await {
            Found::Value(text) => match serde_json::from_str(&text) {
                Ok(value) => {
                    self.counts.hits.inc();
                    return Ok(Some(value));
                }
                // Written by another version of the program: it ends by itself.
                Err(_) => Version::None,
            },
            Found::Nothing(version) => version,
        };
        self.counts.misses.inc();
        let value = fill.await?;
        if let Some(text) = value.as_ref().and_then(|it| serde_json::to_string(it).ok())
            && !self.keep(key, text, version).await
        {
            self.counts.stale.inc();
        }
        Ok(value)
    }

    /// Forgets all values, for all who share them, and makes fills that have begun too late. Call it after the commit that
    /// changed one.
    pub async fn invalidate(&self) {
        match &self.kept {
            Kept::Here(local) => local.forget(),
            // Away: what is kept there ends by itself.
            Kept::There(redis) => drop(redis.forget(&self.name).await),
        }
    }

    async fn look(&self, key: &str) -> Found {
        match &self.kept {
            Kept::Here(local) => match local.get(key).await {
                Some(text) => Found::Value(text),
                None => Found::Nothing(Version::Here(local.version())),
            },
            Kept::There(redis) => match redis.look(&self.name, key).await {
                Ok(Looked::Value(text)) => Found::Value(text),
                Ok(Looked::Version(version)) => Found::Nothing(Version::There(version)),
                Err(_away) => Found::Nothing(Version::None),
            },
        }
    }

    /// False when a newer invalidation was there.
    async fn keep(&self, key: &str, text: String, version: Version) -> bool {
        let life = jittered(self.life);
        match (&self.kept, version) {
            (Kept::Here(local), Version::Here(version)) => {
                local.keep(key, text, version, life).await
            }
            (Kept::There(redis), Version::There(version)) => {
                let place = (self.name.as_str(), key);
                let kept = redis.keep(place, &text, &version, life).await;
                kept.unwrap_or(true)
            }
            _ => true,
        }
    }

    async fn flight(&self, key: &str) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let place = place(key, self.flights.len());
        match self.flights.get(place) {
            Some(flight) => Some(flight.lock().await),
            None => None,
        }
    }
}

impl Counts {
    fn register(cache: &str, registry: &Registry) -> Result<Self> {
        let counter = |name: &str, help: &str| {
            let opts = Opts::new(format!("switchyard_cache_{name}_total"), help);
            let counter = IntCounter::with_opts(opts.const_label("cache", cache))?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        Ok(Self {
            hits: counter("hits", "Look-ups that the cache answered.")?,
            misses: counter("misses", "Look-ups that went to the database.")?,
            stale: counter(
                "stale",
                "Values that were not kept because they were invalidated while they were read.",
            )?,
        })
    }
}

/// Where a key belongs among so many places.
fn place(key: &str, places: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let places = u64::try_from(places).unwrap_or(1).max(1);
    usize::try_from(hasher.finish() % places).unwrap_or(0)
}

fn jittered(life: Duration) -> Duration {
    percent(life, rand::rng().random_range(100 - JITTER..=100 + JITTER))
}

fn longest(life: Duration) -> Duration {
    percent(life, 100 + JITTER)
}

fn percent(life: Duration, percent: u64) -> Duration {
    let ms = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(ms.saturating_mul(percent) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_differ_by_fifteen_per_cent_at_most() {
        let lives: Vec<Duration> = (0..500).map(|_| jittered(Duration::from_secs(4))).collect();
        let (least, most) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
        assert!(*least >= Duration::from_millis(3_400) && *least < Duration::from_millis(3_600));
        assert!(*most <= Duration::from_millis(4_600) && *most > Duration::from_millis(4_400));
        assert_eq!(
            longest(Duration::from_secs(4)),
            Duration::from_millis(4_600)
        );
    }
}
