//! `GET /v1/events/stream`: the same events as they happen, as server-sent events that resume where they broke off.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use switchyard_core::code::ApiCode;

use super::feed::Feed;
use super::list::cursor;
use crate::api::State;
use crate::caller::{Allowed, EventsRead};
use crate::problem::Problem;

/// From where.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The `seq` of the last event that you have; left out, the stream begins now.
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// Events as they happen. The `id` of each is its `seq`, its `data` the event; `event: reset` means that the cursor
/// names no event that is kept: load what you show anew. A comment comes every 15 seconds. It ends with the access token.
#[utoipa::path(
    tag = "events",
    security(("bearer" = ["events:read"]), ("cookie" = [])),
    params(
        StreamQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "As browsers send it; goes before `after`"),
    ),
    responses((
        status = 200,
        body = String,
        content_type = "text/event-stream",
        description = "Blocks of lines; what follows `data: ` is an `Event`",
    )),
)]
#[get("/v1/events/stream")]
pub(crate) async fn stream_events(
    request: HttpRequest,
    caller: Allowed<EventsRead>,
    state: Data<State>,
    query: Query<StreamQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller.0;
    let after = match cursor(last_event_id(&request)?.or(query.after))? {
        Some(after) => after,
        None => store::events::head(&state.store, caller.business).await?,
    };
    let slot = state.streams.open(caller.actor(), &state.metrics.streams);
    let slot = slot.ok_or_else(|| {
        let detail = "five live streams are open already: close one";
        Problem::new(ApiCode::TooManyRequests, detail).after(15)
    })?;
    let feed = Feed::new(state.into_inner(), caller, after, slot);
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(feed.into_stream()))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(header) = request.headers().get("last-event-id") else {
        return Ok(None);
    };
    let number = header.to_str().ok().and_then(|it| it.trim().parse().ok());
    let unreadable = || Problem::invalid("Last-Event-ID is the id of an event of this stream");
    number.map(Some).ok_or_else(unreadable)
}
