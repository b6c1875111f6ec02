//! `DELETE /v1/call-numbers/{id}`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};
use switchyard_core::{CallNumberId, Timestamp};

use crate::api::State;
use crate::caller::{Allowed, CallsWrite};
use crate::problem::Problem;

/// Lets a number take no calls any more. Calls that are under way go on.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:write"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`num_…`")),
    responses((status = 204, description = "It takes none any more")),
)]
#[delete("/v1/call-numbers/{id}")]
pub(crate) async fn remove_call_number(
    caller: Allowed<CallsWrite>,
    state: Data<State>,
    id: Path<CallNumberId>,
) -> Result<HttpResponse, Problem> {
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    if store::calls::remove_number(&state.store, now, by, business, *id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found())
    }
}
