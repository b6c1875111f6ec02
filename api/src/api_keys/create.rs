//! `POST /v1/api-keys`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use store::accounts::{self, NewApiKey};
use switchyard_core::account::parse_name;
use switchyard_core::permission::Scope;
use switchyard_core::{KeyId, Timestamp};
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, KeysManage};
use crate::input::Body;
use crate::problem::Problem;

/// The limits of a key, a second and at once.
const RATE: (u32, u32) = (100, 200);

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateApiKeyRequest {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do; one at least.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// When it ends by itself, RFC 3339; never when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    /// `key_…`
    #[schema(value_type = String)]
    id: KeyId,
    /// What people call it.
    name: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// For `Authorization: Bearer`. Nobody can show it again.
    secret: String,
}

/// Makes a key. Its secret is in this answer and nowhere else.
#[utoipa::path(
    request_body = CreateApiKeyRequest,
    tag = "api-keys",
    security(("bearer" = ["keys:manage"]), ("cookie" = [])),
    responses((status = 201, body = NewKey)),
)]
#[post("/v1/api-keys")]
pub(crate) async fn create_api_key(
    caller: Allowed<KeysManage>,
    state: Data<State>,
    body: Body<CreateApiKeyRequest>,
) -> Result<HttpResponse, Problem> {
    let now = Timestamp::now();
    let mut scopes = body.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Problem::invalid("scopes names one scope at least"));
    }
    let expires_at = body.expires_at;
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Problem::invalid("expires_at is in the past"));
    }
    let name = parse_name(&body.name);
    let name = name.ok_or_else(|| Problem::invalid("name has 1 to 100 characters"))?;
    let new = NewApiKey {
        name: name.clone(),
        scopes: scopes.clone(),
        per_second: RATE.0,
        burst: RATE.1,
        expires_at,
        by: caller.0.acts(),
    };
    let business = caller.0.business;
    let (id, secret) = accounts::create_api_key(&state.store, now, business, new).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(NewKey {
            id,
            name,
            scopes,
            expires_at,
            secret: secret.expose_secret().to_owned(),
        }))
}
