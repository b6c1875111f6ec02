//! `GET /v1/call-numbers`.

use actix_web::get;
use actix_web::web::{Data, Json};

use super::CallNumberObject;
use crate::api::State;
use crate::caller::{Allowed, CallsRead};
use crate::page::List;
use crate::problem::Problem;

/// The phone numbers of the business that take calls, oldest first; at most 100.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:read"]), ("cookie" = [])),
    responses((status = 200, body = List<CallNumberObject>)),
)]
#[get("/v1/call-numbers")]
pub(crate) async fn list_call_numbers(
    caller: Allowed<CallsRead>,
    state: Data<State>,
) -> Result<Json<List<CallNumberObject>>, Problem> {
    let numbers = store::calls::numbers(&state.store, caller.0.business).await?;
    Ok(Json(List {
        data: (numbers.into_iter())
            .map(|number| CallNumberObject::of(number, caller.0.business, &state))
            .collect(),
        next_cursor: None,
    }))
}
