//! `GET /v1/auth/setup`: whether the first run is still to be done.

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use store::accounts;
use utoipa::ToSchema;

use crate::api::State;
use crate::problem::Problem;

/// Whether this installation waits for its first owner.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetupState {
    /// `POST /v1/auth/setup` would work with the setup token.
    open: bool,
}

/// Whether this installation waits for its first owner.
#[utoipa::path(tag = "auth", responses((status = 200, body = SetupState)))]
#[get("/v1/auth/setup")]
pub(crate) async fn setup_is_open(state: Data<State>) -> Result<Json<SetupState>, Problem> {
    let open = state.setup_token.is_some() && !accounts::is_set_up(&state.store).await?;
    Ok(Json(SetupState { open }))
}
