//! Passwords as they are stored, and their change.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::{BusinessId, Timestamp, UserId};
use uuid::Uuid;

use super::sql;
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_optional};
use crate::{Lane, Result, Store};

/// What is needed to check a password.
pub struct Password {
    /// Whose it is.
    pub user: UserId,
    /// Argon2id; empty for somebody who signs in by link only.
    pub hash: Option<String>,
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

/// Gives a person another password, as Argon2id. Of their sessions the named one stays, all others end, and so do sign-in
/// links. Noted in the audit log of the business that the person works in.
pub async fn change_password(
    store: &Store,
    now: Timestamp,
    by: Actor,
    (business, user, session): (BusinessId, UserId, Uuid),
    hash: String,
) -> Result<()> {
    let input = (now, by, business, user, session, hash);
    store
        .write(
            Lane::Rest,
            input,
            |tx, (now, by, business, user, session, hash)| {
                Box::pin(async move {
                    let id = user.uuid();
                    execute!(tx, sql::SET_PASSWORD, id, hash.as_str())?;
                    execute!(tx, sql::CLOSE_OTHERS, id, *session, now.ms())?;
                    execute!(tx, sql::DROP_LINKS, id)?;
                    let (action, target) = (AuditAction::PasswordChanged, user.to_string());
                    audit::note(tx, *now, *business, by, action, &target, &json!({})).await
                })
            },
        )
        .await
}
