//! `PATCH /v1/business`.

use actix_web::patch;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use store::businesses::{self, TenantChange};
use switchyard_core::Timestamp;
use switchyard_core::account::parse_name;
use utoipa::ToSchema;

use super::{OwnBusiness, RetentionRequest};
use crate::api::State;
use crate::caller::{Allowed, BusinessManage};
use crate::input::Body;
use crate::problem::Problem;

/// What changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeOwnBusinessRequest {
    /// What the business is called.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// For how long it keeps what it has, all of it anew: what is left out or `null` is kept as long as can be. What is
    /// older goes within the hour, and does not come back.
    #[serde(default, deserialize_with = "crate::input::optional_object")]
    retention: Option<RetentionRequest>,
}

/// Renames the business, or changes for how long it keeps what it has; what is left out stays.
#[utoipa::path(
    request_body = ChangeOwnBusinessRequest,
    tag = "business",
    security(("bearer" = ["business:manage"]), ("cookie" = [])),
    responses((status = 200, body = OwnBusiness)),
)]
#[patch("/v1/business")]
pub(crate) async fn change_own_business(
    caller: Allowed<BusinessManage>,
    state: Data<State>,
    body: Body<ChangeOwnBusinessRequest>,
) -> Result<Json<OwnBusiness>, Problem> {
    let name = |text: &String| {
        parse_name(text).ok_or_else(|| Problem::invalid("name has 1 to 100 characters"))
    };
    let change = TenantChange {
        name: body.name.as_ref().map(name).transpose()?,
        retention: body.retention.map(RetentionRequest::parse).transpose()?,
        ..TenantChange::default()
    };
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    let tenant = businesses::change(&state.store, now, by, business, change).await?;
    state.credentials.changed(&state.store).await;
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    Ok(Json(OwnBusiness::of(tenant, &state.store).await?))
}
