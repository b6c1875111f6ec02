//! A database with a business, and replicas over it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use calls::{AtCapacity, Calls, Options};
use prometheus::Registry;
use secrecy::{SecretBox, SecretString};
use serde_json::{Value, json};
use store::accounts::{NewBusiness, create_business_with_owner};
use store::audit::Actor;
use store::businesses::{self, TenantChange};
use store::calls::{Put, add_number, flow, get, put_flow, steps};
use store::quota::Limits;
use store::redis::Redis;
use store::slots::{Slots, Timing};
use store::{Store, StoreOptions};
use switchyard_core::address::Phone;
use switchyard_core::call::{CallObject, StepObject};
use switchyard_core::fail::FailPoints;
use switchyard_core::{BusinessId, Timestamp};
use tempfile::TempDir;

use crate::caller::Caller;

/// The account of the tests, which the telephone network of `sim` has too.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Its token.
pub(crate) const TOKEN: &str = "12345678901234567890123456789012";
/// What signs the tickets of media sockets.
pub(crate) const SOCKET_KEY: [u8; 32] = [7; 32];
/// The number of the business.
pub(crate) const SHOP: &str = "+15550001111";
/// How long anything may take that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Nobody new waits for owners.
pub(crate) const CALM: Timing = Timing {
    lease: Duration::from_secs(20),
    alive: Duration::from_secs(10),
    stale: Duration::from_secs(15),
    grace: Duration::ZERO,
};

/// A database with a business that has a number.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) business: BusinessId,
    _folder: TempDir,
}

/// A replica that listens.
pub(crate) struct Replica {
    pub(crate) url: String,
    pub(crate) registry: Registry,
    calls: Option<Calls>,
    handle: ServerHandle,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            fail: Arc::new(FailPoints::none()),
            registry: Registry::new(),
            hints: true,
            answer: store::ANSWER,
        };
        let store = Store::open_sqlite(&folder.path().join("switchyard.db"), options)
            .await
            .unwrap();
        store.migrate().await.unwrap();
        let business = another(&store, SHOP).await;
        Self {
            store,
            business,
            _folder: folder,
        }
    }

    /// Callers hear a menu, which goes on at the provider whoever is there.
    pub(crate) async fn menu(&self) {
        self.flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "menu", "closed": "menu"},
            "nodes": {
                "menu": {"kind": "menu", "prompt": "1", "options": {"1": "bye"}, "timeout_s": 30, "no_input": "bye"},
                "bye": {"kind": "hangup"},
            },
        }))
        .await;
    }

    /// It may have so many calls at a time; `None`: as many as the settings say.
    pub(crate) async fn lines(&self, most: Option<u32>) {
        let change = TenantChange {
            limits: Some(Limits {
                concurrent_calls: most,
                ..Limits::default()
            }),
            ..TenantChange::default()
        };
        let by = Actor::system();
        let changed = businesses::change(&self.store, Timestamp::now(), by, self.business, change);
        assert!(changed.await.unwrap().is_some());
    }

    /// What callers hear from now on.
    pub(crate) async fn flow(&self, document: Value) {
        let now = flow(&self.store, self.business).await.unwrap().version;
        let document = serde_json::from_value(document).unwrap();
        let put = put_flow(
            &self.store,
            Timestamp::now(),
            Actor::system(),
            self.business,
            now,
            document,
        );
        match put.await.unwrap() {
            Put::Stored(_) => {}
            Put::Faulty(faults) => panic!("{faults:?}"),
        }
    }

    pub(crate) fn options(&self, redis: Option<Redis>) -> Options {
        Options {
            store: self.store.clone(),
            redis,
            timing: CALM,
            public_base_url: String::new(),
            account: ACCOUNT.to_owned(),
            token: SecretString::from(TOKEN),
            second_token: None,
            shared_key: None,
            socket_key: SecretBox::new(Box::new(SOCKET_KEY)),
            provider_url: None,
            calls_per_second: 100,
            limit: 50,
            business_limit: 1_000,
            longest: Duration::from_hours(4),
            at_capacity: AtCapacity::Unavailable,
            compare_every: Duration::from_secs(15),
            local_programs: true,
            registry: Registry::new(),
        }
    }

    pub(crate) fn replica(&self) -> Replica {
        Replica::start(self.options(None))
    }

    /// The row of a call.
    pub(crate) async fn row(&self, sid: &str) -> Option<CallObject> {
        get(&self.store, self.business, &sid.parse().unwrap())
            .await
            .unwrap()
    }

    /// Its steps.
    pub(crate) async fn steps(&self, sid: &str) -> Vec<StepObject> {
        steps(&self.store, self.business, &sid.parse().unwrap())
            .await
            .unwrap()
    }
}

/// A business with a number.
pub(crate) async fn another(store: &Store, number: &str) -> BusinessId {
    let new = NewBusiness {
        name: format!("Business of {number}"),
        owner_name: "Ada".to_owned(),
        owner_email: format!("ada{number}@example.com"),
        password_hash: None,
        operator: false,
    };
    let (business, _) = create_business_with_owner(store, Timestamp::now(), new)
        .await
        .unwrap();
    let (phone, name) = (Phone::parse(number).unwrap(), "Shop".to_owned());
    let added = add_number(
        store,
        Timestamp::now(),
        Actor::system(),
        business.id,
        phone,
        name,
    );
    added.await.unwrap();
    business.id
}

impl Replica {
    pub(crate) fn start(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::listen(
            listener,
            Options {
                public_base_url: url,
                ..options
            },
        )
    }

    /// `options` has an address of its own, as behind a proxy.
    pub(crate) fn behind(url: &str, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::listen(
            listener,
            Options {
                public_base_url: url.to_owned(),
                ..options
            },
        )
    }

    fn listen(listener: TcpListener, options: Options) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let registry = options.registry.clone();
        let calls = Calls::start(options).unwrap();
        let routes = calls.configure();
        let server = HttpServer::new(move || App::new().configure(routes.clone()))
            .workers(2)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            url,
            registry,
            calls: Some(calls),
            handle,
        }
    }

    /// Somebody who calls through this replica.
    pub(crate) fn caller(&self, stage: &Stage, sid: &str) -> Caller {
        Caller::new(&self.url, &self.url, stage.business, sid)
    }

    /// A metric's value, all of its labels together.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name);
        let metrics = family
            .map(prometheus::proto::MetricFamily::get_metric)
            .unwrap_or_default();
        let value = |metric: &prometheus::proto::Metric| {
            metric.get_counter().get_value() + metric.get_gauge().get_value()
        };
        metrics.iter().map(value).sum()
    }

    /// Is gone from one moment to the next: nothing is said to anybody.
    pub(crate) async fn dies(mut self) {
        drop(self.calls.take());
        self.handle.stop(false).await;
    }

    /// Leaves as it should.
    pub(crate) async fn stop(mut self, limit: Duration) {
        if let Some(calls) = self.calls.take() {
            calls.stop(limit).await;
        }
        self.handle.stop(false).await;
    }
}

/// The slots of that server.
pub(crate) fn slots(redis: Redis) -> Slots {
    Slots::new(Some(redis), CALM)
}

/// Waits until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
