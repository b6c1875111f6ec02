//! Businesses and their first owners.

use serde::{Deserialize, Serialize};
use switchyard_core::audit::AuditAction;
use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, Timestamp, UserId};
use uuid::Uuid;

use super::member::{self, NewMember};
use super::sql;
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Business {
    /// Its id.
    pub id: BusinessId,
    /// Its name.
    pub name: String,
}

/// A person who signs in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The person's id.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// The address to sign in with, lower case.
    pub email: String,
    /// Whether this person operates the platform.
    pub is_operator: bool,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A business to be made, with its owner. Names and address are parsed already.
#[derive(Clone)]
pub struct NewBusiness {
    /// What the business is called.
    pub name: String,
    /// What the owner is called.
    pub owner_name: String,
    /// The owner's address, lower case.
    pub owner_email: String,
    /// The owner's password as Argon2id; without one, sign-in by link only.
    pub password_hash: Option<String>,
    /// Whether the owner operates the platform as well.
    pub operator: bool,
}

/// Makes a business and a new person who owns it. `Conflict("email_taken")` when the address has an account.
pub async fn create_business_with_owner(
    store: &Store,
    now: Timestamp,
    new: NewBusiness,
) -> Result<(Business, User)> {
    store
        .write(Lane::Rest, (now, new), |tx, (now, new)| {
            Box::pin(async move {
                execute!(tx, sql::MARK_SET_UP, Vec::<u8>::new())?;
                insert(tx, *now, new).await
            })
        })
        .await
}

/// The same, as the first act of an installation: of any number at once one succeeds, the others get
/// `Conflict("already_set_up")`.
pub async fn set_up(store: &Store, now: Timestamp, new: NewBusiness) -> Result<(Business, User)> {
    store
        .write(Lane::Rest, (now, new), |tx, (now, new)| {
            Box::pin(async move {
                if execute!(tx, sql::MARK_SET_UP, Vec::<u8>::new())? == 0 {
                    return Err(Error::Conflict("already_set_up"));
                }
                insert(tx, *now, new).await
            })
        })
        .await
}

/// Whether there is an owner already.
pub async fn is_set_up(store: &Store) -> Result<bool> {
    let mut conn = store.read().await?;
    Ok(fetch_optional!(conn, (String,), sql::SET_UP_MARK)?.is_some())
}

/// One business.
pub async fn business(store: &Store, id: BusinessId) -> Result<Option<Business>> {
    let mut conn = store.of(id).read().await?;
    let row = fetch_optional!(conn, (Uuid, String), sql::BUSINESS, id.uuid())?;
    Ok(row.map(|(id, name)| Business {
        id: id.into(),
        name,
    }))
}

async fn insert(tx: &mut Tx, now: Timestamp, new: &NewBusiness) -> Result<(Business, User)> {
    let business = Business {
        id: BusinessId::generate(),
        name: new.name.clone(),
    };
    let id = business.id.uuid();
    execute!(tx, sql::INSERT_BUSINESS, id, new.name.as_str(), now.ms())?;
    let owner = NewMember {
        name: new.owner_name.clone(),
        email: new.owner_email.clone(),
        password_hash: new.password_hash.clone(),
        role: Role::Owner,
    };
    let user = member::insert(tx, now, business.id, &owner, new.operator).await?;
    let detail = serde_json::json!({"name": new.name, "owner": user.id.to_string()});
    let (action, target) = (AuditAction::BusinessCreated, business.id.to_string());
    let by = Actor::system();
    audit::note(tx, now, business.id, &by, action, &target, &detail).await?;
    Ok((business, user))
}
