//! What every role stands on: the database at this program's schema, opened with the right master key.

use std::sync::Arc;

use prometheus::Registry;
use secrecy::{ExposeSecret, SecretString};
use store::seal::{self, MasterKey};
use store::{Store, StoreOptions};
use switchyard_core::fail::FailPoints;

use crate::folder::DataFolder;
use crate::keys;
use crate::progress::explained;
use crate::refusal::Refusal;
use crate::settings::{Hints, Settings};

/// The database file in the data folder.
const ROWS: &str = "switchyard.db";

/// An open installation.
pub(crate) struct Installation {
    /// The database.
    pub(crate) store: Store,
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
    /// Opens the database, brings it to this program's schema and checks the master key.
    pub(crate) async fn open(settings: &Settings, folder: &DataFolder) -> Result<Self, Refusal> {
        let fail = Arc::new(fail_points(settings)?);
        let master_text = keys::load(settings, folder, has_rows(settings, folder))?;
        let master = MasterKey::from_base64(master_text.expose_secret())
            .map_err(|error| Refusal::Setting(error.to_string()))?;
        let registry = Registry::new();
        let options = StoreOptions {
            fail: Arc::clone(&fail),
            registry: registry.clone(),
            hints: settings.hints != Hints::Off,
        };
        let store = connect(settings, folder, options).await?;
        let migrating = Box::pin(store.migrate());
        explained("bringing the database to this version", migrating).await?;
        seal::ensure_fingerprint(&store, &master).await?;
        Ok(Self {
            store,
            master,
            master_text,
            registry,
            fail,
        })
    }
}

/// Whether there may be rows that the key must open. A Postgres server answers that itself, by its fingerprint.
fn has_rows(settings: &Settings, folder: &DataFolder) -> bool {
    settings.database_url.is_none() && folder.file(ROWS).exists()
}

async fn connect(
    settings: &Settings,
    folder: &DataFolder,
    options: StoreOptions,
) -> Result<Store, Refusal> {
    let Some(url) = &settings.database_url else {
        return Ok(Box::pin(Store::open_sqlite(&folder.file(ROWS), options)).await?);
    };
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(Refusal::Setting(
            "DATABASE_URL is postgres://…; without it the rows are kept in the data folder"
                .to_owned(),
        ));
    }
    let connecting = Box::pin(Store::connect_postgres(url, settings.db_pool_max, options));
    Ok(explained("connecting to Postgres", connecting).await?)
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
