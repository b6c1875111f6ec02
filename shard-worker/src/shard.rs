//! One shard process: its registration, its sessions and its one internal route.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, ServiceConfig};
use futures_util::future::BoxFuture;
use prometheus::Registry;
use secrecy::SecretString;
use store::Store;
use store::seal::Keys;
use switchyard_core::drain::{DrainAnswer, DrainRequest};
use switchyard_core::fail::FailPoints;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::berth::Berths;
use crate::claim::Claims;
use crate::dialler::Line;
use crate::drain::{self, Doorway};
use crate::figures::Gauge;
use crate::metrics::Metrics;
use crate::patience::Patience;
use crate::roster::Roster;
use crate::tenure::{Tenure, TenureOptions};
use crate::vault::Vaults;
use crate::world::World;

/// So many connections are begun in a second.
const DIALS_PER_SECOND: u32 = 50;
/// How long a stop may take.
const STOP: Duration = Duration::from_secs(8);

/// Which WhatsApp is dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// The real one.
    WhatsApp,
    /// A simulated one on this machine: its WebSocket address.
    #[cfg(feature = "sim")]
    Simulated(String),
}

/// What a shard is started with.
pub struct ShardOptions {
    /// The store, migrated.
    pub store: Store,
    /// The keys that seal the vault.
    pub keys: Keys,
    /// The shard's number, from 1.
    pub number: u16,
    /// How many shards there are: where the first session of a business goes.
    pub shards: u16,
    /// Where workers reach its internal route, such as `http://127.0.0.1:8081`.
    pub internal_url: String,
    /// The bearer key of the internal route; without one, only this machine may call it.
    pub internal_key: Option<SecretString>,
    /// How many sessions it takes.
    pub capacity: u32,
    /// For how long each renewal of its lease is good. It hangs up by itself after two thirds.
    pub lease: Duration,
    /// How long it waits for what does not come.
    pub patience: Patience,
    /// Which WhatsApp is dialled.
    pub network: Network,
    /// Where a test build kills itself.
    pub fail: Arc<FailPoints>,
    /// Where the metrics are registered.
    pub registry: Registry,
}

impl std::fmt::Debug for ShardOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardOptions")
            .field("number", &self.number)
            .field("internal_url", &self.internal_url)
            .field("lease", &self.lease)
            .field("network", &self.network)
            .finish_non_exhaustive()
    }
}

/// A running shard process.
pub struct Shard {
    tenure: Tenure,
    roster: JoinHandle<()>,
    doorway: web::Data<Doorway>,
    soft: CancellationToken,
    hard: CancellationToken,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").finish_non_exhaustive()
    }
}

impl Shard {
    /// Registers, takes the sessions that are its own and works towards what their businesses want. `soft` asks it to finish what is
    /// in flight and hang up, `hard` not to wait for that.
    ///
    /// # Errors
    /// Another live process has this number, the database cannot be written, or a metric is registered already.
    pub async fn start(
        options: ShardOptions,
        soft: CancellationToken,
        hard: CancellationToken,
    ) -> crate::Result<Self> {
        let metrics = Metrics::register(&options.registry)?;
        let vaults = Vaults::new(
            options.store.clone(),
            options.keys.clone(),
            &options.registry,
        )?;
        let soft = soft.child_token();
        let tenure = Tenure::begin(
            options.store.clone(),
            TenureOptions {
                number: options.number,
                url: options.internal_url,
                capacity: options.capacity,
                lease: options.lease,
            },
            Gauge::new(metrics.clone()),
            metrics.leases_lost.clone(),
        )
        .await?;
        let world = Arc::new(World {
            store: options.store,
            keys: options.keys,
            vaults,
            line: Arc::new(Line::new(&options.network, DIALS_PER_SECOND)),
            patience: options.patience,
            metrics: metrics.clone(),
            fail: options.fail,
            soft: soft.clone(),
        });
        let berths = Arc::new(Berths::default());
        let claims = Claims::new(
            world.store.clone(),
            (options.number, options.shards),
            options.lease,
            options.patience.home_again,
        );
        let roster = Roster::new(world, Arc::clone(&berths), tenure.current(), claims);
        Ok(Self {
            tenure,
            roster: tokio::spawn(roster.run()),
            doorway: web::Data::new(Doorway::new(berths, options.internal_key, metrics)),
            soft,
            hard,
        })
    }

    /// Finishes what is in flight, hangs up every session and gives the registration back, within 8 s.
    pub async fn stop(self) {
        self.soft.cancel();
        let stopping = async {
            if let Err(error) = self.roster.await {
                tracing::error!(%error, "the roster ended badly");
            }
            self.tenure.end().await;
        };
        tokio::select! {
            ended = timeout(STOP, stopping) => {
                if ended.is_err() {
                    tracing::warn!("the shard did not stop in time");
                }
            }
            () = self.hard.cancelled() => tracing::warn!("the shard was told not to finish"),
        }
    }

    /// Whether this process is registered and may act for what it holds, asked anew at each call.
    pub fn has_lease(&self) -> impl Fn() -> bool + Send + 'static + use<> {
        let current = self.tenure.current();
        move || {
            current
                .borrow()
                .as_ref()
                .is_some_and(|lease| lease.is_good())
        }
    }

    /// What the internal route does, for a caller in this process.
    pub async fn drain(&self, request: DrainRequest) -> DrainAnswer {
        self.doorway.drain(request).await
    }

    /// The same, for whoever outlives the borrow of this.
    pub fn drains(
        &self,
    ) -> impl Fn(DrainRequest) -> BoxFuture<'static, DrainAnswer> + Clone + Send + Sync + use<>
    {
        let doorway = self.doorway.clone();
        move |request| {
            let doorway = doorway.clone();
            Box::pin(async move { doorway.drain(request).await })
        }
    }

    /// What mounts the internal route `POST /internal/v1/drain` on an app.
    pub fn configure(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + use<> {
        let doorway = self.doorway.clone();
        move |service| drain::mount(&doorway, service)
    }
}
