//! `GET /v1/admin/queues/{queue}/minutes`.

use std::time::Duration;

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use store::queues::{self, Minute};
use switchyard_core::Timestamp;
use switchyard_core::queue::Queue;
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::page::List;
use crate::problem::Problem;

/// What a plot shows.
const SHOWN: Duration = Duration::from_hours(1);

/// One minute of a queue.
#[derive(Serialize, ToSchema)]
#[schema(as = QueueMinute)]
pub(crate) struct MinuteObject {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Jobs done in it.
    done: i64,
    /// Attempts that failed in it, of jobs that come again.
    failed: i64,
    /// Jobs that died in it.
    dead: i64,
    /// Jobs that waited or ran when they were counted last in it; `null`: no worker counted.
    depth: Option<i64>,
    /// For how many seconds the job that was due longest had been due then.
    oldest_s: Option<i64>,
}

impl From<Minute> for MinuteObject {
    fn from(minute: Minute) -> Self {
        Self {
            at: minute.at,
            done: minute.done,
            failed: minute.failed,
            dead: minute.dead,
            depth: minute.depth,
            oldest_s: minute.oldest_ms.map(|ms| ms.div_euclid(1_000)),
        }
    }
}

/// The last hour of a queue by the minute, oldest first. Minutes in which no worker lived are left out.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("queue" = Queue, Path, description = "The queue's name")),
    responses((status = 200, body = List<MinuteObject>)),
)]
#[get("/v1/admin/queues/{queue}/minutes")]
pub(crate) async fn queue_minutes(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    queue: Path<Queue>,
) -> Result<Json<List<MinuteObject>>, Problem> {
    let since = Timestamp::now().minus(SHOWN);
    let minutes = queues::minutes(&state.store, *queue, since).await?;
    Ok(Json(List {
        data: minutes.into_iter().map(MinuteObject::from).collect(),
        next_cursor: None,
    }))
}
