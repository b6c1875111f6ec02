//! Whether the process lives, what it is, and whether it can serve.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;
use crate::readiness::Check;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(livez).service(health).service(health_ready);
}

/// What this program is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: it answers.
    status: &'static str,
    /// Its version.
    version: &'static str,
    /// The role it was started in.
    role: &'static str,
    /// Whether it was built with the simulator, and so refuses every WhatsApp address that is not loopback.
    sim: bool,
    /// Whether it was told to kill itself somewhere.
    fail_points: bool,
}

/// Whether this program can serve, by what it depends on.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ready` or `not_ready`.
    status: &'static str,
    /// Each thing by its name.
    checks: BTreeMap<String, Check>,
}

/// Whether the process lives.
#[utoipa::path(tag = "platform", responses((status = 200, description = "It lives")))]
#[get("/livez")]
pub(crate) async fn livez() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// What this program is.
#[utoipa::path(tag = "platform", responses((status = 200, body = Health)))]
#[get("/health")]
pub(crate) async fn health(state: Data<State>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: state.build.version,
        role: state.build.role,
        sim: state.build.sim,
        fail_points: state.build.fail_points,
    })
}

/// Whether it can serve.
#[utoipa::path(
    tag = "platform",
    responses((status = 200, body = Ready), (status = 503, body = Ready, description = "Not ready")),
)]
#[get("/health/ready")]
pub(crate) async fn health_ready(state: Data<State>) -> HttpResponse {
    let mut checks = state.ready.checks();
    let database = match state.store.ping().await {
        Ok(()) => Check::good("answers"),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            Check::bad("does not answer")
        }
    };
    checks.insert("database".to_owned(), database);
    let storage = if state.store.has_room() {
        Check::good("has room")
    } else {
        Check::bad("is full")
    };
    checks.insert("storage".to_owned(), storage);
    let ready = checks.values().all(|check| check.ok);
    let (code, status) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    HttpResponse::build(code)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Ready { status, checks })
}
