//! The metrics of the store.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Registry};

use crate::Result;

/// Counters and histograms; a clone counts into the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) rows_per_commit: Histogram,
    pub(crate) fenced: IntCounter,
    pub(crate) duplicates: IntCounter,
    pub(crate) hints_sent: IntCounter,
    pub(crate) echoes: IntCounter,
    /// 1 from a write that found no room until the next one that found some.
    pub(crate) storage_full: IntGauge,
    pub(crate) searches_ended: IntCounter,
    /// Answers of Postgres that were not waited for any longer.
    pub(crate) unanswered: IntCounter,
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
            echoes: IntCounter::new(
                "switchyard_live_echo_total",
                "Hints of this process that came back to it and were dropped.",
            )?,
            searches_ended: IntCounter::new(
                "switchyard_searches_ended_total",
                "Searches that were refused or ended because they took too long.",
            )?,
            unanswered: IntCounter::new(
                "switchyard_database_unanswered_total",
                "Connections to Postgres that were closed because no answer came in time.",
            )?,
            storage_full: IntGauge::new(
                "switchyard_storage_full",
                "1 while the storage of the database has no room.",
            )?,
        };
        registry.register(Box::new(metrics.echoes.clone()))?;
        registry.register(Box::new(metrics.searches_ended.clone()))?;
        registry.register(Box::new(metrics.unanswered.clone()))?;
        registry.register(Box::new(metrics.rows_per_commit.clone()))?;
        registry.register(Box::new(metrics.fenced.clone()))?;
        registry.register(Box::new(metrics.duplicates.clone()))?;
        registry.register(Box::new(metrics.hints_sent.clone()))?;
        registry.register(Box::new(metrics.storage_full.clone()))?;
        Ok(metrics)
    }

    /// A commit wrote so many rows. One without any says nothing of the room on the storage.
    pub(crate) fn committed(&self, rows: u64) {
        // Exact up to 2³²; a transaction changes far fewer.
        let shown = u32::try_from(rows).map_or(f64::from(u32::MAX), f64::from);
        self.rows_per_commit.observe(shown);
        if rows > 0 {
            self.storage_full.set(0);
        }
    }
}
