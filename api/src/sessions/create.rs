//! `POST /v1/sessions`.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use switchyard_core::Timestamp;
use switchyard_core::object::SessionObject;
use utoipa::ToSchema;

use super::{parse_name, shown};
use crate::api::State;
use crate::caller::{Allowed, SessionsWrite};
use crate::input::Body;
use crate::problem::Problem;

/// A new number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSessionRequest {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Makes a number that is not linked yet; `connect` starts the linking.
#[utoipa::path(
    request_body = CreateSessionRequest,
    tag = "sessions",
    security(("bearer" = ["sessions:write"]), ("cookie" = [])),
    responses((status = 201, body = SessionObject)),
)]
#[post("/v1/sessions")]
pub(crate) async fn create_session(
    caller: Allowed<SessionsWrite>,
    state: Data<State>,
    body: Body<CreateSessionRequest>,
) -> Result<HttpResponse, Problem> {
    let name = parse_name(&body.name)?;
    let now = Timestamp::now();
    let session = store::sessions::create(&state.store, now, caller.0.business, &name).await?;
    Ok(HttpResponse::Created().json(shown(&caller.0, &session)))
}
