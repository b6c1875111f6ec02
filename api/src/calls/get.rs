//! `GET /v1/calls/{call_sid}`.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use switchyard_core::call::{CallObject, CallSid, StepObject};
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, CallsRead};
use crate::problem::Problem;

/// A call with all that happened in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallDetail {
    /// The call.
    call: CallObject,
    /// What happened, in order; at most 500 steps are kept.
    steps: Vec<StepObject>,
}

/// One call, with what happened in it.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:read"]), ("cookie" = [])),
    params(("call_sid" = String, Path, description = "The provider's id of the call")),
    responses((status = 200, body = CallDetail)),
)]
#[get("/v1/calls/{call_sid}")]
pub(crate) async fn get_call(
    caller: Allowed<CallsRead>,
    state: Data<State>,
    sid: Path<CallSid>,
) -> Result<Json<CallDetail>, Problem> {
    let (store, business) = (&state.store, caller.0.business);
    let call = store::calls::get(store, business, &sid).await?;
    let call = call.ok_or_else(Problem::not_found)?;
    let steps = store::calls::steps(store, business, &call.call_sid).await?;
    Ok(Json(CallDetail { call, steps }))
}
