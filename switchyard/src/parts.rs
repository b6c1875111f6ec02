//! The parts of a process: the shard, the workers and the HTTP servers, started in this order, stopped in the reverse.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};
use anyhow::Context;
use api::{AccessKey, Api, Probe, Readiness};
use calls::Calls;
use secrecy::{ExposeSecret, SecretString};
use shard_worker::{Patience, Shard, ShardOptions};
use store::hints::Relay;
use store::seal::Keys;
use store::slots::{Slots, Timing};
use switchyard_core::queue::Group;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use workers::{Nearby, Recordings, WorkerOptions, Workers};

use crate::doors::Doors;
use crate::installation::{Installation, hints_via};
use crate::listener::Listeners;
use crate::progress::explained;
use crate::refusal::Refusal;
use crate::settings::{CacheProvider, Settings};
use crate::telephony::{self, CallsPlan};
use crate::watch;

/// The internal port serves machines of ours, few at a time.
const INTERNAL_THREADS: usize = 2;

/// For so long at least `/health/ready` answers 503 before nobody answers any more.
const NOTICE: Duration = Duration::from_millis(500);

/// What is left for the servers to close when the calls have left: the longest that they wait for quiet.
const CLOSING: Duration = Duration::from_secs(3);

/// Which parts a process has.
pub(crate) struct Plan {
    /// The subcommand.
    pub(crate) role: &'static str,
    /// The shard, if it is one.
    pub(crate) shard: Option<ShardPlan>,
    /// The groups of queues that it serves; none: it is no worker.
    pub(crate) groups: Vec<Group>,
    /// Jobs of a kind that run at once, where not as many as usual.
    pub(crate) slots: HashMap<&'static str, u32>,
    /// The public API, if it serves it.
    pub(crate) api: Option<ApiPlan>,
    /// The calls, if it takes any.
    pub(crate) calls: Option<CallsPlan>,
    /// Cancelled when everything shall finish.
    pub(crate) soft: CancellationToken,
}

impl Plan {
    /// A process without any part yet.
    pub(crate) fn new(role: &'static str) -> Self {
        Self {
            role,
            shard: None,
            groups: Vec::new(),
            slots: HashMap::new(),
            api: None,
            calls: None,
            soft: CancellationToken::new(),
        }
    }
}

/// What a shard is beside its settings.
pub(crate) struct ShardPlan {
    /// Its number, from 1.
    pub(crate) number: u16,
    /// Where workers reach it.
    pub(crate) url: String,
    /// Which WhatsApp is dialled.
    pub(crate) network: shard_worker::Network,
}

/// What the public API is beside its settings.
pub(crate) struct ApiPlan {
    /// Where it listens.
    pub(crate) url: String,
    /// What the first owner must show.
    pub(crate) setup_token: Option<SecretString>,
}

/// The running parts.
pub(crate) struct Parts {
    role: &'static str,
    shard: Option<Shard>,
    workers: Option<Workers>,
    calls: Option<Calls>,
    doors: Doors,
    readiness: Readiness,
    relay: Option<Relay>,
    hard: CancellationToken,
}

