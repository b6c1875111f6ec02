//! `POST /v1/admin/queues/{queue}/pause` and `…/resume`.

use actix_web::post;
use actix_web::web::{Data, Json, Path};
use store::queues;
use switchyard_core::Timestamp;
use switchyard_core::queue::Queue;

use super::QueueObject;
use crate::api::State;
use crate::caller::{Allowed, Caller, PlatformOperate};
use crate::problem::Problem;

/// Pauses a queue. Within two seconds no worker takes a job from it any more; what runs is finished, and what comes in
/// waits.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("queue" = Queue, Path, description = "The queue's name")),
    responses((status = 200, body = QueueObject)),
)]
#[post("/v1/admin/queues/{queue}/pause")]
pub(crate) async fn pause_queue(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    queue: Path<Queue>,
) -> Result<Json<QueueObject>, Problem> {
    set(&state, &caller.0, *queue, true).await
}

/// Lets a paused queue go on.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("queue" = Queue, Path, description = "The queue's name")),
    responses((status = 200, body = QueueObject)),
)]
#[post("/v1/admin/queues/{queue}/resume")]
pub(crate) async fn resume_queue(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    queue: Path<Queue>,
) -> Result<Json<QueueObject>, Problem> {
    set(&state, &caller.0, *queue, false).await
}

async fn set(
    state: &State,
    caller: &Caller,
    queue: Queue,
    paused: bool,
) -> Result<Json<QueueObject>, Problem> {
    let (now, by) = (Timestamp::now(), caller.operates());
    queues::pause(&state.store, now, by, caller.business, queue, paused).await?;
    Ok(Json(super::one(state, queue).await?))
}
