//! How large the load of a cluster is, how long its faults last, and what is asked of it.

use std::env;
use std::time::Duration;

use crate::faults::standing::Standing;

/// How large the load is and how long faults last.
pub(super) struct Scale {
    pub(super) businesses: usize,
    /// Numbers that are connected when all sockets are cut at once: those of the load, and others that are idle.
    pub(super) numbers: usize,
    /// Messages a second each way, unless `SWITCHYARD_FAULT_RATE` says otherwise.
    rate: f64,
    /// The lease of a shard, in milliseconds.
    pub(super) lease_ms: u64,
    /// What flows before a fault is measured over this.
    pub(super) before: Duration,
    /// How long something is away or stands still.
    pub(super) outage: Duration,
    /// For how long faults are repeated.
    pub(super) storm: Duration,
    /// Between two of them.
    pub(super) every: Duration,
    /// How soon the load must flow as before, from the end of the fault.
    pub(super) back: Duration,
    /// How soon every number must be connected, and nothing wait any more.
    pub(super) patience: Duration,
    /// What share of the rate must flow before a fault, and what share of that while one process after the other is
    /// killed.
    pub(super) flows: [f64; 2],
    /// What share of the requests may fail while the connections to Postgres are ended again and again.
    pub(super) errors: f64,
}

const SHORT: Scale = Scale {
    businesses: 3,
    numbers: 3,
    rate: 6.0,
    lease_ms: 3_000,
    before: Duration::from_secs(2),
    outage: Duration::from_secs(3),
    storm: Duration::from_secs(10),
    every: Duration::from_secs(3),
    // Whoever tests may have a machine that does something else beside it.
    back: Duration::from_mins(1),
    patience: Duration::from_mins(1),
    flows: [0.5, 0.3],
    errors: 0.1,
};

const LONG: Scale = Scale {
    businesses: 60,
    numbers: 1_000,
    rate: 100.0,
    lease_ms: 15_000,
    before: Duration::from_secs(4),
    outage: Duration::from_mins(1),
    storm: Duration::from_mins(2),
    every: Duration::from_secs(5),
    back: Duration::from_secs(30),
    patience: Duration::from_mins(3),
    flows: [0.9, 0.9],
    errors: 0.01,
};

/// That of this run: `SWITCHYARD_TEST_CLUSTER` asks for the long one.
pub(super) fn scale() -> Scale {
    match env::var("SWITCHYARD_TEST_CLUSTER") {
        Ok(word) if word == "long" => LONG,
        _ => SHORT,
    }
}

impl Scale {
    /// A cluster under that load.
    pub(super) async fn standing(&self) -> Standing {
        let lease = ("SWITCHYARD_LEASE_MS", self.lease_ms.to_string());
        Box::pin(Standing::start(self.businesses, self.rate(), &[lease])).await
    }

    /// Messages a second each way.
    pub(super) fn rate(&self) -> f64 {
        let rate = env::var("SWITCHYARD_FAULT_RATE").ok();
        rate.map_or(self.rate, |text| text.parse().unwrap())
    }
}
