//! People as operators of the platform see them: found by name or address, shut out everywhere, and let in again.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::{BusinessId, Timestamp, UserId};
use uuid::Uuid;

use crate::accounts::User;
use crate::audit::{self, Actor};
use crate::members;
use crate::page::{Cursor, pattern};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Lane, Page, Result, Store, Tx};

pub(crate) mod sql;

/// A person with what the platform knows of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub user: User,
    /// Whether an operator has shut this person out.
    pub suspended: bool,
    /// Businesses that the person is a member of.
    pub businesses: i64,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// The people of the platform, oldest account first; with `q`, those whose name or address holds it.
pub async fn list(
    store: &Store,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Account>> {
    let after = cursor.map(Cursor::parse).transpose()?;
    let mut conn = store.read().await?;
    let mut rows = fetch_all!(
        conn,
        AccountRow,
        sql::LIST,
        after.map_or(Uuid::nil(), |it| it.id),
        pattern(q.unwrap_or_default()),
        i64::from(limit).saturating_add(1)
    )?;
    let next_cursor = Cursor::next(&mut rows, limit, AccountRow::cursor);
    Ok(Page {
        data: rows.into_iter().map(AccountRow::into_account).collect(),
        next_cursor,
    })
}

/// Shuts a person out of every business, or lets them in again; `None` when there is no such person. Whoever is shut out
/// is signed out everywhere and stays so; API keys belong to their businesses and go on. Noted in the audit log of
/// each business that the person is a member of, or where there is none in that of `home`.
pub async fn set_suspended(
    store: &Store,
    now: Timestamp,
    by: Actor,
    home: BusinessId,
    user: UserId,
    suspended: bool,
) -> Result<Option<Account>> {
    let input = (now, by, home, user, suspended);
    store
        .write(Lane::Rest, input, |tx, (now, by, home, user, suspended)| {
            Box::pin(async move {
                let id = user.uuid();
                let changed = if *suspended {
                    execute!(tx, sql::CLOSE_SESSIONS, id, now.ms())?;
                    execute!(tx, sql::SUSPEND, id, now.ms())?
                } else {
                    execute!(tx, sql::RESTORE, id)?
                };
                if changed > 0 {
                    note(tx, *now, by, *home, *user, *suspended).await?;
                }
                let row = fetch_optional!(tx, AccountRow, sql::GET, id)?;
                Ok(row.map(AccountRow::into_account))
            })
        })
        .await
}

async fn note(
    tx: &mut Tx,
    now: Timestamp,
    by: &Actor,
    home: BusinessId,
    user: UserId,
    suspended: bool,
) -> Result<()> {
    let action = if suspended {
        AuditAction::UserSuspended
    } else {
        AuditAction::UserRestored
    };
    let mut told = fetch_all!(tx, (Uuid,), sql::BUSINESSES, user.uuid(), members::MOST)?;
    if told.is_empty() {
        told.push((home.uuid(),));
    }
    for (business,) in told {
        let target = user.to_string();
        audit::note(tx, now, business.into(), by, action, &target, &json!({})).await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: Uuid,
    name: String,
    email: String,
    is_operator: bool,
    disabled_at: Option<i64>,
    created_at: i64,
    businesses: i64,
}

impl AccountRow {
    fn cursor(&self) -> Cursor {
        Cursor {
            at: self.created_at,
            id: self.id,
        }
    }

    fn into_account(self) -> Account {
        Account {
            user: User {
                id: self.id.into(),
                name: self.name,
                email: self.email,
                is_operator: self.is_operator,
            },
            suspended: self.disabled_at.is_some(),
            businesses: self.businesses,
            created_at: Timestamp(self.created_at),
        }
    }
}
