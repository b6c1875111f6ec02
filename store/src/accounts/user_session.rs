//! Signed-in people: one row per sign-in, which access tokens name and which refresh tokens renew.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, Timestamp, UserId};
use uuid::Uuid;

use super::business::{Business, User};
use super::sql;
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// A session that is good now: not closed, not expired, its person not disabled and still a member.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserSession {
    /// Its id.
    pub id: Uuid,
    /// Who signed in.
    pub user: User,
    /// The business that is worked in.
    pub business: Business,
    /// What the person may do there.
    pub role: Role,
}

/// A session to be opened.
#[derive(Clone)]
pub struct NewUserSession {
    /// Its id, which the refresh token names.
    pub id: Uuid,
    /// Who signed in.
    pub user: UserId,
    /// Where to work; `None`: in the person's oldest business.
    pub business: Option<BusinessId>,
    /// The hash of the first refresh token.
    pub refresh_hash: [u8; 32],
    /// Tells this client from others.
    pub client_hash: [u8; 32],
    /// When it ends if it is not renewed.
    pub expires_at: Timestamp,
}

/// A refresh token that was presented, and what is to follow it.
#[derive(Clone)]
pub struct Rotate {
    /// The session that the token names.
    pub session: Uuid,
    /// The hash of the presented token.
    pub presented_hash: [u8; 32],
    /// The hash of its successor, which depends on nothing but the presented one.
    pub next_hash: [u8; 32],
    /// Tells this client from others.
    pub client_hash: [u8; 32],
    /// For so long the spent token is good again for the client that spent it; `None`: not at all.
    pub grace: Option<Duration>,
    /// When the session then ends if it is not renewed again.
    pub expires_at: Timestamp,
}

/// What a presented refresh token was worth.
#[derive(Debug, Clone)]
pub enum Rotation {
    /// The successor is the session's refresh token now.
    Renewed(UserSession),
    /// It was spent before: somebody has a copy, so the session was closed.
    Reused,
    /// It names no session that is open.
    Unknown,
}

/// Opens a session in the named business, else in the person's oldest one; `None` when the person has none that is
/// active.
pub async fn open_user_session(
    store: &Store,
    now: Timestamp,
    new: NewUserSession,
) -> Result<Option<UserSession>> {
    store
        .write(Lane::Rest, (now, new), |tx, (now, new)| {
            Box::pin(async move {
                execute!(
                    tx,
                    sql::INSERT_SESSION,
                    new.id,
                    new.user.uuid(),
                    new.refresh_hash.as_slice(),
                    new.client_hash.as_slice(),
                    now.ms(),
                    new.expires_at.ms(),
                    new.business.map(BusinessId::uuid)
                )?;
                find(tx, *now, new.id).await
            })
        })
        .await
}

/// The session of that id in that business, if it is good now.
pub async fn user_session(
    store: &Store,
    now: Timestamp,
    id: Uuid,
    business: BusinessId,
) -> Result<Option<UserSession>> {
    let mut conn = store.read().await?;
    let business = Some(business.uuid());
    fetch_optional!(conn, SessionRow, sql::SESSION, id, now.ms(), business)?
        .map(SessionRow::into_session)
        .transpose()
}

/// Goes on in another business of the same person; `None` when the person does not work there. Access tokens made
/// before still name the business that they were made for.
pub async fn switch_business(
    store: &Store,
    now: Timestamp,
    id: Uuid,
    business: BusinessId,
) -> Result<Option<UserSession>> {
    store
        .write(
            Lane::Rest,
            (now, id, business),
            |tx, (now, id, business)| {
                Box::pin(async move {
                    if execute!(tx, sql::SWITCH_SESSION, *id, business.uuid())? == 0 {
                        return Ok(None);
                    }
                    find(tx, *now, *id).await
                })
            },
        )
        .await
}

/// Renews a session by its refresh token, which is thereby spent.
pub async fn rotate(store: &Store, now: Timestamp, rotate: Rotate) -> Result<Rotation> {
    store
        .write(Lane::Rest, (now, rotate), |tx, (now, rotate)| {
            Box::pin(renew(tx, *now, rotate))
        })
        .await
}

/// Closes a session; closing it twice is harmless.
pub async fn close_user_session(store: &Store, now: Timestamp, id: Uuid) -> Result<()> {
    store
        .write(Lane::Rest, (now, id), |tx, (now, id)| {
            Box::pin(async move {
                execute!(tx, sql::CLOSE_SESSION, *id, now.ms())?;
                Ok(())
            })
        })
        .await
}

async fn renew(tx: &mut Tx, now: Timestamp, rotate: &Rotate) -> Result<Rotation> {
    let row = fetch_optional!(tx, TokenRow, sql::SESSION_TOKENS, rotate.session, now.ms())?;
    let Some(row) = row else {
        return Ok(Rotation::Unknown);
    };
    if row.refresh_hash == rotate.presented_hash {
        execute!(
            tx,
            sql::RENEW_SESSION,
            rotate.session,
            rotate.presented_hash.as_slice(),
            rotate.next_hash.as_slice(),
            rotate.client_hash.as_slice(),
            now.ms(),
            rotate.expires_at.ms()
        )?;
    } else if !row.was_just_spent(now, rotate) {
        execute!(tx, sql::CLOSE_SESSION, rotate.session, now.ms())?;
        return Ok(Rotation::Reused);
    }
    let session = find(tx, now, rotate.session).await?;
    Ok(session.map_or(Rotation::Unknown, Rotation::Renewed))
}

async fn find(tx: &mut Tx, now: Timestamp, id: Uuid) -> Result<Option<UserSession>> {
    let present = None::<Uuid>;
    fetch_optional!(tx, SessionRow, sql::SESSION, id, now.ms(), present)?
        .map(SessionRow::into_session)
        .transpose()
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    refresh_hash: Vec<u8>,
    previous_hash: Option<Vec<u8>>,
    client_hash: Vec<u8>,
    refreshed_at: i64,
}

impl TokenRow {
    /// The same client asks again within the grace: two tabs at once, or an answer that was lost.
    fn was_just_spent(&self, now: Timestamp, rotate: &Rotate) -> bool {
        self.previous_hash.as_deref() == Some(&rotate.presented_hash)
            && self.refresh_hash == rotate.next_hash
            && self.client_hash == rotate.client_hash
            && (rotate.grace).is_some_and(|grace| now.since(Timestamp(self.refreshed_at)) <= grace)
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    user_name: String,
    email: String,
    is_operator: bool,
    business_id: Uuid,
    business_name: String,
    role: String,
}

impl SessionRow {
    fn into_session(self) -> Result<UserSession> {
        let role = Role::parse(&self.role).ok_or_else(|| Error::Corrupt {
            table: "members",
            column: "role",
            id: UserId::from(self.user_id).to_string(),
        })?;
        Ok(UserSession {
            id: self.id,
            user: User {
                id: self.user_id.into(),
                name: self.user_name,
                email: self.email,
                is_operator: self.is_operator,
            },
            business: Business {
                id: self.business_id.into(),
                name: self.business_name,
            },
            role,
        })
    }
}
