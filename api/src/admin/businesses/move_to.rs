//! `POST /v1/admin/businesses/{id}/move`, and how far that has come.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use store::shards::{self, Move};
use switchyard_core::shard::MoveState;
use switchyard_core::{BusinessId, Timestamp};
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::input::Body;
use crate::problem::Problem;

/// Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveBusinessRequest {
    /// The number of the shard.
    #[schema(minimum = 1, maximum = 65_535)]
    shard: u16,
    /// Only say what that would do.
    #[serde(default)]
    dry_run: bool,
}

/// How far a move has come.
#[derive(Serialize, ToSchema)]
#[schema(as = Move)]
pub(crate) struct MoveObject {
    /// The business, `biz_…`
    #[schema(value_type = String)]
    id: BusinessId,
    /// The shard where it goes.
    shard: u16,
    /// Where it stands.
    state: MoveState,
    /// Sessions that have arrived.
    moved: u32,
    /// Sessions that had to go.
    total: u32,
}

impl From<Move> for MoveObject {
    fn from(it: Move) -> Self {
        Self {
            id: it.business,
            shard: it.number,
            state: it.state,
            moved: it.moved,
            total: it.total,
        }
    }
}

/// Moves a business to a shard: all its numbers, without a new code to scan, each away for a moment. It belongs there
/// from then on.
#[utoipa::path(
    request_body = MoveBusinessRequest,
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`biz_…`")),
    responses((status = 202, body = MoveObject, description = "It has begun, or was only planned")),
)]
#[post("/v1/admin/businesses/{id}/move")]
pub(crate) async fn move_business(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    id: Path<BusinessId>,
    body: Body<MoveBusinessRequest>,
) -> Result<HttpResponse, Problem> {
    if body.shard == 0 {
        return Err(Problem::invalid("shards are counted from 1"));
    }
    let (now, by) = (Timestamp::now(), caller.0.operates());
    let (shard, plan) = (body.shard, body.dry_run);
    let begun = shards::move_business(&state.store, now, by, *id, shard, plan).await?;
    let begun = begun.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Accepted().json(MoveObject::from(begun)))
}

/// The last move of a business that somebody asked for; 404 when there was none.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`biz_…`")),
    responses((status = 200, body = MoveObject)),
)]
#[get("/v1/admin/businesses/{id}/move")]
pub(crate) async fn get_move(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    id: Path<BusinessId>,
) -> Result<Json<MoveObject>, Problem> {
    let last = shards::last_move(&state.store, *id).await?;
    let last = last.ok_or_else(Problem::not_found)?;
    Ok(Json(last.into()))
}
