//! The internal route: workers ask for a chat's queued messages to be sent.

use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use switchyard_core::drain::{DrainAnswer, DrainOutcome, DrainRequest};
use tokio::runtime::Handle;

use crate::live::not_connected;
use crate::metrics::Metrics;
use crate::roster::Berths;

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
        let answer = self.answer(request).await;
        let outcome = match answer.outcome {
            DrainOutcome::Drained => "drained",
            DrainOutcome::More => "more",
            DrainOutcome::NotConnected => "not_connected",
            DrainOutcome::NotMine => "not_mine",
            DrainOutcome::Fenced => "fenced",
        };
        self.metrics.drains.with_label_values(&[outcome]).inc();
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
        let draining = self.runtime.spawn(live.drain(request.chat_id, request.max));
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
    HttpResponse::Ok().json(doorway.drain(body.into_inner()).await)
}
