//! `POST /v1/auth/logout`: the end of a session, here and in every process within five seconds.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use store::accounts;
use switchyard_core::Timestamp;

use crate::api::State;
use crate::caller::{Allowed, Any, Who};
use crate::problem::Problem;

/// Signs out: the access token and the refresh token of this session are worth nothing any more.
#[utoipa::path(
    tag = "auth",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Signed out")),
)]
#[post("/v1/auth/logout")]
pub(crate) async fn logout(
    caller: Allowed<Any>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let Who::User(session) = &caller.0.who else {
        return Err(Problem::forbidden("an API key is revoked, not signed out"));
    };
    accounts::close_user_session(&state.store, Timestamp::now(), session.id).await?;
    state.credentials.changed(&state.store).await;
    let mut response = HttpResponse::NoContent();
    for cookie in state.cookies.clear() {
        response.cookie(cookie);
    }
    Ok(response.finish())
}
