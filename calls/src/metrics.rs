//! What is counted of calls.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

/// Seconds; 0.15 is what an answer to a voice webhook may take.
const BUCKETS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 1.0, 5.0];

/// Counters, gauges and histograms; a clone counts into the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) live: IntGauge,
    pub(crate) limit: IntGauge,
    pub(crate) held: IntGauge,
    pub(crate) warming: IntGauge,
    pub(crate) denied: IntGauge,
    pub(crate) swept: IntCounter,
    pub(crate) adopted: IntCounter,
    pub(crate) forged: IntCounter,
    pub(crate) sockets: IntGauge,
    pub(crate) frames_in: IntCounter,
    pub(crate) frames_out: IntCounter,
    pub(crate) frames_dropped: IntCounter,
    pub(crate) frames_missing: IntCounter,
    streams_ended: IntCounterVec,
    sockets_refused: IntCounterVec,
    webhooks: HistogramVec,
    admissions: IntCounterVec,
    leases: IntCounterVec,
    corrections: IntCounterVec,
    placements: IntCounterVec,
    hangups: IntCounterVec,
    lag: Histogram,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name, help| gauge(registry, name, help);
        let counter = |name, help| counter(registry, name, help);
        Ok(Self {
            live: gauge("calls_live", "Calls that have a slot, of all replicas.")?,
            limit: gauge("calls_limit", "Calls that may have one at a time.")?,
            held: gauge("calls_in_hand", "Calls whose slot this process renews.")?,
            warming: gauge("calls_warming", "1 while no new call is let in.")?,
            denied: gauge(
                "calls_account_denied",
                "1 while the provider does not take the account.",
            )?,
            sockets: gauge("call_sockets", "Media sockets that are open.")?,
            swept: counter("calls_swept_total", "Slots that nobody renewed.")?,
            adopted: counter("calls_adopted_total", "Calls of replicas that were gone.")?,
            forged: counter("calls_forged_total", "Requests with a wrong signature.")?,
            frames_in: counter("call_frames_in_total", "Audio frames from callers.")?,
            frames_out: counter("call_frames_out_total", "Audio frames to callers.")?,
            frames_dropped: counter("call_frames_dropped_total", "Audio frames dropped.")?,
            frames_missing: counter("call_frames_missing_total", "Audio frames never sent.")?,
            streams_ended: labelled(
                registry,
                "call_streams_ended_total",
                "Media streams that ended.",
                "end",
            )?,
            sockets_refused: labelled(
                registry,
                "call_sockets_refused_total",
                "Media sockets that were closed before any audio.",
                "why",
            )?,
            webhooks: webhooks(registry)?,
            admissions: labelled(
                registry,
                "call_admissions_total",
                "Slots asked for.",
                "outcome",
            )?,
            leases: labelled(registry, "call_leases_total", "Slots not renewed.", "found")?,
            corrections: labelled(
                registry,
                "call_corrections_total",
                "Slots put right.",
                "what",
            )?,
            placements: labelled(
                registry,
                "call_placements_total",
                "Calls that were asked for.",
                "outcome",
            )?,
            hangups: labelled(
                registry,
                "call_hangups_total",
                "Ends of calls that were asked for.",
                "outcome",
            )?,
            lag: lag(registry)?,
        })
    }

    /// A webhook was answered. `route` is one of ours, never a path.
    pub(crate) fn answered(&self, route: &str, status: u16, took: Duration) {
        let status = status.to_string();
        self.webhooks
            .with_label_values(&[route, status.as_str()])
            .observe(took.as_secs_f64());
    }

    pub(crate) fn admission(&self, outcome: &str) {
        self.admissions.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn stream_ended(&self, end: &str) {
        self.streams_ended.with_label_values(&[end]).inc();
    }

    pub(crate) fn lease(&self, found: &str) {
        self.leases.with_label_values(&[found]).inc();
    }

    pub(crate) fn socket_refused(&self, why: &str) {
        self.sockets_refused.with_label_values(&[why]).inc();
    }

    pub(crate) fn corrected(&self, what: &str) {
        self.corrections.with_label_values(&[what]).inc();
    }

    pub(crate) fn placement(&self, outcome: &str) {
        self.placements.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn hangup(&self, outcome: &str) {
        self.hangups.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn beat_lag(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }
}

/// What every name begins with.
const OURS: &str = "switchyard";

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(OURS)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::with_opts(options(name, help))?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let counter = IntCounter::with_opts(options(name, help))?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

fn labelled(
    registry: &Registry,
    name: &str,
    help: &str,
    label: &str,
) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(options(name, help), &[label])?;
    registry.register(Box::new(counters.clone()))?;
    Ok(counters)
}

fn webhooks(registry: &Registry) -> Result<HistogramVec, prometheus::Error> {
    let (name, help) = ("call_webhook_seconds", "Time to the answer to a webhook.");
    let options = HistogramOpts::new(name, help).namespace(OURS);
    let times = HistogramVec::new(options.buckets(BUCKETS.to_vec()), &["route", "status"])?;
    registry.register(Box::new(times.clone()))?;
    Ok(times)
}

fn lag(registry: &Registry) -> Result<Histogram, prometheus::Error> {
    let (name, help) = ("calls_beat_lag_seconds", "How late slots were renewed.");
    let lag = Histogram::with_opts(HistogramOpts::new(name, help).namespace(OURS))?;
    registry.register(Box::new(lag.clone()))?;
    Ok(lag)
}
