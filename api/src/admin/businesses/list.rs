//! `GET /v1/admin/businesses`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use store::businesses;

use super::TenantObject;
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which businesses.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListBusinessesQuery {
    /// Part of a name.
    q: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The businesses of the platform, oldest first.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(ListBusinessesQuery),
    responses((status = 200, body = List<TenantObject>)),
)]
#[get("/v1/admin/businesses")]
pub(crate) async fn list_businesses(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    query: Query<ListBusinessesQuery>,
) -> Result<Json<List<TenantObject>>, Problem> {
    let limit = page::limit(query.limit)?;
    let (q, cursor) = (query.q.as_deref(), query.cursor.as_deref());
    let page = businesses::list(&state.store, q, cursor, limit).await?;
    Ok(Json(List {
        data: page.data.into_iter().map(TenantObject::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
