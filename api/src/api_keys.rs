//! API keys: shown once, scoped, revoked everywhere within seconds.

use serde::Serialize;
use store::accounts::ListedKey;
use switchyard_core::permission::Scope;
use switchyard_core::{KeyId, Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

mod create;
mod list;
mod revoke;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_api_keys)
        .service(create::create_api_key)
        .service(revoke::revoke_api_key);
}

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyObject {
    /// `key_…`
    #[schema(value_type = String)]
    id: KeyId,
    /// What people call it.
    name: String,
    /// The last characters of its secret.
    hint: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// Requests a second.
    per_second: u32,
    /// Requests at once.
    burst: u32,
    /// Who made it.
    #[schema(value_type = Option<String>)]
    created_by: Option<UserId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<ListedKey> for ApiKeyObject {
    fn from(key: ListedKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            hint: key.hint,
            scopes: key.scopes,
            per_second: key.per_second,
            burst: key.burst,
            created_by: key.created_by,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}
