//! What is counted of HTTP, and the page of the internal port where every metric is read.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{Data, ServiceConfig, get};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::health::{self, Probe};
use crate::problem::Problem;

/// Seconds; 0.2 is what an alert asks about, the last ones are the long poll and the limit of every other request.
const BUCKETS: [f64; 11] = [
    0.001, 0.005, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0, 3.0, 10.0, 30.0,
];

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

/// Adds `GET /metrics` and the health routes to an app of the internal port; the metrics are on no other.
pub fn configure_internal(
    registry: &Registry,
    probe: &Probe,
) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
    let (registry, probe) = (Data::new(registry.clone()), Data::new(probe.clone()));
    move |config| {
        config
            .app_data(registry.clone())
            .app_data(probe.clone())
            .route("/metrics", get().to(show))
            .service(health::livez)
            .service(health::health)
            .service(health::health_ready);
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
