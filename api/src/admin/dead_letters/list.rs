//! `GET /v1/admin/dead-letters`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use store::jobs;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, Timestamp};

use super::{DeadLetterObject, RetryDeadLettersRequest};
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which dead letters, and which page of them.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDeadLettersQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Of this queue.
    queue: Option<Queue>,
    /// Of this kind of work.
    #[param(max_length = 100)]
    kind: Option<String>,
    /// Of this business, `biz_…`.
    #[param(value_type = Option<String>, pattern = "^biz_[0-9a-f]{32}$")]
    business_id: Option<BusinessId>,
    /// That failed with this code the last time.
    #[param(max_length = 100)]
    error: Option<String>,
    /// That died not before this instant, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// That died before this instant, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Jobs that will not be tried again unless somebody asks, newest first. They are kept for 30 days.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(ListDeadLettersQuery),
    responses((status = 200, body = List<DeadLetterObject>)),
)]
#[get("/v1/admin/dead-letters")]
pub(crate) async fn list_dead_letters(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    query: Query<ListDeadLettersQuery>,
) -> Result<Json<List<DeadLetterObject>>, Problem> {
    let query = query.into_inner();
    let limit = page::limit(query.limit)?;
    let filter = RetryDeadLettersRequest {
        queue: query.queue,
        kind: query.kind,
        business_id: query.business_id,
        error: query.error,
        since: query.since,
        until: query.until,
    };
    let cursor = query.cursor.as_deref();
    let page = jobs::dead_letters(&state.store, &filter.try_into()?, cursor, limit).await?;
    Ok(Json(List {
        data: page.data.into_iter().map(DeadLetterObject::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
