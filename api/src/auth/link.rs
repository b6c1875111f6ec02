//! `POST /v1/auth/link`: a sign-in link, good for one use.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::accounts;
use switchyard_core::Timestamp;
use utoipa::ToSchema;

use super::signed_in::SignedIn;
use super::{attempt, signed_in};
use crate::api::State;
use crate::input::Body;
use crate::problem::Problem;

/// The token of a sign-in link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequest {
    /// What stands after `#link=`.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "crate::input::secret")]
    token: SecretString,
    /// Set the tokens as cookies rather than answering them.
    #[serde(default)]
    cookie: bool,
}

/// Signs in by a single-use link.
#[utoipa::path(request_body = LinkRequest, tag = "auth", responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/link")]
pub(crate) async fn link(
    request: HttpRequest,
    state: Data<State>,
    body: Body<LinkRequest>,
) -> Result<HttpResponse, Problem> {
    let attempt = attempt::begin(&request, &state, None).await?;
    let token = body.token.expose_secret();
    let user = accounts::use_sign_in_link(&state.store, Timestamp::now(), token).await?;
    let Some(user) = user else {
        attempt::refused(&request, "sign-in link");
        let detail = "this link was used already, or it ran out";
        return Err(Problem::unauthorized(detail));
    };
    state.limits.succeeded(&attempt).await;
    signed_in::open(&request, &state, StatusCode::OK, user, None, body.cookie).await
}
