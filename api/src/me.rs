//! `GET /v1/me`: who is calling, what that allows, and where else that person works.

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use store::accounts;
use store::members;
use switchyard_core::permission::{Permission, Role};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;
use crate::auth::signed_in::{BusinessObject, UserObject};
use crate::caller::{Allowed, Any, Who};
use crate::problem::Problem;

mod business;
mod password;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(me)
        .service(business::switch_business)
        .service(password::change_password);
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
    permissions: Vec<Permission>,
    /// Every active business in which the person works, for `POST /v1/me/business`; empty for an API key.
    businesses: Vec<MembershipObject>,
}

/// A business in which a person works.
#[derive(Serialize, ToSchema)]
#[schema(as = Membership)]
pub(crate) struct MembershipObject {
    /// The business.
    business: BusinessObject,
    /// What the person may do there.
    role: Role,
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
    let mut businesses = Vec::new();
    let (user, role, business) = match &caller.0.who {
        Who::User(session) => {
            let memberships = members::businesses_of(&state.store, session.user.id).await?;
            businesses.extend(memberships.into_iter().map(|it| MembershipObject {
                business: BusinessObject {
                    id: it.business,
                    name: it.name,
                },
                role: it.role,
            }));
            (
                Some((&session.user).into()),
                Some(session.role),
                (&session.business).into(),
            )
        }
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
        businesses,
    }))
}
