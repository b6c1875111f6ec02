//! `switchyard up`: everything in one process.

use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use store::accounts;
use tokio_util::sync::CancellationToken;

use crate::environment::secret;
use crate::folder::DataFolder;
use crate::installation::Installation;
use crate::keys;
use crate::listener::Listeners;
use crate::parts::{Parts, Surroundings};
use crate::progress::{explained, say};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::shutdown::Signals;
use crate::{runtime, telemetry};

/// What `up` is started with.
#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[cfg(feature = "sim")]
    #[command(flatten)]
    pub(crate) demo: crate::demo::Flags,
}

/// Runs until a signal.
pub(crate) fn run(up: &Up) -> Result<(), Refusal> {
    up.settings.check()?;
    #[cfg(feature = "sim")]
    up.demo.check(&up.settings)?;
    telemetry::start(&up.settings.log)?;
    let folder = DataFolder::open(&up.settings.data_dir)?;
    runtime::run(serve(up, &folder))
}

async fn serve(up: &Up, folder: &DataFolder) -> Result<(), Refusal> {
    let settings = &up.settings;
    let soft = CancellationToken::new();
    tokio::spawn(Signals::new()?.obey(soft.clone()));
    let installation = Box::pin(Installation::open(settings, folder)).await?;
    let listeners = Listeners::bind(settings)?;
    let api_url = listeners.api_url();
    let setup_token = setup_token(settings, &installation).await?;

    #[cfg(feature = "sim")]
    let demo = crate::demo::Demo::begin(&up.demo, settings, folder).await?;
    #[cfg(feature = "sim")]
    let network = network(settings, demo.as_ref());
    #[cfg(not(feature = "sim"))]
    let network = shard_worker::Network::WhatsApp;

    let internal_url = listeners.internal_url();
    let stop = soft.clone();
    let surroundings = Surroundings {
        network,
        setup_token: setup_token.clone(),
        soft: stop,
    };
    let start = Box::pin(Parts::start(
        settings,
        &installation,
        listeners,
        surroundings,
    ));
    let parts = explained("starting", start).await?;

    say(&format!(
        "switchyard {}\n  dashboard  {api_url}\n  metrics    {internal_url}/metrics",
        crate::command::VERSION
    ));
    #[cfg(feature = "sim")]
    if let Some(demo) = &demo {
        demo.announce(&installation, folder, &api_url, &internal_url)
            .await?;
    }
    if let Some(token) = &setup_token
        && !accounts::is_set_up(&installation.store).await?
    {
        say(&format!(
            "  set up     {api_url}/setup#token={}",
            token.expose_secret()
        ));
    }
    parts.ready();

    soft.cancelled().await;
    finish(settings, parts).await;
    #[cfg(feature = "sim")]
    if let Some(demo) = demo {
        demo.end().await;
    }
    installation.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Gives what runs its time.
async fn finish(settings: &Settings, parts: Parts) {
    let limit = Duration::from_secs(settings.drain_s);
    if explained("finishing what runs", parts.stop(limit))
        .await
        .is_err()
    {
        tracing::warn!(
            limit_s = settings.drain_s,
            "stopped before everything had finished"
        );
    }
}

/// The demo's network, else the one that a setting names, else the real one.
#[cfg(feature = "sim")]
fn network(settings: &Settings, demo: Option<&crate::demo::Demo>) -> shard_worker::Network {
    let url = demo
        .map(crate::demo::Demo::whatsapp_url)
        .or_else(|| settings.whatsapp_url.clone());
    url.map_or(
        shard_worker::Network::WhatsApp,
        shard_worker::Network::Simulated,
    )
}

/// What the first owner must show: the setting, else a random one for an installation that has no owner yet.
async fn setup_token(
    settings: &Settings,
    installation: &Installation,
) -> Result<Option<SecretString>, Refusal> {
    let file = settings.setup_token_file.as_deref();
    let given = secret(
        "SWITCHYARD_SETUP_TOKEN",
        settings.setup_token.as_deref(),
        file,
    )?;
    if given.is_some() || accounts::is_set_up(&installation.store).await? {
        return Ok(given);
    }
    Ok(Some(keys::random_word()))
}
