//! `PATCH /v1/members/{id}`.

use actix_web::patch;
use actix_web::web::{Data, Json, Path};
use serde::Deserialize;
use switchyard_core::Timestamp;
use switchyard_core::permission::Role;
use utoipa::ToSchema;

use super::{MemberId, MemberObject};
use crate::api::State;
use crate::caller::{Allowed, MembersManage};
use crate::input::Body;
use crate::problem::Problem;

/// What changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMemberRequest {
    /// What the person may do from now on.
    role: Role,
}

/// Gives a member another role. The last owner keeps it. For an invitation, invite again.
#[utoipa::path(
    request_body = ChangeMemberRequest,
    tag = "members",
    security(("bearer" = ["members:manage"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, body = MemberObject)),
)]
#[patch("/v1/members/{id}")]
pub(crate) async fn change_member(
    caller: Allowed<MembersManage>,
    state: Data<State>,
    id: Path<MemberId>,
    body: Body<ChangeMemberRequest>,
) -> Result<Json<MemberObject>, Problem> {
    let MemberId::User(user) = *id else {
        return Err(Problem::not_found());
    };
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    let store = &state.store;
    let member = store::members::change_role(store, now, by, business, user, body.role).await?;
    state.credentials.changed(&state.store).await;
    let member = member.ok_or_else(Problem::not_found)?;
    Ok(Json(member.into()))
}
