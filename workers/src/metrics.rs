//! The metrics of a worker process.

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use store::jobs::Count;
use switchyard_core::Timestamp;
use switchyard_core::queue::Queue;

/// Counters, gauges and histograms; a clone counts into the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// Attempts that ended, by queue, kind and end.
    pub(crate) ended: IntCounterVec,
    /// How long attempts took, by kind.
    pub(crate) seconds: HistogramVec,
    /// Times that the jobs table refused, by what was asked.
    pub(crate) refused: IntCounterVec,
    /// Claims that another worker took over while we still worked.
    pub(crate) lost: IntCounter,
    waiting: IntGaugeVec,
    running: IntGaugeVec,
    dead: IntGaugeVec,
    oldest: IntGaugeVec,
    paused: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let seconds = HistogramOpts::new(
            "switchyard_job_seconds",
            "How long the attempts at jobs took.",
        )
        .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0]);
        let metrics = Self {
            ended: IntCounterVec::new(
                Opts::new("switchyard_jobs_ended_total", "Attempts that ended."),
                &["queue", "kind", "end"],
            )?,
            seconds: HistogramVec::new(seconds, &["kind"])?,
            refused: IntCounterVec::new(
                Opts::new(
                    "switchyard_jobs_store_errors_total",
                    "Times that the jobs table could not be asked.",
                ),
                &["verb"],
            )?,
            lost: IntCounter::new(
                "switchyard_jobs_lost_total",
                "Claims that lapsed while the job was still at work.",
            )?,
            waiting: gauge("switchyard_jobs_waiting", "Jobs that wait.")?,
            running: gauge("switchyard_jobs_running", "Jobs that run.")?,
            dead: gauge("switchyard_jobs_dead", "Dead letters.")?,
            oldest: gauge(
                "switchyard_job_oldest_seconds",
                "How long the job that is due longest has waited.",
            )?,
            paused: gauge(
                "switchyard_queue_paused",
                "1 while this process claims nothing of the queue.",
            )?,
        };
        registry.register(Box::new(metrics.ended.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.refused.clone()))?;
        registry.register(Box::new(metrics.lost.clone()))?;
        for gauge in [
            &metrics.waiting,
            &metrics.running,
            &metrics.dead,
            &metrics.oldest,
            &metrics.paused,
        ] {
            registry.register(Box::new(gauge.clone()))?;
        }
        Ok(metrics)
    }

    /// The depths of all queues, as they were counted.
    pub(crate) fn show(&self, counts: &[Count], now: Timestamp) {
        for queue in Queue::ALL {
            let name = queue.name();
            let count = counts.iter().find(|it| it.queue == queue);
            let count = count.copied().unwrap_or(Count::nothing(queue));
            self.waiting.with_label_values(&[name]).set(count.waiting);
            self.running.with_label_values(&[name]).set(count.running);
            self.dead.with_label_values(&[name]).set(count.dead);
            let oldest = count.oldest.map_or(0, |since| now.since(since).as_secs());
            let oldest = i64::try_from(oldest).unwrap_or(i64::MAX);
            self.oldest.with_label_values(&[name]).set(oldest);
        }
    }

    /// Which queues this process leaves alone.
    pub(crate) fn show_paused(&self, paused: &[Queue]) {
        for queue in Queue::ALL {
            let is_paused = i64::from(paused.contains(&queue));
            self.paused
                .with_label_values(&[queue.name()])
                .set(is_paused);
        }
    }

    pub(crate) fn refused(&self, verb: &'static str, error: &store::Error) {
        self.refused.with_label_values(&[verb]).inc();
        tracing::warn!(verb, %error, "the jobs table could not be asked; trying again");
    }
}

/// Whether the account that recordings are fetched with is not taken.
pub(crate) fn account_denied(registry: &Registry) -> prometheus::Result<IntGauge> {
    let gauge = IntGauge::new(
        "switchyard_recordings_account_denied",
        "1 while the provider does not take the account that recordings are fetched with.",
    )?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn gauge(name: &str, help: &str) -> prometheus::Result<IntGaugeVec> {
    IntGaugeVec::new(Opts::new(name, help), &["queue"])
}
