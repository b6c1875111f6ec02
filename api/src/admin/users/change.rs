//! `PATCH /v1/admin/users/{id}`.

use actix_web::patch;
use actix_web::web::{Data, Json, Path};
use serde::Deserialize;
use store::users;
use switchyard_core::code::ApiCode;
use switchyard_core::{Timestamp, UserId};
use utoipa::ToSchema;

use super::{AccountObject, UserStatus};
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::input::Body;
use crate::problem::Problem;

/// What changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeUserRequest {
    /// Suspended or active again.
    status: UserStatus,
}

/// Shuts a person out of every business, or lets them in again. Whoever is suspended is signed out within five seconds and
/// cannot sign in, by password, link or invitation; API keys belong to their businesses and go on. It is noted in the
/// audit log of every business that the person is a member of.
#[utoipa::path(
    request_body = ChangeUserRequest,
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, body = AccountObject)),
)]
#[patch("/v1/admin/users/{id}")]
pub(crate) async fn change_user(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    id: Path<UserId>,
    body: Body<ChangeUserRequest>,
) -> Result<Json<AccountObject>, Problem> {
    let suspended = body.status == UserStatus::Suspended;
    if suspended && id.uuid() == caller.0.actor() {
        let code = ApiCode::OwnAccount;
        return Err(Problem::new(code, code.row().example));
    }
    let (now, by, home) = (Timestamp::now(), caller.0.operates(), caller.0.business);
    let account = users::set_suspended(&state.store, now, by, home, *id, suspended).await?;
    state.credentials.changed(&state.store).await;
    let account = account.ok_or_else(Problem::not_found)?;
    Ok(Json(account.into()))
}
