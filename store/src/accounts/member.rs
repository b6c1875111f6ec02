//! The people of a business.

use switchyard_core::audit::AuditAction;
use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, Timestamp, UserId};
use uuid::Uuid;

use super::business::User;
use super::sql;
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// A person to be added to a business. Name and address are parsed already.
#[derive(Clone)]
pub struct NewMember {
    /// What the person is called.
    pub name: String,
    /// The person's address, lower case.
    pub email: String,
    /// The password as Argon2id; without one, sign-in by link only.
    pub password_hash: Option<String>,
    /// What the person may do there.
    pub role: Role,
}

/// Makes a new person who is a member of this business. `Conflict("email_taken")` when the address has an account.
pub async fn create_member(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    new: NewMember,
) -> Result<User> {
    store
        .write(
            Lane::Rest,
            (now, business, new),
            |tx, (now, business, new)| Box::pin(insert(tx, *now, *business, new, false)),
        )
        .await
}

/// A person to be made. Name and address are parsed already.
pub(crate) struct NewUser {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) is_operator: bool,
}

pub(super) async fn insert(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    new: &NewMember,
    is_operator: bool,
) -> Result<User> {
    let user = NewUser {
        name: new.name.clone(),
        email: new.email.clone(),
        password_hash: new.password_hash.clone(),
        is_operator,
    };
    let user = insert_user(tx, now, &user).await?;
    let (member, role) = (user.id.uuid(), new.role.name());
    execute!(
        tx,
        sql::INSERT_MEMBER,
        business.uuid(),
        member,
        role,
        now.ms()
    )?;
    Ok(user)
}

/// `Conflict("email_taken")` when the address has an account.
pub(crate) async fn insert_user(tx: &mut Tx, now: Timestamp, new: &NewUser) -> Result<User> {
    let user = User {
        id: UserId::generate(),
        name: new.name.clone(),
        email: new.email.clone(),
        is_operator: new.is_operator,
    };
    let inserted = execute!(
        tx,
        sql::INSERT_USER,
        user.id.uuid(),
        new.email.as_str(),
        new.name.as_str(),
        new.password_hash.as_deref(),
        new.is_operator,
        now.ms()
    )?;
    if inserted == 0 {
        return Err(Error::Conflict("email_taken"));
    }
    Ok(user)
}

/// Makes the person with this address (lower case) an operator of the platform, or no operator any more; `false` when there
/// is no such person. Noted in the audit log of the business that the person works in.
pub async fn set_operator(
    store: &Store,
    now: Timestamp,
    email: &str,
    operates: bool,
) -> Result<bool> {
    store
        .write(
            Lane::Rest,
            (now, email.to_owned(), operates),
            |tx, (now, email, operates)| {
                Box::pin(async move {
                    let row =
                        fetch_optional!(tx, (Uuid,), sql::SET_OPERATOR, email.as_str(), *operates)?;
                    let Some((user,)) = row else {
                        return Ok(false);
                    };
                    let home = fetch_optional!(tx, (Uuid,), sql::HOME, user)?;
                    let Some((business,)) = home else {
                        return Err(Error::Conflict("no_business"));
                    };
                    let action = if *operates {
                        AuditAction::OperatorMade
                    } else {
                        AuditAction::OperatorRemoved
                    };
                    let target = UserId::from(user).to_string();
                    let (by, detail) = (Actor::system(), serde_json::json!({}));
                    audit::note(tx, *now, business.into(), &by, action, &target, &detail).await?;
                    Ok(true)
                })
            },
        )
        .await
}

/// The business in which a person works, the oldest one of several; none when the person is a member nowhere.
pub async fn home(store: &Store, user: UserId) -> Result<Option<BusinessId>> {
    let mut conn = store.read().await?;
    let row = fetch_optional!(conn, (Uuid,), sql::HOME, user.uuid())?;
    Ok(row.map(|(business,)| business.into()))
}
