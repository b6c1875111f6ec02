//! Accepting an invitation: by somebody new, or by somebody who has an account already.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, InvitationId, Timestamp, UserId};
use uuid::Uuid;

use super::{parse_invited_role, sql};
use crate::accounts::{self, NewUser};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// What an open invitation says to whoever holds its token.
#[derive(Debug, Clone)]
pub struct Invited {
    /// To which business.
    pub business: BusinessId,
    /// Its name.
    pub business_name: String,
    /// The address that it is for.
    pub email: String,
    /// What the person may do then.
    pub role: Role,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The account with that address, if there is one.
    pub user: Option<UserId>,
    /// That account's password as Argon2id.
    pub password_hash: Option<String>,
}

/// Who accepts.
#[derive(Clone)]
pub enum Joining {
    /// Somebody without an account; one is made.
    New {
        /// The person's name.
        name: String,
        /// The person's password as Argon2id.
        password_hash: String,
    },
    /// Somebody who has proved to be this person.
    Known(UserId),
}

/// The open invitation with this token, of a business that is active.
pub async fn invited(store: &Store, now: Timestamp, token: &str) -> Result<Option<Invited>> {
    let hash = accounts::hash(token);
    let mut conn = store.read().await?;
    fetch_optional!(conn, InvitedRow, sql::INVITED, hash.as_slice(), now.ms())?
        .map(InvitedRow::into_invited)
        .transpose()
}

/// Accepts an invitation, which is thereby spent: of any number at once one succeeds, the others get `None`.
/// Whose hand it is becomes known here. [`Error::Conflict`] `other_address` when it is for another person than the one who accepts.
pub async fn join(
    store: &Store,
    now: Timestamp,
    token: &str,
    joining: Joining,
    by: Actor,
) -> Result<Option<(UserId, BusinessId)>> {
    let input = (now, accounts::hash(token), joining, by);
    store
        .write(Lane::Rest, input, |tx, (now, hash, joining, by)| {
            Box::pin(async move {
                let row = fetch_optional!(
                    tx,
                    (Uuid, Uuid, String, String),
                    sql::SPEND,
                    hash.as_slice(),
                    now.ms()
                )?;
                let Some((id, business, email, role)) = row else {
                    return Ok(None);
                };
                let (id, business) = (InvitationId::from(id), BusinessId::from(business));
                let role = parse_invited_role(&role, id)?;
                let user = person(tx, *now, &email, joining).await?;
                let (b, u) = (business.uuid(), user.uuid());
                execute!(tx, sql::JOIN, b, u, role.name(), now.ms())?;
                let by = Actor {
                    id: Some(u),
                    ..by.clone()
                };
                let detail = json!({"invitation": id.to_string(), "role": role});
                let (action, target) = (AuditAction::MemberJoined, user.to_string());
                audit::note(tx, *now, business, &by, action, &target, &detail).await?;
                Ok(Some((user, business)))
            })
        })
        .await
}

async fn person(tx: &mut Tx, now: Timestamp, email: &str, joining: &Joining) -> Result<UserId> {
    match joining {
        Joining::New {
            name,
            password_hash,
        } => {
            let new = NewUser {
                name: name.clone(),
                email: email.to_owned(),
                password_hash: Some(password_hash.clone()),
                is_operator: false,
            };
            Ok(accounts::insert_user(tx, now, &new).await?.id)
        }
        Joining::Known(user) => {
            let row = fetch_optional!(tx, (String,), sql::ADDRESS_OF, user.uuid())?;
            if row.is_some_and(|(own,)| own == email) {
                Ok(*user)
            } else {
                Err(Error::Conflict("other_address"))
            }
        }
    }
}

#[derive(sqlx::FromRow)]
struct InvitedRow {
    id: Uuid,
    business_id: Uuid,
    business_name: String,
    email: String,
    role: String,
    expires_at: i64,
    user_id: Option<Uuid>,
    password_hash: Option<String>,
}

impl InvitedRow {
    fn into_invited(self) -> Result<Invited> {
        Ok(Invited {
            business: self.business_id.into(),
            role: parse_invited_role(&self.role, self.id.into())?,
            expires_at: Timestamp(self.expires_at),
            user: self.user_id.map(UserId::from),
            business_name: self.business_name,
            email: self.email,
            password_hash: self.password_hash,
        })
    }
}
