//! `GET /v1/admin/audit`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;
use crate::audit::{AuditObject, ListAuditQuery};
use crate::caller::{Allowed, PlatformOperate};
use crate::page::{self, List};
use crate::problem::Problem;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_all_audit);
}

/// Who did what in any business, newest first.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(ListAuditQuery),
    responses((status = 200, body = List<AuditObject>)),
)]
#[get("/v1/admin/audit")]
pub(crate) async fn list_all_audit(
    _caller: Allowed<PlatformOperate>,
    state: Data<State>,
    query: Query<ListAuditQuery>,
) -> Result<Json<List<AuditObject>>, Problem> {
    let limit = page::limit(query.limit)?;
    let (wanted, cursor) = (query.wanted()?, query.cursor.as_deref());
    let page = store::audit::list_all(&state.store, wanted, cursor, limit).await?;
    Ok(Json(List {
        data: page.data.into_iter().map(AuditObject::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
