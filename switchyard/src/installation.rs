//! What every role stands on: the database at this program's schema, opened with the right master key.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use prometheus::Registry;
use secrecy::{ExposeSecret, SecretString};
use store::hints::Via;
use store::redis::Redis;
use store::seal::{self, MasterKey};
use store::{Store, StoreOptions};
use switchyard_core::fail::FailPoints;

use crate::folder::DataFolder;
use crate::keys;
use crate::progress::explained;
use crate::refusal::Refusal;
use crate::settings::{Hints, Settings};

/// The database file in the data folder.
pub(crate) const ROWS: &str = "switchyard.db";

/// An open installation.
pub(crate) struct Installation {
    /// The database.
    pub(crate) store: Store,
    /// The server that the processes share, if there is one.
    pub(crate) redis: Option<Redis>,
    /// The key under which everything secret is sealed.
    pub(crate) master: MasterKey,
    /// The same key as it was given, to derive others from.
    pub(crate) master_text: SecretString,
    /// Where everything that is counted is registered.
    pub(crate) registry: Registry,
    /// Where this process kills itself, in tests.
    pub(crate) fail: Arc<FailPoints>,
}

impl Installation {
    /// Opens the database of a data folder, brings it to this program's schema and checks the master key.
    pub(crate) async fn embedded(
        settings: &Settings,
        folder: &DataFolder,
    ) -> Result<Self, Refusal> {
        if settings.database_url.is_some() {
            return Err(Refusal::Setting(
                "DATABASE_URL is for api, shard and worker: up keeps its rows in the data folder"
                    .to_owned(),
            ));
        }
        let rows = folder.file(ROWS);
        let master = keys::load(settings, folder, rows.exists())?;
        let found = Found::new(settings, master)?;
        let store = Box::pin(Store::open_sqlite(&rows, found.options(settings))).await?;
        found.migrated(store).await
    }

    /// Connects to the Postgres database, brings it to this program's schema and keeps the fingerprint of the
    /// master key.
    pub(crate) async fn migrated(settings: &Settings) -> Result<Self, Refusal> {
        let found = Found::new(settings, keys::given(settings)?)?;
        let store = connect(settings, &found).await?;
        found.migrated(store).await
    }

    /// For a command that is no role: the Postgres database that a setting names, else the data folder, which no other
    /// process uses meanwhile.
    pub(crate) async fn alone(settings: &Settings) -> Result<(Self, Option<DataFolder>), Refusal> {
        if settings.database_url.is_some() {
            return Ok((Box::pin(Self::joined(settings)).await?, None));
        }
        let folder = DataFolder::open(&settings.data_dir)?;
        let installation = Box::pin(Self::embedded(settings, &folder)).await?;
        Ok((installation, Some(folder)))
    }

    /// Connects to a Postgres database that has this program's schema already.
    pub(crate) async fn joined(settings: &Settings) -> Result<Self, Refusal> {
        // The URL first: it is what a person who tries a role without a database has to hear.
        postgres_url(settings)?;
        let found = Found::new(settings, keys::given(settings)?)?;
        let store = connect(settings, &found).await?;
        store.check_schema().await?;
        seal::check_fingerprint(&store, &found.master).await?;
        Ok(Installation {
            redis: redis(settings)?,
            ..found.with(store)
        })
    }
}

/// What an installation has before its database is open.
struct Found {
    master: MasterKey,
    master_text: SecretString,
    registry: Registry,
    fail: Arc<FailPoints>,
}

impl Found {
    fn new(settings: &Settings, master_text: SecretString) -> Result<Self, Refusal> {
        let fail = Arc::new(fail_points(settings)?);
        let master = MasterKey::from_base64(master_text.expose_secret())
            .map_err(|error| Refusal::Setting(error.to_string()))?;
        Ok(Self {
            master,
            master_text,
            registry: Registry::new(),
            fail,
        })
    }

    fn options(&self, settings: &Settings) -> StoreOptions {
        StoreOptions {
            fail: Arc::clone(&self.fail),
            registry: self.registry.clone(),
            hints: settings.hints != Hints::Off,
            answer: Duration::from_millis(settings.db_answer_ms),
        }
    }

    async fn migrated(self, store: Store) -> Result<Installation, Refusal> {
        let migrating = Box::pin(store.migrate());
        explained("bringing the database to this version", migrating).await?;
        seal::ensure_fingerprint(&store, &self.master).await?;
        Ok(self.with(store))
    }

    fn with(self, store: Store) -> Installation {
        Installation {
            store,
            redis: None,
            master: self.master,
            master_text: self.master_text,
            registry: self.registry,
            fail: self.fail,
        }
    }
}

/// The address of the installation's database, which several processes share.
pub(crate) fn postgres_url(settings: &Settings) -> Result<&str, Refusal> {
    let refused = |sentence: &str| Err(Refusal::Setting(sentence.to_owned()));
    match settings.database_url.as_deref() {
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Ok(url),
        Some(url) if url.starts_with("sqlite:") => refused(
            "DATABASE_URL is a SQLite file, which is for up alone: processes share a Postgres database, postgres://…",
        ),
        Some(_) => refused("DATABASE_URL is postgres://…"),
        None => refused(
            "set DATABASE_URL to the Postgres database that the processes share, postgres://…",
        ),
    }
}

/// The server that the processes share.
pub(crate) fn redis(settings: &Settings) -> Result<Option<Redis>, Refusal> {
    let Some(url) = &settings.redis_url else {
        return Ok(None);
    };
    let opened = Redis::open(url);
    opened
        .map(Some)
        .map_err(|error| Refusal::Setting(format!("REDIS_URL: {error}")))
}

/// How hints reach other processes; not at all when they are off.
pub(crate) fn hints_via(settings: &Settings, redis: Option<Redis>) -> Option<Via> {
    match settings.hints {
        Hints::Off => None,
        Hints::Postgres => Some(Via::Database),
        Hints::Auto | Hints::Redis => Some(redis.map_or(Via::Database, Via::Redis)),
    }
}

async fn connect(settings: &Settings, found: &Found) -> Result<Store, Refusal> {
    let url = postgres_url(settings)?;
    let options = found.options(settings);
    let connecting = Box::pin(Store::connect_postgres(url, settings.db_pool_max, options));
    let connected = explained("connecting to Postgres", connecting).await;
    Ok(connected.context("connecting to Postgres")?)
}

#[cfg(feature = "sim")]
fn fail_points(settings: &Settings) -> Result<FailPoints, Refusal> {
    use rustix::process::{Signal, getpid, kill_process};
    let Some(text) = &settings.fail else {
        return Ok(FailPoints::none());
    };
    let die = || {
        // SIGKILL cannot fail towards oneself, and nothing runs after it.
        kill_process(getpid(), Signal::KILL).ok();
    };
    FailPoints::parse(text, die).map_err(|error| Refusal::Setting(error.to_string()))
}

#[cfg(not(feature = "sim"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "a build with the feature sim reads a setting here"
)]
fn fail_points(_settings: &Settings) -> Result<FailPoints, Refusal> {
    Ok(FailPoints::none())
}
