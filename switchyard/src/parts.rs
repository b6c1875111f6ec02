//! The parts of a process: the shard, the workers and the two HTTP servers, started in this order, stopped in the reverse.

use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer};
use anyhow::Context;
use api::{AccessKey, Api, Readiness};
use secrecy::{ExposeSecret, SecretString};
use shard_worker::{Patience, Shard, ShardOptions};
use store::seal::Keys;
use switchyard_core::queue::Group;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use workers::{WorkerOptions, Workers};

use crate::environment::secret;
use crate::installation::Installation;
use crate::listener::Listeners;
use crate::refusal::Refusal;
use crate::settings::Settings;

/// The internal port serves machines of ours, few at a time.
const INTERNAL_THREADS: usize = 2;

/// For so long at least `/health/ready` answers 503 before nobody answers any more.
const NOTICE: Duration = Duration::from_millis(500);

/// The one shard of `up`.
const NUMBER: u16 = 1;

/// What the settings do not say.
pub(crate) struct Surroundings {
    /// Which WhatsApp is dialled.
    pub(crate) network: shard_worker::Network,
    /// What the first owner must show.
    pub(crate) setup_token: Option<SecretString>,
    /// Cancelled when everything shall finish.
    pub(crate) soft: CancellationToken,
}

/// The running parts.
pub(crate) struct Parts {
    shard: Shard,
    workers: Workers,
    handles: [ServerHandle; 2],
    servers: TaskTracker,
    readiness: Readiness,
    hard: CancellationToken,
}

impl Parts {
    /// Starts them all.
    pub(crate) async fn start(
        settings: &Settings,
        installation: &Installation,
        listeners: Listeners,
        surroundings: Surroundings,
    ) -> Result<Self, Refusal> {
        let internal_key = secret(
            "SWITCHYARD_INTERNAL_KEY",
            settings.internal_key.as_deref(),
            settings.internal_key_file.as_deref(),
        )?;
        let keys = Keys::new(installation.store.clone(), installation.master.clone());
        let hard = CancellationToken::new();
        let shard = ShardOptions {
            store: installation.store.clone(),
            keys: keys.clone(),
            number: NUMBER,
            internal_url: listeners.internal_url(),
            internal_key: internal_key.clone(),
            capacity: settings.shard_capacity,
            lease: Duration::from_millis(settings.lease_ms),
            patience: Patience::default(),
            network: surroundings.network.clone(),
            fail: installation.fail.clone(),
            registry: installation.registry.clone(),
        };
        // Each part is asked to stop in its turn, by its own `stop`.
        let starting = Shard::start(shard, CancellationToken::new(), hard.clone());
        let shard = Box::pin(starting).await.context("the shard")?;
        let workers = start_workers(installation, internal_key, &hard)?;

        let readiness = Readiness::new();
        readiness.set("process", false, "starting");
        let options = api_options(
            settings,
            installation,
            &listeners,
            surroundings,
            keys,
            &readiness,
        );
        let api = Api::new(options).map_err(|error| Refusal::Setting(error.to_string()))?;
        let public = api::serve(&api, listeners.api)?;
        let internal = internal(listeners.internal, &shard, installation)?;
        let handles = [public.handle(), internal.handle()];
        let servers = TaskTracker::new();
        for server in [public, internal] {
            servers.spawn(server);
        }
        servers.close();
        Ok(Self {
            shard,
            workers,
            handles,
            servers,
            readiness,
            hard,
        })
    }

    /// Everything is there: whoever asks is told so from now on.
    pub(crate) fn ready(&self) {
        self.readiness.set("process", true, "running");
    }

    /// Takes nothing new, finishes what runs, and hands back or drops what has not finished within `limit`.
    pub(crate) async fn stop(self, limit: Duration) -> Result<(), Elapsed> {
        self.readiness.stopping();
        let hard = self.hard.clone();
        let orderly = async {
            let finish = async {
                self.workers.stop().await;
                self.shard.stop().await;
            };
            // What is still accepted meanwhile is kept; whoever balances load sees that we leave.
            tokio::join!(finish, tokio::time::sleep(NOTICE));
            for server in self.handles {
                server.stop(true).await;
            }
            self.servers.wait().await;
        };
        let ended = timeout(limit, orderly).await;
        hard.cancel();
        ended
    }
}

fn start_workers(
    installation: &Installation,
    internal_key: Option<SecretString>,
    hard: &CancellationToken,
) -> Result<Workers, Refusal> {
    let groups = vec![Group::High, Group::Default, Group::Low, Group::Media];
    let (store, registry) = (installation.store.clone(), installation.registry.clone());
    let options = WorkerOptions::new(store, groups, internal_key, registry);
    let started = Workers::start(&options, CancellationToken::new(), hard.clone());
    Ok(started.context("the workers")?)
}

fn api_options(
    settings: &Settings,
    installation: &Installation,
    listeners: &Listeners,
    surroundings: Surroundings,
    keys: Keys,
    readiness: &Readiness,
) -> api::Options {
    let base = settings.public_base_url.clone();
    api::Options {
        store: installation.store.clone(),
        keys,
        registry: installation.registry.clone(),
        access_key: AccessKey::derive(installation.master_text.expose_secret().as_bytes()),
        setup_token: surroundings.setup_token,
        public_base_url: base.unwrap_or_else(|| listeners.api_url()),
        trusted_proxies: settings.trusted_proxies.clone(),
        role: "up",
        version: env!("CARGO_PKG_VERSION"),
        sim: cfg!(feature = "sim"),
        fail_points: installation.fail.is_armed(),
        ready: readiness.clone(),
        stop: surroundings.soft,
    }
}

/// The internal port: metrics, and what workers ask of the shard.
fn internal(
    listener: std::net::TcpListener,
    shard: &Shard,
    installation: &Installation,
) -> Result<Server, Refusal> {
    let metrics = api::configure_internal(&installation.registry);
    let drain = shard.configure();
    let server = HttpServer::new(move || {
        App::new()
            .configure(metrics.clone())
            .configure(drain.clone())
    });
    Ok(server
        .workers(INTERNAL_THREADS)
        .disable_signals()
        .listen(listener)?
        .run())
}
