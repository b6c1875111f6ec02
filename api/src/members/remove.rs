//! `DELETE /v1/members/{id}`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};
use switchyard_core::Timestamp;

use super::MemberId;
use crate::api::State;
use crate::caller::{Allowed, MembersManage};
use crate::problem::Problem;

/// Removes a member, whose sessions here end within seconds, or withdraws an invitation. The last owner stays.
#[utoipa::path(
    tag = "members",
    security(("bearer" = ["members:manage"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`usr_…` or `inv_…`")),
    responses((status = 204, description = "Removed")),
)]
#[delete("/v1/members/{id}")]
pub(crate) async fn remove_member(
    caller: Allowed<MembersManage>,
    state: Data<State>,
    id: Path<MemberId>,
) -> Result<HttpResponse, Problem> {
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    let store = &state.store;
    let gone = match *id {
        MemberId::User(user) => store::members::remove(store, now, by, business, user).await?,
        MemberId::Invitation(id) => store::members::withdraw(store, now, by, business, id).await?,
    };
    if !gone {
        return Err(Problem::not_found());
    }
    state.credentials.changed(&state.store).await;
    Ok(HttpResponse::NoContent().finish())
}
