//! `POST /v1/call-numbers`.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use switchyard_core::Timestamp;
use switchyard_core::account::parse_name;
use switchyard_core::address::Phone;
use switchyard_core::code::ApiCode;
use utoipa::ToSchema;

use super::CallNumberObject;
use crate::api::State;
use crate::caller::{Allowed, CallsWrite};
use crate::input::Body;
use crate::problem::Problem;

/// A number that is to take calls.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddCallNumberRequest {
    /// The number, `+` and its country code first.
    #[schema(min_length = 8, max_length = 24)]
    phone: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Lets a number take calls for the business. Whoever owns the number at the telephone company sets the addresses of
/// the answer there.
#[utoipa::path(
    request_body = AddCallNumberRequest,
    tag = "calls",
    security(("bearer" = ["calls:write"]), ("cookie" = [])),
    responses((status = 201, body = CallNumberObject)),
)]
#[post("/v1/call-numbers")]
pub(crate) async fn add_call_number(
    caller: Allowed<CallsWrite>,
    state: Data<State>,
    body: Body<AddCallNumberRequest>,
) -> Result<HttpResponse, Problem> {
    let name = parse_name(&body.name);
    let name = name.ok_or_else(|| Problem::invalid("name has 1 to 100 characters"))?;
    let phone = Phone::parse(&body.phone).filter(|_| body.phone.trim().starts_with('+'));
    let code = ApiCode::InvalidPhone;
    let phone = phone.ok_or_else(|| Problem::new(code, code.row().example))?;
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    let added = store::calls::add_number(&state.store, now, by, business, phone, name).await?;
    let made = CallNumberObject::of(added, business, &state);
    Ok(HttpResponse::Created().json(made))
}
