//! `GET /v1/calls`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use switchyard_core::call::CallObject;

use crate::api::State;
use crate::caller::{Allowed, CallsRead};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which calls.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListCallsQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The calls of the business, newest first.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:read"]), ("cookie" = [])),
    params(ListCallsQuery),
    responses((status = 200, body = List<CallObject>)),
)]
#[get("/v1/calls")]
pub(crate) async fn list_calls(
    caller: Allowed<CallsRead>,
    state: Data<State>,
    query: Query<ListCallsQuery>,
) -> Result<Json<List<CallObject>>, Problem> {
    let (business, limit) = (caller.0.business, page::limit(query.limit)?);
    let calls = store::calls::list(&state.store, business, query.cursor.as_deref(), limit).await?;
    Ok(Json(calls.into()))
}
