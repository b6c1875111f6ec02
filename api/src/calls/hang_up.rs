//! `POST /v1/calls/{call_sid}/hangup`: ends a call, or takes one back that still waits.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use switchyard_core::Timestamp;
use switchyard_core::call::{CallObject, CallSid};

use crate::api::State;
use crate::caller::{Allowed, CallsWrite};
use crate::problem::Problem;

/// Ends a call, whichever way it goes. One that still waits for a line is over with this answer and never made; of any other
/// one the telephone company is told within a second or two, and again until the call is over, which `call.ended` tells.
/// Asked again for the same call nothing more is done.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:write"]), ("cookie" = [])),
    params(("call_sid" = String, Path, description = "Either id of the call")),
    responses((status = 202, body = CallObject, description = "It ends; so it stands now")),
)]
#[post("/v1/calls/{call_sid}/hangup")]
pub(crate) async fn hang_up_call(
    caller: Allowed<CallsWrite>,
    state: Data<State>,
    sid: Path<CallSid>,
) -> Result<HttpResponse, Problem> {
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    let sid = sid.into_inner();
    let call = store::calls::hang_up(&state.store, now, by, business, sid).await?;
    let call = call.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Accepted().json(call))
}
