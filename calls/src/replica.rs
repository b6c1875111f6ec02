//! One replica: its desk, the thread that renews slots, and what looks after calls between webhooks.

use std::time::{Duration, Instant};

use actix_web::web::{Data, ServiceConfig};
use secrecy::ExposeSecret as _;
use store::rates::Rates;
use store::slots::Slots;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::desk::{Desk, caches};
use crate::hangups::Hangups;
use crate::keeper::{Heart, Keeper, Limits};
use crate::lookout::Lookout;
use crate::media::Sockets;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::page::phase;
use crate::placer::Placer;
use crate::provider::Provider;
use crate::refusals::Refusals;
use crate::signature::Tokens;
use crate::ticket::Tickets;
use crate::webhooks;

/// Why a replica does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A metric of that name is there already.
    #[error("the metrics of calls: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The client of the provider cannot be built.
    #[error("the client of the provider: {0}")]
    Provider(#[from] reqwest::Error),
    /// No thread or no runtime for it.
    #[error("the thread that renews slots: {0}")]
    Heart(#[from] std::io::Error),
}

/// How long moving sockets may take: the program is told, the provider closes its end, and all of it is noted.
const MOVING: Duration = Duration::from_secs(2);
/// How often it is looked whether the last socket is closed.
const LOOK: Duration = Duration::from_millis(50);

/// A running replica.
#[derive(Debug)]
pub struct Calls {
    desk: Data<Desk>,
    heart: Heart,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends the placing of calls.
    placing: CancellationToken,
    /// Whoever drops a replica without stopping it ends its tasks.
    _ends: DropGuard,
    ready: watch::Receiver<bool>,
}

impl Calls {
    /// Starts one; call it within a tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(options: Options) -> Result<Self, StartError> {
        let metrics = Metrics::register(&options.registry)?;
        let rates = Rates::new(options.redis.clone());
        let slots = Slots::new(options.redis, options.timing);
        let limits = Limits {
            all: options.limit,
            business: options.business_limit,
            longest: options.longest,
        };
        // New at every start: a restarted namesake is somebody else.
        let keeper = Keeper::new(Uuid::new_v4().simple().to_string(), limits, metrics.clone());
        // Slots name their owner by this alone.
        tracing::info!(replica = keeper.replica(), "takes calls");
        let token = options.token;
        let provider = match &options.provider_url {
            Some(url) => {
                let token = token.expose_secret().to_owned().into();
                Some(Provider::new(url, &options.account, token)?)
            }
            None => None,
        };
        let (numbers, flows, versions) = caches();
        let desk = Data::new(Desk {
            store: options.store,
            slots: slots.clone(),
            keeper: keeper.clone(),
            provider,
            tokens: Tokens::new(token, options.second_token, options.shared_key),
            tickets: Tickets::new(options.socket_key),
            account: options.account,
            base: options.public_base_url.trim_end_matches('/').to_owned(),
            at_capacity: options.at_capacity,
            longest: options.longest,
            limit: options.limit,
            refusals: Refusals::default(),
            sockets: Sockets::new(options.local_programs),
            metrics,
            numbers,
            flows,
            versions,
        });
        let heart = Heart::start(keeper, &slots)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (said, ready) = watch::channel(false);
        let lookout = Lookout::new(desk.clone(), options.compare_every, said);
        tasks.spawn(lookout.run(stop.clone()));
        let placer = Placer::new(desk.clone(), rates, options.calls_per_second);
        let placing = stop.child_token();
        tasks.spawn(placer.run(placing.clone()));
        let hangups = Hangups::new(desk.clone());
        tasks.spawn(hangups.run(stop.clone()));
        let (writer, stopped) = (desk.clone(), stop.clone());
        tasks.spawn(async move { writer.refusals.run(&writer.store, stopped).await });
        tasks.close();
        Ok(Self {
            desk,
            heart,
            tasks,
            _ends: stop.clone().drop_guard(),
            stop,
            placing,
            ready,
        })
    }

    /// Mounts the routes of the provider.
    pub fn configure(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + use<> {
        let desk = self.desk.clone();
        move |config| webhooks::routes(config, &desk)
    }

    /// Where the provider reaches them, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.desk.base
    }

    /// The slots that it counts by, for whoever shows them in this process.
    pub fn slots(&self) -> Slots {
        self.desk.slots.clone()
    }

    /// Whether new calls are let in: slots are counted, and the window after a cold start is over.
    pub fn is_ready(&self) -> watch::Receiver<bool> {
        self.ready.clone()
    }

    /// Hands its calls over: what the provider plays goes on there and is another replica's from its next request on;
    /// media sockets may end by themselves until two seconds before `limit`, or for half of one that is shorter than four,
    /// and are then moved. No living call loses its slot.
    pub async fn stop(self, limit: Duration) {
        self.placing.cancel();
        self.desk.keeper.hand_over_all_but(phase::STREAMING);
        // At once: what is handed over is taken by others while sockets go on here, before its leases run out.
        leave(&self.desk).await;
        let sockets = &self.desk.sockets;
        let own = limit.saturating_sub(MOVING).max(limit / 2);
        let begun = Instant::now();
        while sockets.open() > 0 && begun.elapsed() < own {
            tokio::time::sleep(LOOK).await;
        }
        sockets.move_on();
        while sockets.open() > 0 && begun.elapsed() < limit {
            tokio::time::sleep(LOOK).await;
        }
        self.stop.cancel();
        self.tasks.wait().await;
        self.heart.stop().await;
        leave(&self.desk).await;
    }
}

async fn leave(desk: &Desk) {
    if let Err(away) = desk.slots.leave(desk.keeper.replica()).await {
        tracing::debug!(error = %away, "others find out by themselves that this replica is gone");
    }
}
