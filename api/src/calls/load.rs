//! `GET /v1/call-load`.

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use store::calls::Minute;
use switchyard_core::Timestamp;
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, CallsRead};
use crate::problem::Problem;

/// A minute of the last hour.
#[derive(Serialize, ToSchema)]
#[schema(as = CallMinute)]
pub(crate) struct MinuteObject {
    /// Its beginning.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The most calls at a time in it.
    most: u32,
}

impl From<Minute> for MinuteObject {
    fn from(minute: Minute) -> Self {
        Self {
            at: minute.at,
            most: minute.most,
        }
    }
}

/// How busy the lines of a business are.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallLoad {
    /// Calls that are live now.
    live: u32,
    /// The most that the business may have at a time.
    limit: u32,
    /// The last hour, the present minute last.
    minutes: Vec<MinuteObject>,
}

/// How many calls the business has now, how many it may have, and the most at a time in each minute of the last hour.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:read"]), ("cookie" = [])),
    responses((status = 200, body = CallLoad)),
)]
#[get("/v1/call-load")]
pub(crate) async fn call_load(
    caller: Allowed<CallsRead>,
    state: Data<State>,
) -> Result<Json<CallLoad>, Problem> {
    let (now, business) = (Timestamp::now(), caller.0.business);
    let load = store::calls::load(&state.store, now, business).await?;
    Ok(Json(CallLoad {
        live: load.live,
        limit: load.most.unwrap_or(state.business_call_limit),
        minutes: load.minutes.into_iter().map(MinuteObject::from).collect(),
    }))
}
