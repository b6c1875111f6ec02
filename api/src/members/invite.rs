//! `POST /v1/members`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use store::members::NewInvitation;
use switchyard_core::account::parse_email;
use switchyard_core::permission::Role;
use switchyard_core::{InvitationId, Timestamp};
use utoipa::ToSchema;

use super::{INVITATION_LIFE, invite_url};
use crate::api::State;
use crate::caller::{Allowed, MembersManage};
use crate::input::Body;
use crate::problem::Problem;

/// Whom to invite, and as what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteMemberRequest {
    /// The person's address.
    #[schema(max_length = 254)]
    email: String,
    /// What the person may do.
    role: Role,
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invite {
    /// `inv_…`
    #[schema(value_type = String)]
    id: InvitationId,
    /// The link to hand over; it is shown once and works once, for seven days.
    invite_url: String,
}

/// Invites somebody. Hand the link over yourself: no mail is sent. An open invitation of the same address ends.
#[utoipa::path(
    request_body = InviteMemberRequest,
    tag = "members",
    security(("bearer" = ["members:manage"]), ("cookie" = [])),
    responses((status = 201, body = Invite)),
)]
#[post("/v1/members")]
pub(crate) async fn invite_member(
    caller: Allowed<MembersManage>,
    state: Data<State>,
    body: Body<InviteMemberRequest>,
) -> Result<HttpResponse, Problem> {
    let new = NewInvitation {
        email: parse_email(&body.email)
            .ok_or_else(|| Problem::invalid("email is not an address"))?,
        role: body.role,
        life: INVITATION_LIFE,
    };
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    let (id, token) = store::members::invite(&state.store, now, by, business, new).await?;
    let invite_url = invite_url(&state, &token);
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Invite { id, invite_url }))
}
