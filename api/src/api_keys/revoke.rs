//! `DELETE /v1/api-keys/{id}`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};
use store::accounts;
use switchyard_core::{KeyId, Timestamp};

use crate::api::State;
use crate::caller::{Allowed, KeysManage};
use crate::problem::Problem;

/// Revokes a key, in every process within five seconds.
#[utoipa::path(
    tag = "api-keys",
    security(("bearer" = ["keys:manage"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`key_…`")),
    responses((status = 204, description = "Revoked")),
)]
#[delete("/v1/api-keys/{id}")]
pub(crate) async fn revoke_api_key(
    caller: Allowed<KeysManage>,
    state: Data<State>,
    id: Path<KeyId>,
) -> Result<HttpResponse, Problem> {
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    if !accounts::revoke_api_key(&state.store, now, by, business, *id).await? {
        return Err(Problem::not_found());
    }
    state.credentials.changed(&state.store).await;
    Ok(HttpResponse::NoContent().finish())
}
