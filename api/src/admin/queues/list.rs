//! `GET /v1/admin/queues`.

use actix_web::get;
use actix_web::web::{Data, Json};

use super::QueueObject;
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::page::List;
use crate::problem::Problem;

/// Every queue: its depth, the age of its oldest job, its rates and failures, whether it is paused. Depths are counted
/// every other second.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    responses((status = 200, body = List<QueueObject>)),
)]
#[get("/v1/admin/queues")]
pub(crate) async fn list_queues(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
) -> Result<Json<List<QueueObject>>, Problem> {
    Ok(Json(List {
        data: super::all(&state).await?,
        next_cursor: None,
    }))
}
