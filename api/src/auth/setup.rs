//! `POST /v1/auth/setup`: the first owner, once.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::accounts::{self, NewBusiness};
use subtle::ConstantTimeEq;
use switchyard_core::Timestamp;
use switchyard_core::account::{parse_email, parse_name};
use utoipa::ToSchema;

use super::signed_in::SignedIn;
use super::{attempt, signed_in};
use crate::api::State;
use crate::input::Body;
use crate::problem::Problem;

/// The first business and its owner, who operates the platform as well.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRequest {
    /// The setup token of this installation.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "crate::input::secret")]
    token: SecretString,
    /// What the business is called.
    #[schema(max_length = 100)]
    business_name: String,
    /// What the owner is called.
    #[schema(max_length = 100)]
    name: String,
    /// The address to sign in with.
    #[schema(max_length = 254)]
    email: String,
    /// 12 to 128 characters.
    #[schema(value_type = String, min_length = 12, max_length = 128)]
    #[serde(deserialize_with = "crate::input::secret")]
    password: SecretString,
    /// Set the tokens as cookies rather than answering them.
    #[serde(default)]
    cookie: bool,
}

/// Makes the first business and its owner. Without a setup token in the settings there is no such route.
#[utoipa::path(request_body = SetupRequest, tag = "auth", responses((status = 201, body = SignedIn)))]
#[post("/v1/auth/setup")]
pub(crate) async fn setup(
    request: HttpRequest,
    state: Data<State>,
    body: Body<SetupRequest>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let expected = state.setup_token.as_ref().ok_or_else(Problem::not_found)?;
    let attempt = attempt::begin(&request, &state, None).await?;
    let given = body.token.expose_secret().as_bytes();
    if !bool::from(given.ct_eq(expected.expose_secret().as_bytes())) {
        attempt::refused(&request, "setup token");
        return Err(Problem::forbidden("this is not the setup token"));
    }
    state.limits.succeeded(&attempt).await;
    let new = NewBusiness {
        name: parse_name(&body.business_name).ok_or_else(|| unnamed("business_name"))?,
        owner_name: parse_name(&body.name).ok_or_else(|| unnamed("name"))?,
        owner_email: parse_email(&body.email)
            .ok_or_else(|| Problem::invalid("email is not an address"))?,
        password_hash: Some(state.passwords.hash(body.password).await?),
        operator: true,
    };
    let (_, owner) = accounts::set_up(&state.store, Timestamp::now(), new).await?;
    signed_in::open(
        &request,
        &state,
        StatusCode::CREATED,
        owner.id,
        None,
        body.cookie,
    )
    .await
}

fn unnamed(field: &str) -> Problem {
    Problem::invalid(format!("{field} has 1 to 100 characters"))
}
