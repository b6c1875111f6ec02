//! `POST /v1/sessions/{id}/connect`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use switchyard_core::SessionId;
use switchyard_core::object::SessionObject;
use switchyard_core::session::Wanted;

use super::shown;
use super::want::want;
use crate::api::State;
use crate::caller::{Allowed, SessionsWrite};
use crate::problem::Problem;

/// Connects a number. One that is not linked gets codes to scan, at `GET …/qr`, until they run out; that
/// needs a shard with room.
#[utoipa::path(
    tag = "sessions",
    security(("bearer" = ["sessions:write"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`ses_…`")),
    responses((status = 202, body = SessionObject, description = "Noted; the state follows")),
)]
#[post("/v1/sessions/{id}/connect")]
pub(crate) async fn connect_session(
    caller: Allowed<SessionsWrite>,
    state: Data<State>,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    let session = want(&state, caller.0.business, *id, Wanted::Connected).await?;
    Ok(HttpResponse::Accepted().json(shown(&caller.0, &session)))
}
