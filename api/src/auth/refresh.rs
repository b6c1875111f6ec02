//! `POST /v1/auth/refresh`: a new access token for a refresh token, which is thereby spent.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::accounts::{self, Rotate, Rotation};
use switchyard_core::Timestamp;
use utoipa::ToSchema;

use super::attempt;
use super::signed_in::{self, SignedIn, Tokens};
use crate::api::State;
use crate::input::Body;
use crate::problem::Problem;
use crate::refresh::{GRACE, REFRESH_LIFE, session_of, successor};

/// The refresh token, unless it is in the cookie.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// The refresh token; left out, the cookie's is taken and cookies are set.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "crate::input::optional_secret")]
    refresh_token: Option<SecretString>,
    /// Set the tokens as cookies rather than answering them.
    #[serde(default)]
    cookie: bool,
}

/// Renews the access token. A refresh token is good once: showing an old one again ends the session. In cookies the
/// same browser may show it again for ten seconds, since two of its tabs may have asked at once.
#[utoipa::path(request_body = RefreshRequest, tag = "auth", responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/refresh")]
pub(crate) async fn refresh(
    request: HttpRequest,
    state: Data<State>,
    body: Body<RefreshRequest>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let from_cookie = body.refresh_token.is_none();
    let token = match body.refresh_token {
        Some(token) => token,
        None => of_cookie(&request, &state)?,
    };
    let attempt = attempt::begin(&request, &state, None).await?;
    let now = Timestamp::now();
    let named = session_of(&token).ok_or_else(spent)?;
    let next = successor(state.tokens.rotation(), named, &token);
    let rotate = Rotate {
        session: named,
        presented_hash: accounts::hash(token.expose_secret()),
        next_hash: accounts::hash(next.expose_secret()),
        client_hash: signed_in::client_hash(&request),
        grace: from_cookie.then_some(GRACE),
        expires_at: now.plus(REFRESH_LIFE),
    };
    let session = match accounts::rotate(&state.store, now, rotate).await? {
        Rotation::Renewed(session) => session,
        Rotation::Reused => {
            state.credentials.changed(&state.store).await;
            attempt::refused(&request, "spent refresh token");
            return Err(spent());
        }
        Rotation::Unknown => return Err(spent()),
    };
    state.limits.succeeded(&attempt).await;
    let tokens = Tokens {
        session: &session,
        refresh: Some(next),
        as_cookies: from_cookie || body.cookie,
    };
    signed_in::answer(&state, StatusCode::OK, now, &tokens)
}

fn of_cookie(request: &HttpRequest, state: &State) -> Result<SecretString, Problem> {
    let token = state.cookies.refresh(request).ok_or_else(spent)?;
    state.cookies.check_origin(request)?;
    Ok(token)
}

fn spent() -> Problem {
    Problem::unauthorized("sign in again")
}
