//! `GET /v1/sessions`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use switchyard_core::SessionId;
use switchyard_core::object::SessionObject;

use super::shown;
use crate::api::State;
use crate::caller::{Allowed, SessionsRead};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which numbers.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListSessionsQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The numbers of the business, oldest first.
#[utoipa::path(
    tag = "sessions",
    security(("bearer" = ["sessions:read"]), ("cookie" = [])),
    params(ListSessionsQuery),
    responses((status = 200, body = List<SessionObject>)),
)]
#[get("/v1/sessions")]
pub(crate) async fn list_sessions(
    caller: Allowed<SessionsRead>,
    state: Data<State>,
    query: Query<ListSessionsQuery>,
) -> Result<Json<List<SessionObject>>, Problem> {
    let limit = usize::try_from(page::limit(query.limit)?).map_err(Problem::internal)?;
    let unreadable = |_| Problem::invalid("the cursor cannot be read");
    let after: Option<SessionId> = query
        .cursor
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(unreadable)?;
    // A business has a handful of numbers: all are read, and the page is cut here.
    let sessions = store::sessions::list(&state.store, caller.0.business).await?;
    let rest = sessions
        .iter()
        .filter(|it| after.is_none_or(|after| it.id > after));
    let mut data: Vec<SessionObject> = rest
        .take(limit + 1)
        .map(|it| shown(&caller.0, it))
        .collect();
    let is_last = data.len() <= limit;
    data.truncate(limit);
    let next_cursor = data.last().filter(|_| !is_last).map(|it| it.id.to_string());
    Ok(Json(List { data, next_cursor }))
}
