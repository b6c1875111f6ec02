//! `GET` and `PUT /v1/admin/calls/limit`.

use actix_web::web::{Data, Json};
use actix_web::{get, put};
use serde::{Deserialize, Serialize};
use switchyard_core::Timestamp;
use utoipa::ToSchema;

use super::{away, standing};
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::input::Body;
use crate::problem::Problem;

/// The most that a limit can be.
const MOST: u32 = 100_000;

/// The limit of calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallLimit {
    /// The most calls at a time, of all businesses.
    limit: u32,
    /// Calls that take a slot now.
    live: u32,
}

async fn shown(state: &State) -> Result<Json<CallLimit>, Problem> {
    let standing = standing(state).await?;
    Ok(Json(CallLimit {
        limit: standing.limit,
        live: standing.live,
    }))
}

/// How many calls there may be at a time, of all businesses.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    responses((status = 200, body = CallLimit)),
)]
#[get("/v1/admin/calls/limit")]
pub(crate) async fn get_call_limit(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
) -> Result<Json<CallLimit>, Problem> {
    shown(&state).await
}

/// Another limit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutCallLimitRequest {
    /// The most calls at a time; 0 takes no new ones.
    #[schema(minimum = 0, maximum = 100_000)]
    limit: u32,
}

/// Changes the limit for all replicas, for good. Calls that are under way are not ended by a lower one.
#[utoipa::path(
    request_body = PutCallLimitRequest,
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    responses((status = 200, body = CallLimit)),
)]
#[put("/v1/admin/calls/limit")]
pub(crate) async fn put_call_limit(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    body: Body<PutCallLimitRequest>,
) -> Result<Json<CallLimit>, Problem> {
    let limit = body.limit;
    if limit > MOST {
        return Err(Problem::invalid("limit is 0 to 100,000"));
    }
    let (now, by, home) = (Timestamp::now(), caller.0.operates(), caller.0.business);
    store::calls::set_call_limit(&state.store, now, by, home, limit).await?;
    state.slots.set_limit(Some(limit)).await.map_err(away)?;
    shown(&state).await
}
