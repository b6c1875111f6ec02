//! `PATCH /v1/sessions/{id}`.

use actix_web::patch;
use actix_web::web::{Data, Json, Path};
use serde::Deserialize;
use switchyard_core::object::SessionObject;
use switchyard_core::{SessionId, Timestamp};
use utoipa::ToSchema;

use super::{parse_name, shown};
use crate::api::State;
use crate::caller::{Allowed, SessionsWrite};
use crate::input::Body;
use crate::problem::Problem;

/// What changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameSessionRequest {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Renames a number.
#[utoipa::path(
    request_body = RenameSessionRequest,
    tag = "sessions",
    security(("bearer" = ["sessions:write"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`ses_…`")),
    responses((status = 200, body = SessionObject)),
)]
#[patch("/v1/sessions/{id}")]
pub(crate) async fn rename_session(
    caller: Allowed<SessionsWrite>,
    state: Data<State>,
    id: Path<SessionId>,
    body: Body<RenameSessionRequest>,
) -> Result<Json<SessionObject>, Problem> {
    let name = parse_name(&body.name)?;
    let (now, business) = (Timestamp::now(), caller.0.business);
    let session = store::sessions::rename(&state.store, now, business, *id, &name).await?;
    let session = session.ok_or_else(Problem::not_found)?;
    Ok(Json(shown(&caller.0, &session)))
}
