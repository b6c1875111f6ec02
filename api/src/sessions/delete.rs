//! `DELETE /v1/sessions/{id}`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};
use switchyard_core::SessionId;
use switchyard_core::session::Wanted;

use super::want::want;
use crate::api::State;
use crate::caller::{Allowed, SessionsWrite};
use crate::problem::Problem;

/// Unlinks and removes a number; its chats and messages stay.
#[utoipa::path(
    tag = "sessions",
    security(("bearer" = ["sessions:write"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`ses_…`")),
    responses((status = 204, description = "Noted; it is gone within ten seconds")),
)]
#[delete("/v1/sessions/{id}")]
pub(crate) async fn delete_session(
    caller: Allowed<SessionsWrite>,
    state: Data<State>,
    id: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    want(&state, caller.0.business, *id, Wanted::Deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
