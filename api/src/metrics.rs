//! What is counted of HTTP, and the page of the internal port where every metric is read.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{Data, ServiceConfig, get};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::problem::Problem;

/// Seconds; the last ones are the long poll and the limit of every other request.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// Counters of the public port.
pub(crate) struct HttpMetrics {
    requests: IntCounterVec,
    seconds: HistogramVec,
    /// Live streams that are open.
    pub(crate) streams: IntGauge,
}

impl HttpMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = Opts::new("switchyard_http_requests_total", "Requests answered");
        let seconds = HistogramOpts::new("switchyard_http_request_seconds", "Time to the answer");
        let metrics = Self {
            requests: IntCounterVec::new(requests, &["method", "route", "status"])?,
            seconds: HistogramVec::new(seconds.buckets(BUCKETS.to_vec()), &["method", "route"])?,
            streams: IntGauge::new("switchyard_live_streams", "Live streams that are open")?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.streams.clone()))?;
        Ok(metrics)
    }

    /// One answer. `route` is the pattern, never the path: a path has ids in it.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let status = status.to_string();
        self.requests
            .with_label_values(&[method, route, status.as_str()])
            .inc();
        self.seconds
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }
}

/// How a cache answers; a clone counts into the same counters.
#[derive(Clone)]
pub(crate) struct CacheMetrics {
    hits: IntCounter,
    misses: IntCounter,
    stale: IntCounter,
}

impl CacheMetrics {
    /// The counters of the cache of that name.
    pub(crate) fn register(registry: &Registry, cache: &str) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let opts = Opts::new(format!("switchyard_cache_{name}_total"), help);
            let counter = IntCounter::with_opts(opts.const_label("cache", cache))?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        Ok(Self {
            hits: counter("hits", "Look-ups that the cache answered")?,
            misses: counter("misses", "Look-ups that went to the database")?,
            stale: counter("stale", "Answers of the cache that were not good any more")?,
        })
    }

    /// One look-up, answered by the cache or not.
    pub(crate) fn looked_up(&self, hit: bool) {
        if hit { &self.hits } else { &self.misses }.inc();
    }

    /// What the cache answered was not good any more.
    pub(crate) fn stale(&self) {
        self.stale.inc();
    }
}

/// Adds `GET /metrics` to an app of the internal port; never to the public one.
pub fn configure_internal(registry: &Registry) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
    let registry = Data::new(registry.clone());
    move |config| {
        config
            .app_data(registry.clone())
            .route("/metrics", get().to(show));
    }
}

async fn show(registry: Data<Registry>) -> Result<HttpResponse, Problem> {
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&registry.gather(), &mut text)
        .map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(text))
}
