//! `GET /v1/admin/shards`.

use actix_web::get;
use actix_web::web::{Data, Json};

use super::ShardObject;
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::page::List;
use crate::problem::Problem;

/// The shards by number, each with its latest process. One that stopped is shown as lost until its registration is
/// forgotten.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    responses((status = 200, body = List<ShardObject>)),
)]
#[get("/v1/admin/shards")]
pub(crate) async fn list_shards(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
) -> Result<Json<List<ShardObject>>, Problem> {
    let shards = store::shards::list(&state.store).await?;
    Ok(Json(List {
        data: shards.into_iter().map(ShardObject::from).collect(),
        next_cursor: None,
    }))
}
