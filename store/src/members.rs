//! The people of a business: who they are, what they may do there, and who is invited.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, InvitationId, Timestamp, UserId};
use uuid::Uuid;

use crate::audit::{self, Actor};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

mod invitation;
mod joining;
pub(crate) mod sql;

pub use invitation::{Invitation, NewInvitation, invite, withdraw};
pub(crate) use invitation::{invite_in, new_token};
pub use joining::{Invited, Joining, invited, join};

/// Members and open invitations that a business may have.
pub const MOST: i64 = 200;

/// A person of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// The person's name.
    pub name: String,
    /// The person's address.
    pub email: String,
    /// What the person may do there.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

/// A business that somebody is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The business.
    pub business: BusinessId,
    /// Its name.
    pub name: String,
    /// What the person may do there.
    pub role: Role,
}

/// The people of a business, oldest member first; at most [`MOST`].
pub async fn list(store: &Store, business: BusinessId) -> Result<Vec<Member>> {
    let mut conn = store.of(business).read().await?;
    fetch_all!(conn, MemberRow, sql::LIST, business.uuid(), MOST)?
        .into_iter()
        .map(MemberRow::into_member)
        .collect()
}

/// The open invitations of a business, oldest first; at most [`MOST`].
pub async fn invitations(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
) -> Result<Vec<Invitation>> {
    invitation::open(store, now, business).await
}

/// The active businesses that a person works in, the oldest membership first.
pub async fn businesses_of(store: &Store, user: UserId) -> Result<Vec<Membership>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(
        conn,
        (Uuid, String, String),
        sql::BUSINESSES_OF,
        user.uuid(),
        MOST
    )?;
    rows.into_iter()
        .map(|(business, name, role)| {
            Ok(Membership {
                business: business.into(),
                name,
                role: parse_role(&role, user)?,
            })
        })
        .collect()
}

/// Gives a member another role. `None` when there is no such member; [`Error::Conflict`] `last_owner` when nobody would
/// own the business any more. Sessions that are open have the new role within seconds.
pub async fn change_role(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    user: UserId,
    role: Role,
) -> Result<Option<Member>> {
    let input = (now, by, business, user, role);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, user, role)| {
            Box::pin(async move {
                let Some(before) = locked_role(tx, *business, *user).await? else {
                    return Ok(None);
                };
                if before != *role {
                    let (b, u) = (business.uuid(), user.uuid());
                    execute!(tx, sql::CHANGE_ROLE, b, u, role.name())?;
                    let detail = json!({"before": before, "after": role});
                    let action = AuditAction::MemberRoleChanged;
                    let target = user.to_string();
                    audit::note(tx, *now, *business, by, action, &target, &detail).await?;
                    must_have_an_owner(tx, *business).await?;
                }
                find(tx, *business, *user).await
            })
        })
        .await
}

/// Removes a member; `false` when there is no such member. [`Error::Conflict`] `last_owner` as above.
pub async fn remove(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    user: UserId,
) -> Result<bool> {
    let input = (now, by, business, user);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, user)| {
            Box::pin(async move {
                let Some(role) = locked_role(tx, *business, *user).await? else {
                    return Ok(false);
                };
                execute!(tx, sql::REMOVE, business.uuid(), user.uuid())?;
                let (action, target) = (AuditAction::MemberRemoved, user.to_string());
                let detail = json!({"role": role});
                audit::note(tx, *now, *business, by, action, &target, &detail).await?;
                must_have_an_owner(tx, *business).await?;
                Ok(true)
            })
        })
        .await
}

/// Locks the business, so that of two owners who leave at once one stays, and reads the member's role.
async fn locked_role(tx: &mut Tx, business: BusinessId, user: UserId) -> Result<Option<Role>> {
    lock(tx, business).await?;
    let row = fetch_optional!(tx, (String,), sql::ROLE, business.uuid(), user.uuid())?;
    row.map(|(role,)| parse_role(&role, user)).transpose()
}

/// Of whatever takes this lock of a business one goes after the other.
pub(crate) async fn lock(tx: &mut Tx, business: BusinessId) -> Result<()> {
    fetch_optional!(tx, (Uuid,), sql::LOCK, business.uuid())?;
    Ok(())
}

async fn must_have_an_owner(tx: &mut Tx, business: BusinessId) -> Result<()> {
    let owner = fetch_optional!(tx, (Uuid,), sql::OWNER, business.uuid())?;
    owner.map(|_| ()).ok_or(Error::Conflict("last_owner"))
}

async fn find(tx: &mut Tx, business: BusinessId, user: UserId) -> Result<Option<Member>> {
    fetch_optional!(tx, MemberRow, sql::GET, business.uuid(), user.uuid())?
        .map(MemberRow::into_member)
        .transpose()
}

fn parse_role(role: &str, user: UserId) -> Result<Role> {
    Role::parse(role).ok_or_else(|| Error::Corrupt {
        table: "members",
        column: "role",
        id: user.to_string(),
    })
}

fn parse_invited_role(role: &str, invitation: InvitationId) -> Result<Role> {
    Role::parse(role).ok_or_else(|| Error::Corrupt {
        table: "invitations",
        column: "role",
        id: invitation.to_string(),
    })
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    user_id: Uuid,
    name: String,
    email: String,
    role: String,
    created_at: i64,
}

impl MemberRow {
    fn into_member(self) -> Result<Member> {
        let user = UserId::from(self.user_id);
        Ok(Member {
            user,
            role: parse_role(&self.role, user)?,
            since: Timestamp(self.created_at),
            name: self.name,
            email: self.email,
        })
    }
}
