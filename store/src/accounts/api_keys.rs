//! The keys of a business, as its people see them: never with a secret.

use switchyard_core::permission::Scope;
use switchyard_core::{BusinessId, KeyId, Timestamp, UserId};
use uuid::Uuid;

use super::sql;
use crate::page::Cursor;
use crate::run::fetch_all;
use crate::{Error, Page, Result, Store};

/// A key that was not revoked; it may have expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its id.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// The last characters of its secret, to tell keys apart.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Requests a second.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// The keys of a business that were not revoked, oldest first.
pub async fn api_keys(
    store: &Store,
    business: BusinessId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<ListedKey>> {
    let after = cursor.map(Cursor::parse).transpose()?;
    let mut conn = store.of(business).read().await?;
    let mut rows = fetch_all!(
        conn,
        KeyRow,
        sql::KEYS,
        business.uuid(),
        after.map_or(Uuid::nil(), |it| it.id),
        i64::from(limit).saturating_add(1)
    )?;
    let next_cursor = Cursor::next(&mut rows, limit, |row| Cursor {
        at: row.created_at,
        id: row.id,
    });
    let data = rows.into_iter().map(KeyRow::into_key);
    Ok(Page {
        data: data.collect::<Result<_>>()?,
        next_cursor,
    })
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    name: String,
    hint: String,
    scopes: String,
    per_second: i64,
    burst: i64,
    created_by: Option<Uuid>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl KeyRow {
    fn into_key(self) -> Result<ListedKey> {
        let id = KeyId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "api_keys",
            column,
            id: id.to_string(),
        };
        Ok(ListedKey {
            id,
            scopes: serde_json::from_str(&self.scopes).map_err(|_not_json| corrupt("scopes"))?,
            per_second: u32::try_from(self.per_second).map_err(|_range| corrupt("per_second"))?,
            burst: u32::try_from(self.burst).map_err(|_range| corrupt("burst"))?,
            created_by: self.created_by.map(UserId::from),
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            last_used_at: self.last_used_at.map(Timestamp),
            name: self.name,
            hint: self.hint,
        })
    }
}
