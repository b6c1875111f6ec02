//! `GET /v1/sessions/{id}`.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use switchyard_core::SessionId;
use switchyard_core::object::SessionObject;

use super::shown;
use crate::api::State;
use crate::caller::{Allowed, SessionsRead};
use crate::problem::Problem;

/// One number.
#[utoipa::path(
    tag = "sessions",
    security(("bearer" = ["sessions:read"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`ses_…`")),
    responses((status = 200, body = SessionObject)),
)]
#[get("/v1/sessions/{id}")]
pub(crate) async fn get_session(
    caller: Allowed<SessionsRead>,
    state: Data<State>,
    id: Path<SessionId>,
) -> Result<Json<SessionObject>, Problem> {
    let session = store::sessions::get(&state.store, caller.0.business, *id).await?;
    let session = session.ok_or_else(Problem::not_found)?;
    Ok(Json(shown(&caller.0, &session)))
}
