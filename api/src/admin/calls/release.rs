//! `POST /v1/admin/calls/{call_sid}/release`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use switchyard_core::Timestamp;
use switchyard_core::call::CallSid;

use super::away;
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::problem::Problem;

/// Takes the slot of a call back, whatever the call does: what it asks next is answered by the end. For a call of which
/// the telephone company knows nothing any more, and which still holds one.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("call_sid" = String, Path, description = "The provider's id of the call")),
    responses((status = 204, description = "Its slot is free")),
)]
#[post("/v1/admin/calls/{call_sid}/release")]
pub(crate) async fn release_call(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    sid: Path<CallSid>,
) -> Result<HttpResponse, Problem> {
    let holders = state.slots.holders().await.map_err(away)?;
    let held = holders.iter().find(|it| it.id == sid.as_str());
    let business = held.and_then(|it| it.business);
    let business = business.ok_or_else(Problem::not_found)?;
    let (now, by, sid) = (Timestamp::now(), caller.0.operates(), sid.into_inner());
    // First its row, which says who did it: without one nothing is taken from anybody.
    store::calls::note_release(&state.store, now, by, business, sid.clone()).await?;
    state
        .slots
        .release(sid.as_str(), business, "released")
        .await
        .map_err(away)?;
    Ok(HttpResponse::NoContent().finish())
}
