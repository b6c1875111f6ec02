//! `POST /v1/me/business`: goes on in another business of the same person.

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use store::accounts;
use switchyard_core::{BusinessId, Timestamp};
use utoipa::ToSchema;

use crate::api::State;
use crate::auth::signed_in::{self, SignedIn, Tokens};
use crate::caller::{Allowed, Any, Who};
use crate::input::Body;
use crate::problem::Problem;

/// Where to go on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchBusinessRequest {
    /// `biz_…`, one of `businesses` of `GET /v1/me`.
    #[schema(value_type = String)]
    business_id: BusinessId,
}

/// Switches to another business in which the person works. The answer holds an access token for it, as a cookie
/// when the request came with one; the token before goes on naming the business before. The refresh token stays.
#[utoipa::path(
    request_body = SwitchBusinessRequest,
    tag = "auth",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = SignedIn)),
)]
#[post("/v1/me/business")]
pub(crate) async fn switch_business(
    request: HttpRequest,
    caller: Allowed<Any>,
    state: Data<State>,
    body: Body<SwitchBusinessRequest>,
) -> Result<HttpResponse, Problem> {
    let Who::User(session) = &caller.0.who else {
        return Err(Problem::forbidden("an API key belongs to one business"));
    };
    let now = Timestamp::now();
    let (store, business) = (&state.store, body.business_id);
    let switched = accounts::switch_business(store, now, session.id, business).await?;
    let switched = switched.ok_or_else(Problem::not_found)?;
    let tokens = Tokens {
        session: &switched,
        refresh: None,
        as_cookies: !request.headers().contains_key(AUTHORIZATION),
    };
    signed_in::answer(&state, StatusCode::OK, now, &tokens)
}
