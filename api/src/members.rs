//! The people of a business and those who are invited.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use store::members::{Invitation, Member};
use switchyard_core::permission::Role;
use switchyard_core::{InvitationId, Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;

mod change;
mod invite;
mod list;
mod remove;

/// How long an invitation is good.
pub(crate) const INVITATION_LIFE: Duration = Duration::from_hours(7 * 24);

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_members)
        .service(invite::invite_member)
        .service(change::change_member)
        .service(remove::remove_member);
}

/// A person of the business, or an open invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberObject {
    /// `usr_…` of a member, `inv_…` of an invitation.
    id: String,
    /// Whether it is a member or an invitation.
    state: MemberState,
    /// The person's name; `null` of an invitation.
    name: Option<String>,
    /// The person's address.
    email: String,
    /// What the person may do.
    role: Role,
    /// When the person joined or was invited.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the invitation ends; `null` of a member.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Whether somebody has joined.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MemberState {
    /// A member.
    Active,
    /// Somebody who has not accepted yet.
    Invited,
}

impl From<Member> for MemberObject {
    fn from(member: Member) -> Self {
        Self {
            id: member.user.to_string(),
            state: MemberState::Active,
            name: Some(member.name),
            email: member.email,
            role: member.role,
            created_at: member.since,
            expires_at: None,
        }
    }
}

impl From<Invitation> for MemberObject {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            state: MemberState::Invited,
            name: None,
            email: invitation.email,
            role: invitation.role,
            created_at: invitation.created_at,
            expires_at: Some(invitation.expires_at),
        }
    }
}

/// What a path under `/v1/members/` names.
#[derive(Clone, Copy)]
enum MemberId {
    User(UserId),
    Invitation(InvitationId),
}

impl<'de> Deserialize<'de> for MemberId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        (text.parse().map(Self::User))
            .or_else(|_not_a_user| text.parse().map(Self::Invitation))
            .map_err(serde::de::Error::custom)
    }
}

/// The link that an invited person opens. What follows the `#` is not sent to any server.
pub(crate) fn invite_url(state: &State, token: &SecretString) -> String {
    let (origin, token) = (state.cookies.origin(), token.expose_secret());
    format!("{origin}/invitation#token={token}")
}
