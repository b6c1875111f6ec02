//! `GET /v1/admin/calls`.

use actix_web::get;
use actix_web::web::{Data, Json};

use super::{HolderObject, SlotsObject, away, seconds, standing};
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::problem::Problem;

/// The slots of calls, of all businesses, with who holds them.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    responses((status = 200, body = SlotsObject)),
)]
#[get("/v1/admin/calls")]
pub(crate) async fn list_slots(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
) -> Result<Json<SlotsObject>, Problem> {
    let standing = standing(&state).await?;
    let mut holders = state.slots.holders().await.map_err(away)?;
    holders.sort_by(|a, b| b.age.cmp(&a.age).then_with(|| a.id.cmp(&b.id)));
    Ok(Json(SlotsObject {
        live: standing.live,
        limit: standing.limit,
        warming_s: seconds(standing.warming),
        data: holders.into_iter().map(HolderObject::from).collect(),
    }))
}
