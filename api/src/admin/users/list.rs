//! `GET /v1/admin/users`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use store::users;

use super::AccountObject;
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which people.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsersQuery {
    /// Part of a name or of an address.
    q: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The people of the platform, oldest account first.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(ListUsersQuery),
    responses((status = 200, body = List<AccountObject>)),
)]
#[get("/v1/admin/users")]
pub(crate) async fn list_users(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    query: Query<ListUsersQuery>,
) -> Result<Json<List<AccountObject>>, Problem> {
    let limit = page::limit(query.limit)?;
    let (q, cursor) = (query.q.as_deref(), query.cursor.as_deref());
    let page = users::list(&state.store, q, cursor, limit).await?;
    Ok(Json(List {
        data: page.data.into_iter().map(AccountObject::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
