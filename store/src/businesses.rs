//! Businesses as operators of the platform see and change them, and as their owners rename them.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::permission::Role;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use crate::audit::{self, Actor};
use crate::members::{self, NewInvitation};
use crate::page::{Cursor, pattern};
use crate::quota::{self, Limits};
use crate::retention::Retention;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Page, Result, Store, Tx};

mod row;
pub(crate) mod sql;

use row::TenantRow;

/// A business with what the platform knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: BusinessId,
    /// Its name.
    pub name: String,
    /// Whether an operator has suspended it: nobody signs in to it and none of its keys works.
    pub suspended: bool,
    /// The shard that its sessions belong to; `None` until the first one connects.
    pub shard: Option<u16>,
    /// The shard that holds them now, or held them last.
    pub held_by: Option<u16>,
    /// What it may use.
    pub limits: Limits,
    /// For how long it keeps what it has.
    pub retention: Retention,
    /// Numbers that it has.
    pub sessions: i64,
    /// People in it.
    pub members: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A business to be made by an operator.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its name.
    pub name: String,
    /// Where its sessions shall live, if that is not left to the hash of its id.
    pub shard: Option<u16>,
    /// What it may use.
    pub limits: Limits,
    /// The address of its first owner, lower case, who is invited.
    pub owner_email: Option<String>,
    /// How long that invitation is good.
    pub invitation_life: Duration,
}

/// What changes of a business; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct TenantChange {
    /// Another name.
    pub name: Option<String>,
    /// Suspended or not.
    pub suspended: Option<bool>,
    /// Other limits, all of them.
    pub limits: Option<Limits>,
    /// For how long it keeps what it has, all of it.
    pub retention: Option<Retention>,
}

/// Makes a business; the secret is the token of its owner's invitation.
pub async fn create(
    store: &Store,
    now: Timestamp,
    by: Actor,
    new: NewTenant,
) -> Result<(Tenant, Option<SecretString>)> {
    let token = new.owner_email.as_ref().map(|_| members::new_token());
    let input = (now, by, new, BusinessId::generate(), token);
    store
        .write(Lane::Rest, input, |tx, (now, by, new, id, token)| {
            Box::pin(async move {
                insert(tx, *now, by, *id, new).await?;
                if let (Some(email), Some(token)) = (&new.owner_email, token) {
                    let invitation = NewInvitation {
                        email: email.clone(),
                        role: Role::Owner,
                        life: new.invitation_life,
                    };
                    members::invite_in(tx, *now, *id, by, &invitation, token).await?;
                }
                Ok((must_find(tx, *id).await?, token.clone()))
            })
        })
        .await
}

async fn insert(
    tx: &mut Tx,
    now: Timestamp,
    by: &Actor,
    id: BusinessId,
    new: &NewTenant,
) -> Result<()> {
    execute!(
        tx,
        sql::INSERT,
        id.uuid(),
        new.name.as_str(),
        new.shard.map(i64::from),
        new.limits.sessions.map(i64::from),
        new.limits.messages_per_day.map(i64::from),
        stored(new.limits.storage_bytes),
        new.limits.concurrent_calls.map(i64::from),
        now.ms()
    )?;
    let detail = json!({"name": new.name, "shard": new.shard, "limits": shown(new.limits)});
    let action = AuditAction::BusinessCreated;
    audit::note(tx, now, id, by, action, &id.to_string(), &detail).await
}

