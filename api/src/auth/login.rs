//! `POST /v1/auth/login`: email and password.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use secrecy::SecretString;
use serde::Deserialize;
use store::accounts;
use utoipa::ToSchema;

use super::signed_in::SignedIn;
use super::{attempt, signed_in};
use crate::api::State;
use crate::input::Body;
use crate::problem::Problem;

/// Email and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The address of the account.
    email: String,
    /// Its password.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "crate::input::secret")]
    password: SecretString,
    /// Set the tokens as cookies rather than answering them.
    #[serde(default)]
    cookie: bool,
}

/// Signs in by password. Five failures in 15 minutes make an account wait.
#[utoipa::path(request_body = LoginRequest, tag = "auth", responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/login")]
pub(crate) async fn login(
    request: HttpRequest,
    state: Data<State>,
    body: Body<LoginRequest>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let email = body.email.trim().to_lowercase();
    let attempt = attempt::begin(&request, &state, Some(&email)).await?;
    let found = accounts::password(&state.store, &email).await?;
    let (user, hash) = found.map_or((None, None), |it| (Some(it.user), it.hash));
    let right = state.passwords.matches(body.password, hash).await?;
    let Some(user) = user.filter(|_| right) else {
        attempt::refused(&request, "password");
        return Err(Problem::unauthorized("the email or the password is wrong"));
    };
    state.limits.succeeded(&attempt).await;
    signed_in::open(&request, &state, StatusCode::OK, user, None, body.cookie).await
}
