//! The internal route: workers ask for a chat's queued messages to be sent.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use switchyard_core::drain::{DrainAnswer, DrainOutcome, DrainRequest};
use switchyard_core::trace::{self, Trace};
use tokio::runtime::Handle;
use tracing::Instrument;

use crate::berth::Berths;
use crate::live::not_connected;
use crate::metrics::Metrics;

/// The largest body that is read, in bytes.
const BODY_MAX: usize = 4_096;

/// What the route needs.
pub(crate) struct Doorway {
    berths: Arc<Berths>,
    key: Option<SecretString>,
    metrics: Metrics,
    /// The clients live on this runtime; the route's own may be another.
    runtime: Handle,
}

impl Doorway {
    /// For the sessions of this process, on the caller's runtime.
    pub(crate) fn new(berths: Arc<Berths>, key: Option<SecretString>, metrics: Metrics) -> Self {
        Self {
            berths,
            key,
            metrics,
            runtime: Handle::current(),
        }
    }

    fn admits(&self, request: &HttpRequest) -> bool {
        let Some(key) = &self.key else {
            return request
                .peer_addr()
                .is_none_or(|peer| peer.ip().is_loopback());
        };
        let shown = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.strip_prefix("Bearer "))
            .unwrap_or_default();
        shown
            .as_bytes()
            .ct_eq(key.expose_secret().as_bytes())
            .into()
    }

    /// Drains a chat.
    pub(crate) async fn drain(&self, request: DrainRequest) -> DrainAnswer {
        let trace = store::trace::current();
        let trace = trace.map_or_else(Trace::begin, |it| it.next());
        let span = tracing::error_span!(
            "drain",
            trace_id = trace.trace_id(),
            span_id = trace.span_id(),
            request_id = trace.request_id()
        );
        let draining = self.counted(request).instrument(span);
        store::trace::within(trace, draining).await
    }

    async fn counted(&self, request: DrainRequest) -> DrainAnswer {
        let answer = self.answer(request).await;
        let outcome = match answer.outcome {
            DrainOutcome::Drained => "drained",
            DrainOutcome::More => "more",
            DrainOutcome::NotConnected => "not_connected",
            DrainOutcome::NotMine => "not_mine",
            DrainOutcome::Fenced => "fenced",
        };
        self.metrics.drains.with_label_values(&[outcome]).inc();
        store::told!(
            session = %request.session_id,
            chat = %request.chat_id,
            outcome,
            sent = answer.sent,
            failed = answer.failed,
            "a chat was drained"
        );
        answer
    }

    async fn answer(&self, request: DrainRequest) -> DrainAnswer {
        let berth = self.berths.get(request.session_id);
        let Some(berth) = berth.filter(|berth| berth.is_held()) else {
            return DrainAnswer {
                outcome: DrainOutcome::NotMine,
                ..not_connected()
            };
        };
        let Some(live) = berth.live() else {
            return not_connected();
        };
        // A task of its own: whoever asked may go away, what was begun goes on.
        let trace = store::trace::current().unwrap_or_else(Trace::begin);
        let draining = live.drain(request.chat_id, request.max).in_current_span();
        let draining = self.runtime.spawn(store::trace::within(trace, draining));
        draining.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a drain ended badly");
            not_connected()
        })
    }
}

/// Mounts the route.
pub(crate) fn mount(doorway: &web::Data<Doorway>, service: &mut ServiceConfig) {
    service.service(
        web::resource("/internal/v1/drain")
            .app_data(doorway.clone())
            .app_data(web::JsonConfig::default().limit(BODY_MAX))
            .route(web::post().to(drain)),
    );
}

async fn drain(
    request: HttpRequest,
    doorway: web::Data<Doorway>,
    body: web::Json<DrainRequest>,
) -> HttpResponse {
    if !doorway.admits(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let draining = doorway.drain(body.into_inner());
    let answer = match trace_of(request.headers()) {
        Some(trace) => store::trace::within(trace, draining).await,
        None => draining.await,
    };
    HttpResponse::Ok().json(answer)
}

/// The trace that the worker works for.
fn trace_of(headers: &HeaderMap) -> Option<Trace> {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let trace: Trace = text(trace::HEADER)?.parse().ok()?;
    Some(trace.of_request(text(trace::REQUEST_HEADER)))
}
