//! `POST /v1/sessions/{id}/restart`.

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

/// Gives a number that seems stuck a new connection, without a new scan: the one that it has is closed first. One that is
/// down is connected, as by `connect`. Messages wait meanwhile and go out afterwards.
#[utoipa::path(
    tag = "sessions",
    security(("bearer" = ["sessions:write"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`ses_…`")),
    responses((status = 202, body = SessionObject, description = "Noted; the state follows")),
)]
#[post("/v1/sessions/{id}/restart")]
pub(crate) async fn restart_session(
    caller: Allowed<SessionsWrite>,
    state: Data<State>,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    let session = want(&state, caller.0.business, *id, Wanted::Restarted).await?;
    Ok(HttpResponse::Accepted().json(shown(&caller.0, &session)))
}
