//! The people of a business.

use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, Timestamp, UserId};
use uuid::Uuid;

use super::business::User;
use super::sql;
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

/// What is needed to check a password.
pub struct Password {
    /// Whose it is.
    pub user: UserId,
    /// Argon2id; empty for somebody who signs in by link only.
    pub hash: Option<String>,
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

/// Gives a member another role; `false` when there is no such member. Sessions that are open have it within seconds.
pub async fn change_role(
    store: &Store,
    business: BusinessId,
    user: UserId,
    role: Role,
) -> Result<bool> {
    store
        .write(
            Lane::Rest,
            (business, user, role),
            |tx, (business, user, role)| {
                Box::pin(async move {
                    let (business, user) = (business.uuid(), user.uuid());
                    Ok(execute!(tx, sql::CHANGE_ROLE, business, user, role.name())? > 0)
                })
            },
        )
        .await
}

/// The password of the account with this address (lower case), unless it is disabled.
pub async fn password(store: &Store, email: &str) -> Result<Option<Password>> {
    let mut conn = store.read().await?;
    let row = fetch_optional!(conn, (Uuid, Option<String>), sql::PASSWORD, email)?;
    Ok(row.map(|(user, hash)| Password {
        user: user.into(),
        hash,
    }))
}

pub(super) async fn insert(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    new: &NewMember,
    is_operator: bool,
) -> Result<User> {
    let user = User {
        id: UserId::generate(),
        name: new.name.clone(),
        email: new.email.clone(),
        is_operator,
    };
    let inserted = execute!(
        tx,
        sql::INSERT_USER,
        user.id.uuid(),
        new.email.as_str(),
        new.name.as_str(),
        new.password_hash.as_deref(),
        is_operator,
        now.ms()
    )?;
    if inserted == 0 {
        return Err(Error::Conflict("email_taken"));
    }
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

/// The business in which a person works, the oldest one of several; none when the person is a member nowhere.
pub async fn home(store: &Store, user: UserId) -> Result<Option<BusinessId>> {
    let mut conn = store.read().await?;
    let row = fetch_optional!(conn, (Uuid,), sql::HOME, user.uuid())?;
    Ok(row.map(|(business,)| business.into()))
}
