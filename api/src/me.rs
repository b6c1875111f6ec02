//! `GET /v1/me`: who is calling and what that allows.

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use store::accounts;
use switchyard_core::permission::{Role, Scope};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;
use crate::auth::signed_in::{BusinessObject, UserObject};
use crate::caller::{Allowed, Any, Who};
use crate::problem::Problem;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(me);
}

/// Whoever is calling.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The person; `null` for an API key.
    user: Option<UserObject>,
    /// The business that the credential names.
    business: BusinessObject,
    /// The person's role there; `null` for an API key.
    role: Option<Role>,
    /// What this credential may do.
    permissions: Vec<Scope>,
}

/// Who is calling, for which business, and what that allows.
#[utoipa::path(
    tag = "auth",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = Me)),
)]
#[get("/v1/me")]
pub(crate) async fn me(caller: Allowed<Any>, state: Data<State>) -> Result<Json<Me>, Problem> {
    let permissions = caller.0.permissions();
    let (user, role, business) = match &caller.0.who {
        Who::User(session) => (
            Some((&session.user).into()),
            Some(session.role),
            (&session.business).into(),
        ),
        Who::Key(key) => {
            let business = accounts::business(&state.store, key.business).await?;
            let business = business.ok_or_else(Problem::not_found)?;
            (None, None, (&business).into())
        }
    };
    Ok(Json(Me {
        user,
        business,
        role,
        permissions,
    }))
}