impl Parts {
    /// Starts those of the plan.
    pub(crate) async fn start(
        settings: &Settings,
        installation: &Installation,
        listeners: Listeners,
        plan: Plan,
    ) -> Result<Self, Refusal> {
        let internal_key = settings.internal_key()?;
        let keys = Keys::new(installation.store.clone(), installation.master.clone());
        let hard = CancellationToken::new();
        let readiness = Readiness::new();
        readiness.set("process", false, "starting");
        let probe = probe(installation, plan.role, &readiness);
        let relay = hints_via(settings, installation.redis.clone())
            .map(|via| Relay::start(&installation.store, via));
        if let Some(redis) = installation.redis.clone() {
            let watched = watch::redis(redis, readiness.clone(), &installation.registry).await;
            watched.context("the metrics of Redis")?;
        }

        let shard = match plan.shard {
            Some(shard) => {
                let options =
                    shard_options(settings, installation, &keys, shard, internal_key.clone());
                Some(Box::pin(start_shard(options, &hard)).await?)
            }
            None => None,
        };
        if let Some(shard) = &shard {
            let registry = &installation.registry;
            watch::lease(shard.has_lease(), readiness.clone(), registry)
                .context("the metrics of the lease")?;
        }
        let nearby = shard.as_ref().map(|shard| Nearby::new(shard.drains()));
        let kept = recordings(settings, plan.calls.as_ref(), &keys)?;
        let (crew, asks) = ((plan.groups, plan.slots), (internal_key, kept));
        let workers = start_workers(installation, crew, nearby, asks, &hard)?;
        let holds = listeners.holds().context("the listeners")?;
        let mut running = Vec::new();
        let of_calls = plan.calls.zip(listeners.calls);
        let told = (plan.role == "calls").then(|| readiness.clone());
        let calls = telephony::begin(settings, installation, of_calls, told, &mut running)?;
        if let Some((api, listener)) = plan.api.zip(listeners.api) {
            let registry = &installation.registry;
            watch::others(&installation.store, &readiness, registry).context("what is watched")?;
            let of = (calls.as_ref(), &probe, plan.soft);
            let options = api_options(settings, installation, api, keys, of);
            let api = Api::new(options).map_err(|error| Refusal::Setting(error.to_string()))?;
            running.push(api::serve(&api, listener)?);
        }
        running.push(internal(
            listeners.internal,
            shard.as_ref(),
            installation,
            &probe,
        )?);
        Ok(Self {
            role: plan.role,
            shard,
            workers,
            calls,
            doors: Doors::open(holds, running),
            readiness,
            relay,
            hard,
        })
    }

    /// Everything is there: whoever asks is told so from now on.
    pub(crate) fn ready(&self) {
        self.readiness.set("process", true, "running");
        tracing::info!(
            role = self.role,
            version = crate::command::VERSION,
            "started"
        );
    }

    /// Stops, within the time that the settings allow.
    pub(crate) async fn finish(self, settings: &Settings) {
        let limit = Duration::from_secs(settings.drain_s);
        if explained("finishing what runs", self.stop(limit))
            .await
            .is_err()
        {
            tracing::warn!(
                limit_s = settings.drain_s,
                "stopped before everything had finished"
            );
        }
    }

    /// Takes nothing new, finishes what runs, and hands back or drops what has not finished within `limit`.
    async fn stop(self, limit: Duration) -> Result<(), Elapsed> {
        self.readiness.stopping();
        let hard = self.hard.clone();
        let orderly = async {
            // Nearly all of the time is that of calls at a socket, so nobody waits for them but the servers.
            let calls = async {
                if let Some(calls) = self.calls {
                    calls.stop(limit.saturating_sub(CLOSING)).await;
                }
            };
            let finish = async {
                if let Some(workers) = self.workers {
                    workers.stop().await;
                }
                if let Some(shard) = self.shard {
                    shard.stop().await;
                }
            };
            // What is still accepted meanwhile is kept; whoever balances load sees that we leave.
            tokio::join!(calls, finish, tokio::time::sleep(NOTICE));
            self.doors.close(&self.readiness).await;
            if let Some(relay) = self.relay {
                relay.stop().await;
            }
        };
        let ended = timeout(limit, orderly).await;
        hard.cancel();
        ended
    }
}

fn probe(installation: &Installation, role: &'static str, readiness: &Readiness) -> Probe {
    Probe {
        store: installation.store.clone(),
        role,
        version: env!("CARGO_PKG_VERSION"),
        sim: cfg!(feature = "sim"),
        fail_points: installation.fail.is_armed(),
        ready: readiness.clone(),
    }
}

fn shard_options(
    settings: &Settings,
    installation: &Installation,
    keys: &Keys,
    plan: ShardPlan,
    internal_key: Option<SecretString>,
) -> ShardOptions {
    ShardOptions {
        store: installation.store.clone(),
        keys: keys.clone(),
        number: plan.number,
        shards: settings.shards_total(),
        internal_url: plan.url,
        internal_key,
        capacity: settings.shard_capacity,
        lease: Duration::from_millis(settings.lease_ms),
        patience: Patience::default(),
        network: plan.network,
        fail: installation.fail.clone(),
        registry: installation.registry.clone(),
    }
}

