//! Whether the process lives, what it is, and whether it can serve.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use store::Store;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::readiness::{Check, Readiness};

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(livez).service(health).service(health_ready);
}

/// Whoever balances load asks every few seconds and waits no longer.
const PING: Duration = Duration::from_secs(2);

/// What a process says of itself, on either port.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The database that it depends on.
    pub store: Store,
    /// The subcommand.
    pub role: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// Whether the simulator is compiled in.
    pub sim: bool,
    /// Whether a fail point is armed.
    pub fail_points: bool,
    /// What it depends on besides the database.
    pub ready: Readiness,
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
pub(crate) async fn health(probe: Data<Probe>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: probe.version,
        role: probe.role,
        sim: probe.sim,
        fail_points: probe.fail_points,
    })
}

/// Whether it can serve.
#[utoipa::path(
    tag = "platform",
    responses((status = 200, body = Ready), (status = 503, body = Ready, description = "Not ready")),
)]
#[get("/health/ready")]
pub(crate) async fn health_ready(probe: Data<Probe>) -> HttpResponse {
    let mut checks = probe.ready.checks();
    let database = match timeout(PING, probe.store.ping()).await {
        Ok(Ok(())) => Check::good("answers"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            Check::bad("does not answer")
        }
        Err(_elapsed) => Check::bad("does not answer in time"),
    };
    checks.insert("database".to_owned(), database);
    let storage = if probe.store.has_room() {
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
