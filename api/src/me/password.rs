//! `POST /v1/me/password`: another password for whoever is signed in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use secrecy::SecretString;
use serde::Deserialize;
use store::accounts;
use switchyard_core::Timestamp;
use utoipa::ToSchema;

use crate::api::State;
use crate::auth::attempt;
use crate::caller::{Allowed, Any, Who};
use crate::input::Body;
use crate::problem::Problem;

/// The password of now, and the next one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordRequest {
    /// The password of now; left out by somebody who has none and signs in by link.
    #[schema(value_type = Option<String>, max_length = 128)]
    #[serde(default, deserialize_with = "crate::input::optional_secret")]
    current: Option<SecretString>,
    /// 12 to 128 characters.
    #[schema(value_type = String, min_length = 12, max_length = 128)]
    #[serde(deserialize_with = "crate::input::secret")]
    new: SecretString,
}

/// Chooses another password. Everywhere else the person is signed out within five seconds; this session goes on. A wrong
/// present password counts like a failed sign-in.
#[utoipa::path(
    request_body = ChangePasswordRequest,
    tag = "auth",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Changed")),
)]
#[post("/v1/me/password")]
pub(crate) async fn change_password(
    request: HttpRequest,
    caller: Allowed<Any>,
    state: Data<State>,
    body: Body<ChangePasswordRequest>,
) -> Result<HttpResponse, Problem> {
    let Who::User(session) = &caller.0.who else {
        return Err(Problem::forbidden("an API key has no password"));
    };
    let body = body.into_inner();
    let (user, email) = (session.user.id, session.user.email.as_str());
    let stored = accounts::password(&state.store, email).await?;
    if let Some(hash) = stored.and_then(|it| it.hash) {
        let attempt = attempt::begin(&request, &state, Some(email)).await?;
        let current = body.current.unwrap_or_default();
        if !state.passwords.matches(current, Some(hash)).await? {
            attempt::refused(&request, "present password");
            return Err(Problem::forbidden("this is not your present password"));
        }
        state.limits.succeeded(&attempt).await;
    }
    let hash = state.passwords.hash(body.new).await?;
    let (by, whose) = (caller.0.acts(), (caller.0.business, user, session.id));
    accounts::change_password(&state.store, Timestamp::now(), by, whose, hash).await?;
    state.credentials.changed(&state.store).await;
    Ok(HttpResponse::NoContent().finish())
}
