//! `switchyard up`: everything in one process.

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use store::accounts;
use switchyard_core::queue::Group;
use tokio_util::sync::CancellationToken;

use crate::folder::DataFolder;
use crate::installation::Installation;
use crate::keys;
use crate::listener::Listeners;
use crate::parts::{ApiPlan, Parts, Plan, ShardPlan};
use crate::progress::{explained, say};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::shutdown::Signals;
use crate::telephony::{Account, CallsPlan};
use crate::{runtime, telemetry};

/// The one shard of `up`.
const NUMBER: u16 = 1;

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
    let installation = Box::pin(Installation::embedded(settings, folder)).await?;
    let mut listeners = Listeners::public(settings)?;
    let api_url = listeners.api_url().unwrap_or_default();
    let setup_token = setup_token(settings, &installation).await?;

    #[cfg(feature = "sim")]
    let demo = crate::demo::Demo::begin(&up.demo, settings, folder, &installation).await?;
    #[cfg(feature = "sim")]
    let network = demo.as_ref().map_or_else(
        || crate::network::dialled(settings),
        |demo| shard_worker::Network::Simulated(demo.whatsapp_url()),
    );
    #[cfg(not(feature = "sim"))]
    let network = shard_worker::Network::WhatsApp;

    #[cfg(feature = "sim")]
    let carrier = demo.as_ref().map(crate::demo::Demo::carrier);
    #[cfg(not(feature = "sim"))]
    let carrier = None;
    let calls = calls_plan(settings, carrier, &mut listeners)?;
    #[cfg(feature = "sim")]
    let calls_url = calls.as_ref().map(|calls| calls.url.clone());

    let internal_url = listeners.internal_url();
    let plan = Plan {
        calls,
        ..everything(&listeners, network, setup_token.clone(), soft.clone())
    };
    let start = Box::pin(Parts::start(settings, &installation, listeners, plan));
    let parts = explained("starting", start).await?;

    say(&format!(
        "switchyard {}\n  dashboard  {api_url}\n  metrics    {internal_url}/metrics",
        crate::command::VERSION
    ));
    #[cfg(feature = "sim")]
    if demo.is_none() && settings.whatsapp_url.is_none() {
        say(
            "  this program was built with the simulated network and dials no other: start it with --demo",
        );
    }
    #[cfg(feature = "sim")]
    if let Some(demo) = &demo {
        demo.take_calls(&installation, calls_url.as_deref()).await?;
        demo.announce(&installation, folder, &api_url, &internal_url)
            .await?;
    }
    invite(&installation, setup_token.as_ref(), &api_url).await?;
    parts.ready();

    soft.cancelled().await;
    parts.finish(settings).await;
    #[cfg(feature = "sim")]
    if let Some(demo) = demo {
        demo.end().await;
    }
    installation.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Tells whoever started it where the first owner sets it up, until one has.
async fn invite(
    installation: &Installation,
    setup_token: Option<&SecretString>,
    api_url: &str,
) -> Result<(), Refusal> {
    if let Some(token) = setup_token
        && !accounts::is_set_up(&installation.store).await?
    {
        say(&format!(
            "  set up     {api_url}/setup#token={}",
            token.expose_secret()
        ));
    }
    Ok(())
}

/// Every part, in this process.
fn everything(
    listeners: &Listeners,
    network: shard_worker::Network,
    setup_token: Option<SecretString>,
    soft: CancellationToken,
) -> Plan {
    Plan {
        shard: Some(ShardPlan {
            number: NUMBER,
            url: listeners.internal_url(),
            network,
        }),
        groups: Group::ALL.to_vec(),
        api: Some(ApiPlan {
            url: listeners.api_url().unwrap_or_default(),
            setup_token,
        }),
        soft,
        ..Plan::new("up")
    }
}

/// The calls of this process, where there is an account for them; `carrier` is that of a demo.
fn calls_plan(
    settings: &Settings,
    carrier: Option<Account>,
    listeners: &mut Listeners,
) -> Result<Option<CallsPlan>, Refusal> {
    let set = settings.telephony.account()?;
    let public = settings.public_base_url.clone().filter(|_| set.is_some());
    let Some(account) = set.or(carrier) else {
        return Ok(None);
    };
    listeners.add_provider(settings)?;
    // A network on this machine asks the listener itself.
    let own = listeners.calls_url().unwrap_or_default();
    let url = public.unwrap_or(own);
    Ok(Some(CallsPlan { account, url }))
}

/// What the first owner must show: the setting, else a random one for an installation that has no owner yet.
async fn setup_token(
    settings: &Settings,
    installation: &Installation,
) -> Result<Option<SecretString>, Refusal> {
    let given = settings.setup_token()?;
    if given.is_some() || accounts::is_set_up(&installation.store).await? {
        return Ok(given);
    }
    Ok(Some(keys::random_word()))
}
