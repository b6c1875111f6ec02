//! `PATCH /v1/admin/businesses/{id}`.

use actix_web::patch;
use actix_web::web::{Data, Json, Path};
use serde::Deserialize;
use store::businesses::{self, TenantChange};
use switchyard_core::code::ApiCode;
use switchyard_core::{BusinessId, Timestamp};
use utoipa::ToSchema;

use super::{BusinessStatus, TenantObject, name};
use crate::api::State;
use crate::business::LimitsRequest;
use crate::caller::{Allowed, PlatformOperate};
use crate::input::Body;
use crate::problem::Problem;

/// What changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBusinessRequest {
    /// Another name.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Suspended or active again.
    status: Option<BusinessStatus>,
    /// All limits anew: one that is left out or `null` is none.
    #[serde(default, deserialize_with = "crate::input::optional_object")]
    limits: Option<LimitsRequest>,
}

/// Renames, limits, suspends or resumes a business. Suspended, nobody signs in to it and none of its keys works, within
/// five seconds; what it was told to send is still sent, and what arrives is kept.
#[utoipa::path(
    request_body = ChangeBusinessRequest,
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`biz_…`")),
    responses((status = 200, body = TenantObject)),
)]
#[patch("/v1/admin/businesses/{id}")]
pub(crate) async fn change_business(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    id: Path<BusinessId>,
    body: Body<ChangeBusinessRequest>,
) -> Result<Json<TenantObject>, Problem> {
    let suspended = body.status.map(|it| it == BusinessStatus::Suspended);
    if suspended == Some(true) && *id == caller.0.business {
        let code = ApiCode::OwnBusiness;
        return Err(Problem::new(code, code.row().example));
    }
    let change = TenantChange {
        name: body.name.as_deref().map(name).transpose()?,
        suspended,
        limits: body.limits.map(LimitsRequest::parse).transpose()?,
        retention: None,
    };
    let (now, by) = (Timestamp::now(), caller.0.operates());
    let tenant = businesses::change(&state.store, now, by, *id, change).await?;
    state.credentials.changed(&state.store).await;
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    Ok(Json(tenant.into()))
}
