//! API keys: shown once, stored hashed, scoped, each with limits of its own.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq;
use switchyard_core::audit::AuditAction;
use switchyard_core::permission::Scope;
use switchyard_core::{BusinessId, KeyId, Timestamp};
use uuid::Uuid;

use super::{secret, sql};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store, members};

/// Characters of the secret that people see again later.
const HINT_CHARS: usize = 4;
/// Keys of a business that are good at a time.
pub const MOST_KEYS: i64 = 200;
/// Uses of a key are noted so far apart.
const USED_EVERY: Duration = Duration::from_mins(1);

/// A key that is good now: not revoked, not expired, its business active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// The business that it speaks for.
    pub business: BusinessId,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Requests a second.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Requests a second; 100 unless somebody says otherwise.
    pub per_second: u32,
    /// Requests at once; 200 unless somebody says otherwise.
    pub burst: u32,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Who makes it.
    pub by: Actor,
}

/// Makes a key and answers it with its secret, which nobody can read again. [`Error::QuotaExceeded`] `api_keys` when there are
/// [`MOST_KEYS`].
pub async fn create_api_key(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    new: NewApiKey,
) -> Result<(KeyId, SecretString)> {
    let id = KeyId::generate();
    let secret = secret::generate(secret::KEY_PREFIX);
    let shown = secret.expose_secret();
    let hint: String = shown
        .chars()
        .skip(shown.len().saturating_sub(HINT_CHARS))
        .collect();
    let input = (now, business, id, new, secret::hash(shown), hint);
    store
        .of(business)
        .write(
            Lane::Rest,
            input,
            |tx, (now, business, id, new, hash, hint)| {
                Box::pin(async move {
                    members::lock(tx, *business).await?;
                    let alive =
                        fetch_optional!(tx, (i64,), sql::KEYS_ALIVE, business.uuid(), now.ms())?;
                    if alive.is_some_and(|(alive,)| alive >= MOST_KEYS) {
                        return Err(Error::QuotaExceeded("api_keys"));
                    }
                    execute!(
                        tx,
                        sql::INSERT_KEY,
                        id.uuid(),
                        business.uuid(),
                        new.name.as_str(),
                        hash.as_slice(),
                        hint.as_str(),
                        serde_json::to_string(&new.scopes)?,
                        i64::from(new.per_second),
                        i64::from(new.burst),
                        new.by.id,
                        now.ms(),
                        new.expires_at.map(Timestamp::ms)
                    )?;
                    let detail = json!({"name": new.name, "scopes": new.scopes});
                    let (action, target) = (AuditAction::KeyCreated, id.to_string());
                    audit::note(tx, *now, *business, &new.by, action, &target, &detail).await
                })
            },
        )
        .await?;
    Ok((id, secret))
}

/// The key with this secret, if it is good now.
pub async fn api_key(store: &Store, now: Timestamp, secret: &str) -> Result<Option<ApiKey>> {
    let hash = secret::hash(secret);
    let mut conn = store.read().await?;
    let row = fetch_optional!(conn, KeyRow, sql::KEY_BY_HASH, hash.as_slice(), now.ms())?;
    let row = row.filter(|row| bool::from(row.secret_hash.as_slice().ct_eq(&hash)));
    row.map(KeyRow::into_key).transpose()
}

/// The key of that id, if it is good now.
pub async fn api_key_by_id(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    id: KeyId,
) -> Result<Option<ApiKey>> {
    let mut conn = store.of(business).read().await?;
    fetch_optional!(
        conn,
        KeyRow,
        sql::KEY_BY_ID,
        business.uuid(),
        id.uuid(),
        now.ms()
    )?
    .map(KeyRow::into_key)
    .transpose()
}

/// Revokes a key; `false` when the business has no such key, or it was revoked before.
pub async fn revoke_api_key(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    id: KeyId,
) -> Result<bool> {
    let input = (now, by, business, id);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, id)| {
            Box::pin(async move {
                let revoked = execute!(tx, sql::REVOKE_KEY, business.uuid(), id.uuid(), now.ms())?;
                if revoked == 0 {
                    return Ok(false);
                }
                let (action, target) = (AuditAction::KeyRevoked, id.to_string());
                audit::note(tx, *now, *business, by, action, &target, &json!({})).await?;
                Ok(true)
            })
        })
        .await
}

/// Notes that a key was used, unless that was noted less than a minute ago.
pub async fn key_used(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    id: KeyId,
) -> Result<()> {
    store
        .of(business)
        .write_relaxed(
            Lane::Rest,
            (now, business, id),
            |tx, (now, business, id)| {
                Box::pin(async move {
                    let before = now.minus(USED_EVERY).ms();
                    let (business, id) = (business.uuid(), id.uuid());
                    execute!(tx, sql::KEY_USED, business, id, now.ms(), before)?;
                    Ok(())
                })
            },
        )
        .await
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    business_id: Uuid,
    secret_hash: Vec<u8>,
    scopes: String,
    per_second: i64,
    burst: i64,
    expires_at: Option<i64>,
}

impl KeyRow {
    fn into_key(self) -> Result<ApiKey> {
        let id = KeyId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "api_keys",
            column,
            id: id.to_string(),
        };
        Ok(ApiKey {
            id,
            business: self.business_id.into(),
            scopes: serde_json::from_str(&self.scopes).map_err(|_not_json| corrupt("scopes"))?,
            per_second: u32::try_from(self.per_second).map_err(|_range| corrupt("per_second"))?,
            burst: u32::try_from(self.burst).map_err(|_range| corrupt("burst"))?,
            expires_at: self.expires_at.map(Timestamp),
        })
    }
}
