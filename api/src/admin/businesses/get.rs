//! `GET /v1/admin/businesses/{id}`.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use store::businesses;
use switchyard_core::BusinessId;

use super::TenantObject;
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::problem::Problem;

/// One business.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`biz_…`")),
    responses((status = 200, body = TenantObject)),
)]
#[get("/v1/admin/businesses/{id}")]
pub(crate) async fn get_tenant(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    id: Path<BusinessId>,
) -> Result<Json<TenantObject>, Problem> {
    let tenant = businesses::get(&state.store, *id).await?;
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    Ok(Json(tenant.into()))
}
