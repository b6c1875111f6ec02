//! Invitations: single-use links that make somebody a member.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, InvitationId, Timestamp};
use uuid::Uuid;

use super::{MOST, lock, parse_invited_role, sql};
use crate::accounts;
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// An invitation that nobody has accepted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The address that it is for.
    pub email: String,
    /// What the person may do then.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// An invitation to be made. The address is parsed already.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// The address that it is for, lower case.
    pub email: String,
    /// What the person may do then.
    pub role: Role,
    /// How long it is good.
    pub life: Duration,
}

/// Invites somebody and answers the token, which stands in the link and which nobody can read again. An open
/// invitation of the same address ends. [`Error::Conflict`] `already_a_member`; [`Error::QuotaExceeded`] `members`.
pub async fn invite(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    new: NewInvitation,
) -> Result<(InvitationId, SecretString)> {
    let input = (now, by, business, new, new_token());
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, new, token)| {
            Box::pin(async move {
                let id = invite_in(tx, *now, *business, by, new, token).await?;
                Ok((id, token.clone()))
            })
        })
        .await
}

/// A token for an invitation.
pub(crate) fn new_token() -> SecretString {
    accounts::generate_token()
}

pub(crate) async fn invite_in(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    by: &Actor,
    new: &NewInvitation,
    token: &SecretString,
) -> Result<InvitationId> {
    lock(tx, business).await?;
    let (b, email) = (business.uuid(), new.email.as_str());
    if fetch_optional!(tx, (Uuid,), sql::HAS_ADDRESS, b, email)?.is_some() {
        return Err(Error::Conflict("already_a_member"));
    }
    execute!(tx, sql::REPLACE_INVITATIONS, b, email, now.ms())?;
    let places = fetch_optional!(tx, (i64,), sql::PLACES_TAKEN, b, now.ms())?;
    if places.is_some_and(|(taken,)| taken >= MOST) {
        return Err(Error::QuotaExceeded("members"));
    }
    let id = InvitationId::generate();
    execute!(
        tx,
        sql::INSERT_INVITATION,
        id.uuid(),
        b,
        email,
        new.role.name(),
        accounts::hash(token.expose_secret()).as_slice(),
        by.id,
        now.ms(),
        now.plus(new.life).ms()
    )?;
    let detail = json!({"email": email, "role": new.role});
    let (action, target) = (AuditAction::MemberInvited, id.to_string());
    audit::note(tx, now, business, by, action, &target, &detail).await?;
    Ok(id)
}

/// Takes an open invitation back; `false` when there is no such one.
pub async fn withdraw(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    id: InvitationId,
) -> Result<bool> {
    let input = (now, by, business, id);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, id)| {
            Box::pin(async move {
                let (b, i) = (business.uuid(), id.uuid());
                let row = fetch_optional!(tx, (String,), sql::WITHDRAW, b, i, now.ms())?;
                let Some((email,)) = row else {
                    return Ok(false);
                };
                let detail = json!({"email": email});
                let (action, target) = (AuditAction::InvitationWithdrawn, id.to_string());
                audit::note(tx, *now, *business, by, action, &target, &detail).await?;
                Ok(true)
            })
        })
        .await
}

pub(super) async fn open(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
) -> Result<Vec<Invitation>> {
    let mut conn = store.of(business).read().await?;
    let b = business.uuid();
    let rows = fetch_all!(conn, InvitationRow, sql::INVITATIONS, b, now.ms(), MOST)?;
    rows.into_iter()
        .map(InvitationRow::into_invitation)
        .collect()
}

#[derive(sqlx::FromRow)]
struct InvitationRow {
    id: Uuid,
    email: String,
    role: String,
    created_at: i64,
    expires_at: i64,
}

impl InvitationRow {
    fn into_invitation(self) -> Result<Invitation> {
        let id = InvitationId::from(self.id);
        Ok(Invitation {
            id,
            role: parse_invited_role(&self.role, id)?,
            created_at: Timestamp(self.created_at),
            expires_at: Timestamp(self.expires_at),
            email: self.email,
        })
    }
}
