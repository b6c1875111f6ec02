//! `GET /v1/members`.

use actix_web::get;
use actix_web::web::{Data, Json};
use switchyard_core::Timestamp;

use super::MemberObject;
use crate::api::State;
use crate::caller::{Allowed, MembersManage};
use crate::page::List;
use crate::problem::Problem;

/// Everybody in the business, the oldest member first, then the open invitations: 200 at most, on one page.
#[utoipa::path(
    tag = "members",
    security(("bearer" = ["members:manage"]), ("cookie" = [])),
    responses((status = 200, body = List<MemberObject>)),
)]
#[get("/v1/members")]
pub(crate) async fn list_members(
    caller: Allowed<MembersManage>,
    state: Data<State>,
) -> Result<Json<List<MemberObject>>, Problem> {
    let business = caller.0.business;
    let members = store::members::list(&state.store, business).await?;
    let invited = store::members::invitations(&state.store, Timestamp::now(), business).await?;
    let data = members.into_iter().map(MemberObject::from);
    Ok(Json(List {
        data: data
            .chain(invited.into_iter().map(MemberObject::from))
            .collect(),
        next_cursor: None,
    }))
}
