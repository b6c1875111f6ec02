//! `GET /v1/events`: replay by cursor.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use switchyard_core::object::EventObject;

use crate::api::State;
use crate::caller::{Allowed, EventsRead};
use crate::page::{self, List};
use crate::problem::Problem;

/// From where, and how many.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEventsQuery {
    /// The `seq` of the last event that you have; 0, or left out, begins with the oldest that is kept.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Events after a cursor, in order. `next_cursor` is always there: pass it as `after`.
#[utoipa::path(
    tag = "events",
    security(("bearer" = ["events:read"]), ("cookie" = [])),
    params(ListEventsQuery),
    responses((status = 200, body = List<EventObject>)),
)]
#[get("/v1/events")]
pub(crate) async fn list_events(
    caller: Allowed<EventsRead>,
    state: Data<State>,
    query: Query<ListEventsQuery>,
) -> Result<Json<List<EventObject>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = cursor(query.after)?.unwrap_or(0);
    let page = store::events::after(&state.store, caller.0.business, after, limit).await?;
    Ok(Json(List {
        data: page.events,
        next_cursor: Some(page.next.to_string()),
    }))
}

/// A cursor that was given is not negative.
pub(super) fn cursor(after: Option<i64>) -> Result<Option<i64>, Problem> {
    match after {
        Some(after) if after < 0 => Err(Problem::invalid("after is 0 or the seq of an event")),
        after => Ok(after),
    }
}
