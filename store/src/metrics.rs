//! The metrics of the store.

use prometheus::{Histogram, HistogramOpts, IntCounter, Registry};

use crate::Result;

/// Counters and histograms; a clone counts into the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) rows_per_commit: Histogram,
    pub(crate) fenced: IntCounter,
    pub(crate) duplicates: IntCounter,
    pub(crate) hints_sent: IntCounter,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self> {
        let rows = HistogramOpts::new(
            "switchyard_rows_per_commit",
            "Rows that one database commit wrote.",
        )
        .buckets(vec![1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0]);
        let metrics = Self {
            rows_per_commit: Histogram::with_opts(rows)?,
            fenced: IntCounter::new(
                "switchyard_fenced_total",
                "Writes refused because their epoch was stale.",
            )?,
            duplicates: IntCounter::new(
                "switchyard_duplicates_total",
                "Inbound messages that were stored already.",
            )?,
            hints_sent: IntCounter::new(
                "switchyard_hints_sent_total",
                "Hints given after commits.",
            )?,
        };
        registry.register(Box::new(metrics.rows_per_commit.clone()))?;
        registry.register(Box::new(metrics.fenced.clone()))?;
        registry.register(Box::new(metrics.duplicates.clone()))?;
        registry.register(Box::new(metrics.hints_sent.clone()))?;
        Ok(metrics)
    }
}
