//! `switchyard sim`: the WhatsApp and telephone networks on loopback, alone, so that products beside it can die and come back.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use sim::NetworkOptions;
use tokio_util::sync::CancellationToken;

use crate::folder::DataFolder;
use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::shutdown::Signals;
use crate::{runtime, telemetry};

/// What the network is started with.
#[derive(Debug, Clone, Args)]
pub(crate) struct Network {
    /// Where to listen, on loopback; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Folder with phones, keys and ledgers; without it they end with the process.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// By how much a code to scan lives longer than WhatsApp's 60 and 20 seconds, as this network counts them; the
    /// program that shows it keeps WhatsApp's own clock.
    #[arg(long, default_value_t = 1.0)]
    qr_scale: f64,
    /// Refuse what WhatsApp refuses.
    #[arg(long)]
    strict: bool,
    /// How many times as fast as the world's telephone calls go: speech, ringing, recording.
    #[arg(long, default_value_t = 1.0)]
    call_scale: f64,
    /// What is logged.
    #[arg(long, env = "SWITCHYARD_LOG", default_value = crate::settings::LOG)]
    log: String,
}

/// Runs until a signal.
pub(crate) fn run(network: &Network) -> Result<(), Refusal> {
    telemetry::start(&network.log)?;
    let options = NetworkOptions {
        listen: network.listen,
        data_dir: network.data_dir.clone(),
        qr_scale: network.qr_scale,
        strict: network.strict,
        call_scale: network.call_scale,
    };
    // One process alone keeps the phones.
    let _folder = network
        .data_dir
        .as_deref()
        .map(DataFolder::open)
        .transpose()?;
    runtime::run(async {
        let signals = Signals::new()?;
        let running = start(options).await?;
        say(&format!(
            "phones: {}  WhatsApp: {}",
            running.url(),
            running.whatsapp_url()
        ));
        let stop = CancellationToken::new();
        tokio::spawn(signals.obey(stop.clone()));
        stop.cancelled().await;
        running.stop().await;
        Ok(())
    })
}

/// Starts a network; an address that cannot be used is a wrong setting.
pub(crate) async fn start(options: NetworkOptions) -> Result<sim::Network, Refusal> {
    let address = options.listen;
    sim::Network::start(options)
        .await
        .map_err(|error| Refusal::Setting(format!("the simulated network, {address}: {error:#}")))
}

/// The WhatsApp that a setting names, else the real one, which a build with the simulator refuses to dial.
pub(crate) fn dialled(settings: &Settings) -> shard_worker::Network {
    settings.whatsapp_url.clone().map_or(
        shard_worker::Network::WhatsApp,
        shard_worker::Network::Simulated,
    )
}
