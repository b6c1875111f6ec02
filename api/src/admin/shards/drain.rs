//! `POST /v1/admin/shards/{number}/drain` and `/undrain`, and how far that has come.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post};
use serde::Serialize;
use store::shards::{self, Drain};
use switchyard_core::Timestamp;
use switchyard_core::shard::DrainState;
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::problem::Problem;

/// How far the emptying of a shard has come.
#[derive(Serialize, ToSchema)]
#[schema(as = Drain)]
pub(crate) struct DrainObject {
    /// The shard.
    number: u16,
    /// Where it stands.
    state: DrainState,
    /// Sessions that are gone.
    moved: u32,
    /// Sessions that it had to give away.
    total: u32,
    /// How long the rest will take at the pace so far; `null` before the first one is gone.
    seconds_left: Option<u32>,
    /// Sessions that stay for as long as no other shard has room for their whole business.
    waiting_for_room: u32,
}

impl From<Drain> for DrainObject {
    fn from(drain: Drain) -> Self {
        Self {
            number: drain.number,
            state: drain.state,
            moved: drain.moved,
            total: drain.total,
            seconds_left: drain.seconds_left,
            waiting_for_room: drain.waiting_for_room,
        }
    }
}

/// Empties a shard. It takes nothing new and gives its businesses to the others, one after the other, without a new
/// code to scan. It stays so, whichever process has the number, until `…/undrain`.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("number" = u16, Path, description = "Its number, from 1")),
    responses((status = 202, body = DrainObject, description = "It has begun")),
)]
#[post("/v1/admin/shards/{number}/drain")]
pub(crate) async fn drain_shard(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    number: Path<u16>,
) -> Result<HttpResponse, Problem> {
    let (now, by, home) = (Timestamp::now(), caller.0.operates(), caller.0.business);
    let drain = shards::drain(&state.store, now, by, Some(home), *number).await?;
    let drain = drain.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Accepted().json(DrainObject::from(drain)))
}

/// How far the emptying of a shard has come; 404 when it is not to be empty.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("number" = u16, Path, description = "Its number, from 1")),
    responses((status = 200, body = DrainObject)),
)]
#[get("/v1/admin/shards/{number}/drain")]
pub(crate) async fn get_drain(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    number: Path<u16>,
) -> Result<Json<DrainObject>, Problem> {
    let drain = shards::drain_of(&state.store, Timestamp::now(), *number).await?;
    let drain = drain.ok_or_else(Problem::not_found)?;
    Ok(Json(drain.into()))
}

/// Lets a shard take numbers again. What has gone stays where it is for now, what has not stays here; later each
/// business goes home by itself.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("number" = u16, Path, description = "Its number, from 1")),
    responses((status = 204)),
)]
#[post("/v1/admin/shards/{number}/undrain")]
pub(crate) async fn undrain_shard(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    number: Path<u16>,
) -> Result<HttpResponse, Problem> {
    let (now, by, home) = (Timestamp::now(), caller.0.operates(), caller.0.business);
    let undrained = shards::undrain(&state.store, now, by, Some(home), *number).await?;
    undrained.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::NoContent().finish())
}
