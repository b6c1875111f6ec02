//! `GET /v1/business`.

use actix_web::get;
use actix_web::web::{Data, Json};
use store::businesses;

use super::OwnBusiness;
use crate::api::State;
use crate::caller::{Allowed, Any};
use crate::problem::Problem;

/// The business that the credential names, with its limits and what it uses of them.
#[utoipa::path(
    tag = "business",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = OwnBusiness)),
)]
#[get("/v1/business")]
pub(crate) async fn get_business(
    caller: Allowed<Any>,
    state: Data<State>,
) -> Result<Json<OwnBusiness>, Problem> {
    let tenant = businesses::get(&state.store, caller.0.business).await?;
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    Ok(Json(OwnBusiness::of(tenant, &state.store).await?))
}
