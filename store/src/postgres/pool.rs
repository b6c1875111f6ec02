//! What the pool of connections to Postgres does, counted when it is asked.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, Registry};
use sqlx::postgres::PgPool;

use crate::Result;

/// Three gauges of a pool.
pub(super) struct PoolMetrics {
    pool: PgPool,
    open: IntGauge,
    idle: IntGauge,
    most: IntGauge,
}

impl PoolMetrics {
    pub(super) fn register(pool: &PgPool, registry: &Registry) -> Result<()> {
        let metrics = Self {
            pool: pool.clone(),
            open: IntGauge::new(
                "switchyard_database_connections",
                "Connections of the pool that are open.",
            )?,
            idle: IntGauge::new(
                "switchyard_database_connections_idle",
                "Open connections of the pool that nobody uses.",
            )?,
            most: IntGauge::new(
                "switchyard_database_connections_max",
                "The most connections that the pool opens.",
            )?,
        };
        registry.register(Box::new(metrics))?;
        Ok(())
    }

    fn gauges(&self) -> [&IntGauge; 3] {
        [&self.open, &self.idle, &self.most]
    }
}

impl Collector for PoolMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges()
            .iter()
            .flat_map(|gauge| gauge.desc())
            .collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let idle = i64::try_from(self.pool.num_idle()).unwrap_or(i64::MAX);
        self.open.set(i64::from(self.pool.size()));
        self.idle.set(idle);
        let most = self.pool.options().get_max_connections();
        self.most.set(i64::from(most));
        self.gauges()
            .iter()
            .flat_map(|gauge| gauge.collect())
            .collect()
    }
}
