//! `PATCH /v1/business`.

use actix_web::patch;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use store::businesses::{self, TenantChange};
use switchyard_core::Timestamp;
use switchyard_core::account::parse_name;
use utoipa::ToSchema;

use super::OwnBusiness;
use crate::api::State;
use crate::caller::{Allowed, BusinessManage};
use crate::input::Body;
use crate::problem::Problem;

/// What changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameBusinessRequest {
    /// What the business is called.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Renames the business.
#[utoipa::path(
    request_body = RenameBusinessRequest,
    tag = "business",
    security(("bearer" = ["business:manage"]), ("cookie" = [])),
    responses((status = 200, body = OwnBusiness)),
)]
#[patch("/v1/business")]
pub(crate) async fn rename_business(
    caller: Allowed<BusinessManage>,
    state: Data<State>,
    body: Body<RenameBusinessRequest>,
) -> Result<Json<OwnBusiness>, Problem> {
    let name = parse_name(&body.name);
    let name = name.ok_or_else(|| Problem::invalid("name has 1 to 100 characters"))?;
    let change = TenantChange {
        name: Some(name),
        ..TenantChange::default()
    };
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    let tenant = businesses::change(&state.store, now, by, business, change).await?;
    state.credentials.changed(&state.store).await;
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    Ok(Json(OwnBusiness::of(tenant, &state.store).await?))
}