/// The businesses of the platform, oldest first; with `q`, those whose name holds it.
pub async fn list(
    store: &Store,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Tenant>> {
    let after = cursor.map(Cursor::parse).transpose()?;
    let mut conn = store.read().await?;
    let mut rows = fetch_all!(
        conn,
        TenantRow,
        sql::LIST,
        after.map_or(Uuid::nil(), |it| it.id),
        pattern(q.unwrap_or_default()),
        i64::from(limit).saturating_add(1)
    )?;
    let next_cursor = Cursor::next(&mut rows, limit, TenantRow::cursor);
    let data = rows.into_iter().map(TenantRow::into_tenant);
    Ok(Page {
        data: data.collect::<Result<_>>()?,
        next_cursor,
    })
}

/// One business.
pub async fn get(store: &Store, id: BusinessId) -> Result<Option<Tenant>> {
    let mut conn = store.of(id).read().await?;
    fetch_optional!(conn, TenantRow, sql::GET, id.uuid())?
        .map(TenantRow::into_tenant)
        .transpose()
}

/// Changes a business. Suspension bites as soon as it is committed, but for what caches of credentials still know:
/// seconds. What was accepted is still sent, what arrives is still kept.
pub async fn change(
    store: &Store,
    now: Timestamp,
    by: Actor,
    id: BusinessId,
    change: TenantChange,
) -> Result<Option<Tenant>> {
    store
        .of(id)
        .write(
            Lane::Rest,
            (now, by, id, change),
            |tx, (now, by, id, change)| Box::pin(change_in(tx, *now, by, *id, change)),
        )
        .await
}

async fn change_in(
    tx: &mut Tx,
    now: Timestamp,
    by: &Actor,
    id: BusinessId,
    change: &TenantChange,
) -> Result<Option<Tenant>> {
    let Some(before) = lock(tx, id).await? else {
        return Ok(None);
    };
    let target = id.to_string();
    if let Some(name) = change.name.as_ref().filter(|it| **it != before.name) {
        execute!(tx, sql::RENAME, id.uuid(), name.as_str())?;
        let detail = json!({"before": before.name, "after": name});
        let action = AuditAction::BusinessRenamed;
        audit::note(tx, now, id, by, action, &target, &detail).await?;
    }
    if let Some(suspended) = change.suspended.filter(|it| *it != before.suspended) {
        let (status, action) = if suspended {
            ("suspended", AuditAction::BusinessSuspended)
        } else {
            ("active", AuditAction::BusinessResumed)
        };
        execute!(tx, sql::SET_STATUS, id.uuid(), status)?;
        audit::note(tx, now, id, by, action, &target, &json!({})).await?;
    }
    if let Some(limits) = change.limits.filter(|it| *it != before.limits) {
        let sessions = limits.sessions.map(i64::from);
        let messages = limits.messages_per_day.map(i64::from);
        let storage = stored(limits.storage_bytes);
        let calls = limits.concurrent_calls.map(i64::from);
        execute!(
            tx,
            sql::SET_LIMITS,
            id.uuid(),
            sessions,
            messages,
            storage,
            calls
        )?;
        quota::forget_count(tx, id).await?;
        let detail = json!({"before": shown(before.limits), "after": shown(limits)});
        let action = AuditAction::BusinessLimited;
        audit::note(tx, now, id, by, action, &target, &detail).await?;
    }
    if let Some(retention) = change.retention.filter(|it| *it != before.retention) {
        let messages = retention.messages_days.map(i64::from);
        let events = retention.events_days.map(i64::from);
        execute!(tx, sql::SET_RETENTION, id.uuid(), messages, events)?;
        let detail = json!({"before": kept(before.retention), "after": kept(retention)});
        let action = AuditAction::BusinessRetentionChanged;
        audit::note(tx, now, id, by, action, &target, &detail).await?;
    }
    must_find(tx, id).await.map(Some)
}

/// The business as it stands, locked until the commit.
async fn lock(tx: &mut Tx, id: BusinessId) -> Result<Option<Tenant>> {
    if fetch_optional!(tx, (Uuid,), sql::LOCK, id.uuid())?.is_none() {
        return Ok(None);
    }
    must_find(tx, id).await.map(Some)
}

async fn must_find(tx: &mut Tx, id: BusinessId) -> Result<Tenant> {
    let row = fetch_optional!(tx, TenantRow, sql::GET, id.uuid())?;
    row.ok_or(Error::Conflict("no_such_business"))?
        .into_tenant()
}

fn shown(limits: Limits) -> serde_json::Value {
    json!({
        "sessions": limits.sessions,
        "messages_per_day": limits.messages_per_day,
        "storage_bytes": limits.storage_bytes,
        "concurrent_calls": limits.concurrent_calls,
    })
}

/// No disk has room for more than the column can say.
fn stored(bytes: Option<u64>) -> Option<i64> {
    bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}

fn kept(retention: Retention) -> serde_json::Value {
    json!({"messages_days": retention.messages_days, "events_days": retention.events_days})
}
