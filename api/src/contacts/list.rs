//! `GET /v1/contacts`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use switchyard_core::object::ContactObject;

use crate::api::State;
use crate::caller::{Allowed, ContactsRead};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which contacts.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListContactsQuery {
    /// Part of a name or a number.
    #[param(max_length = 200)]
    q: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// People, in a fixed order.
#[utoipa::path(
    tag = "contacts",
    security(("bearer" = ["contacts:read"]), ("cookie" = [])),
    params(ListContactsQuery),
    responses((status = 200, body = List<ContactObject>)),
)]
#[get("/v1/contacts")]
pub(crate) async fn list_contacts(
    caller: Allowed<ContactsRead>,
    state: Data<State>,
    query: Query<ListContactsQuery>,
) -> Result<Json<List<ContactObject>>, Problem> {
    let query = query.into_inner();
    let limit = page::limit(query.limit)?;
    let q = page::search(query.q)?;
    let cursor = query.cursor.as_deref();
    let business = caller.0.business;
    let page = store::contacts::list(&state.store, business, q.as_deref(), cursor, limit).await?;
    Ok(Json(page.into()))
}
