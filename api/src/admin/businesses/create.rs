//! `POST /v1/admin/businesses`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use store::businesses::{self, NewTenant};
use switchyard_core::Timestamp;
use switchyard_core::account::parse_email;
use utoipa::ToSchema;

use super::{TenantObject, name};
use crate::api::State;
use crate::business::LimitsRequest;
use crate::caller::{Allowed, PlatformOperate};
use crate::input::Body;
use crate::members::{INVITATION_LIFE, invite_url};
use crate::problem::Problem;

/// A new business.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBusinessRequest {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The shard that its numbers shall belong to; left out, its id decides.
    #[schema(minimum = 1, maximum = 65_535)]
    shard: Option<u16>,
    /// What it may use; left out, there is no limit.
    #[serde(default, deserialize_with = "crate::input::optional_object")]
    limits: Option<LimitsRequest>,
    /// Whom to invite as its owner.
    #[schema(max_length = 254)]
    owner_email: Option<String>,
}

/// A business that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewBusiness {
    /// The business.
    #[serde(flatten)]
    business: TenantObject,
    /// The link for its owner, shown once; `null` when nobody was invited.
    invite_url: Option<String>,
}

/// Makes a business and, if an address is given, the invitation of its owner.
#[utoipa::path(
    request_body = CreateBusinessRequest,
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    responses((status = 201, body = NewBusiness)),
)]
#[post("/v1/admin/businesses")]
pub(crate) async fn create_business(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    body: Body<CreateBusinessRequest>,
) -> Result<HttpResponse, Problem> {
    if body.shard == Some(0) {
        return Err(Problem::invalid("shards are counted from 1"));
    }
    let address = |email: &String| {
        parse_email(email).ok_or_else(|| Problem::invalid("owner_email is not an address"))
    };
    let new = NewTenant {
        name: name(&body.name)?,
        shard: body.shard,
        limits: (body.limits.map(LimitsRequest::parse).transpose()?).unwrap_or_default(),
        owner_email: body.owner_email.as_ref().map(address).transpose()?,
        invitation_life: INVITATION_LIFE,
    };
    let (now, by) = (Timestamp::now(), caller.0.operates());
    let (tenant, token) = businesses::create(&state.store, now, by, new).await?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(NewBusiness {
            business: tenant.into(),
            invite_url: token.map(|token| invite_url(&state, &token)),
        }))
}
