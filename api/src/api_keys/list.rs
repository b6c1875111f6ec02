//! `GET /v1/api-keys`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use store::accounts;

use super::ApiKeyObject;
use crate::api::State;
use crate::caller::{Allowed, KeysManage};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which keys.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListApiKeysQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The keys that were not revoked, oldest first.
#[utoipa::path(
    tag = "api-keys",
    security(("bearer" = ["keys:manage"]), ("cookie" = [])),
    params(ListApiKeysQuery),
    responses((status = 200, body = List<ApiKeyObject>)),
)]
#[get("/v1/api-keys")]
pub(crate) async fn list_api_keys(
    caller: Allowed<KeysManage>,
    state: Data<State>,
    query: Query<ListApiKeysQuery>,
) -> Result<Json<List<ApiKeyObject>>, Problem> {
    let limit = page::limit(query.limit)?;
    let (business, cursor) = (caller.0.business, query.cursor.as_deref());
    let page = accounts::api_keys(&state.store, business, cursor, limit).await?;
    Ok(Json(List {
        data: page.data.into_iter().map(ApiKeyObject::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