async fn start_shard(options: ShardOptions, hard: &CancellationToken) -> Result<Shard, Refusal> {
    let number = options.number;
    // Each part is asked to stop in its turn, by its own `stop`.
    let starting = Shard::start(options, CancellationToken::new(), hard.clone());
    Box::pin(starting).await.map_err(|error| match error {
        shard_worker::Error::NumberTaken => Refusal::InUse(format!(
            "another live process is shard {number}; stop it, or choose another with --number"
        )),
        other => Refusal::Fault(anyhow::Error::new(other).context("the shard")),
    })
}

/// Where recordings are fetched: at the company whose calls this process takes, else at that of the settings.
fn recordings(
    settings: &Settings,
    calls: Option<&CallsPlan>,
    keys: &Keys,
) -> Result<Option<Recordings>, Refusal> {
    let set = settings.telephony.account()?;
    let Some(account) = calls.map(|it| &it.account).or(set.as_ref()) else {
        return Ok(None);
    };
    let Some(url) = &account.provider_url else {
        return Ok(None);
    };
    let made = Recordings::new(keys.clone(), url, &account.sid, account.token.clone());
    Ok(Some(made.context("the client of the telephone company")?))
}

/// None without any group. `crew`: the groups, and the jobs of a kind that run at once where not as many as usual.
/// `asks`: what shards and the telephone company are asked with.
fn start_workers(
    installation: &Installation,
    (groups, slots): (Vec<Group>, HashMap<&'static str, u32>),
    nearby: Option<Nearby>,
    (internal_key, recordings): (Option<SecretString>, Option<Recordings>),
    hard: &CancellationToken,
) -> Result<Option<Workers>, Refusal> {
    if groups.is_empty() {
        return Ok(None);
    }
    let (store, registry) = (installation.store.clone(), installation.registry.clone());
    let options = WorkerOptions {
        slots,
        nearby,
        recordings,
        ..WorkerOptions::new(store, groups, internal_key, registry)
    };
    let started = Workers::start(&options, CancellationToken::new(), hard.clone());
    Ok(Some(started.context("the workers")?))
}

fn api_options(
    settings: &Settings,
    installation: &Installation,
    plan: ApiPlan,
    keys: Keys,
    (calls, probe, stop): (Option<&Calls>, &Probe, CancellationToken),
) -> api::Options {
    api::Options {
        store: installation.store.clone(),
        keys,
        registry: installation.registry.clone(),
        access_key: AccessKey::derive(installation.master_text.expose_secret().as_bytes()),
        setup_token: plan.setup_token,
        public_base_url: settings.public_base_url.clone().unwrap_or(plan.url),
        calls_base_url: calls.map(|calls| calls.base_url().to_owned()),
        limits: installation.redis.clone(),
        cache: match settings.cache_provider {
            CacheProvider::Local => None,
            CacheProvider::Redis => installation.redis.clone(),
        },
        // Without Redis the calls of this process are the only ones.
        slots: calls.map_or_else(
            || Slots::new(installation.redis.clone(), Timing::default()),
            Calls::slots,
        ),
        call_limit: settings.telephony.max_concurrent_calls,
        business_call_limit: settings.telephony.calls_per_business,
        trusted_proxies: settings.trusted_proxies.clone(),
        probe: probe.clone(),
        stop,
    }
}

/// The internal port: metrics, health, and what workers ask of the shard.
fn internal(
    listener: std::net::TcpListener,
    shard: Option<&Shard>,
    installation: &Installation,
    probe: &Probe,
) -> Result<Server, Refusal> {
    let own = api::configure_internal(&installation.registry, probe);
    let drain = shard.map(Shard::configure);
    let server = HttpServer::new(move || {
        let app = App::new().configure(own.clone());
        match drain.clone() {
            Some(drain) => app.configure(drain),
            None => app,
        }
    });
    Ok(server
        .workers(INTERNAL_THREADS)
        .disable_signals()
        .listen(listener)?
        .run())
}
