//! The audit log: who did what to a business, when and from where. Entries are only added, each chained to the one before.

use serde_json::Value;
use switchyard_core::audit::{ActorKind, AuditAction};
use switchyard_core::{AuditId, BusinessId, Timestamp};
use uuid::Uuid;

use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Page, Result, Store, Tx};

mod chain;
mod row;
pub(crate) mod sql;
mod verify;

use row::EntryRow;
pub use verify::{Broken, Verified, verify};

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What kind of hand.
    pub kind: ActorKind,
    /// The user or key.
    pub id: Option<Uuid>,
    /// The client's address.
    pub address: Option<String>,
    /// Finds the request in the log.
    pub request_id: Option<String>,
}

impl Actor {
    /// The program itself.
    pub const fn system() -> Self {
        Self {
            kind: ActorKind::System,
            id: None,
            address: None,
            request_id: None,
        }
    }
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// The business that it was done to.
    pub business: BusinessId,
    /// Its number within the business, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The name of the person who did it, as far as the reader may know it.
    pub actor_name: Option<String>,
    /// What.
    pub action: AuditAction,
    /// The shown id of what it was done to.
    pub target: String,
    /// Before and after.
    pub detail: Value,
}

/// Which entries to list; one that asks for nothing finds all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Of this user or key.
    pub actor: Option<Uuid>,
    /// Of this act.
    pub action: Option<AuditAction>,
    /// Not before this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

impl Wanted {
    fn action(&self) -> Option<&'static str> {
        self.action.map(AuditAction::name)
    }

    /// From when and until before when, in milliseconds.
    fn span(&self) -> (i64, i64) {
        let since = self.since.map_or(i64::MIN, Timestamp::ms);
        (since, self.until.map_or(i64::MAX, Timestamp::ms))
    }
}

/// Writes an entry in this transaction. The lock on the business's head until the commit keeps the chain one.
pub(crate) async fn note(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    by: &Actor,
    action: AuditAction,
    target: &str,
    detail: &Value,
) -> Result<()> {
    let nothing: &[u8] = &[];
    let head = fetch_optional!(tx, (i64, Vec<u8>), sql::TAKE, business.uuid(), nothing)?;
    let (seq, before) = head.ok_or_else(|| Error::Corrupt {
        table: "audit_heads",
        column: "seq",
        id: business.to_string(),
    })?;
    let (id, detail) = (AuditId::generate(), serde_json::to_string(detail)?);
    let link = chain::Link {
        business: business.uuid(),
        seq,
        id: id.uuid(),
        at: now.ms(),
        actor_kind: by.kind.name(),
        actor_id: by.id,
        address: by.address.as_deref(),
        request_id: by.request_id.as_deref(),
        action: action.name(),
        target,
        detail: &detail,
    };
    let hash = link.hash(&before);
    execute!(
        tx,
        sql::INSERT,
        link.business,
        link.seq,
        link.id,
        link.at,
        link.actor_kind,
        link.actor_id,
        link.address,
        link.request_id,
        link.action,
        link.target,
        link.detail,
        hash.as_slice()
    )?;
    execute!(tx, sql::SET_HEAD, link.business, hash.as_slice())?;
    Ok(())
}

/// The entries of a business that are wanted, newest first. The cursor is the number of the last entry seen.
pub async fn list(
    store: &Store,
    business: BusinessId,
    wanted: Wanted,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Entry>> {
    let before = cursor.map_or(Ok(i64::MAX), |text| {
        text.parse().map_err(|_not_a_number| Error::InvalidCursor)
    })?;
    let mut conn = store.of(business).read().await?;
    let more = i64::from(limit).saturating_add(1);
    let (action, (since, until)) = (wanted.action(), wanted.span());
    let rows = fetch_all!(
        conn,
        EntryRow,
        sql::LIST,
        wanted.actor,
        action,
        since,
        until,
        more,
        business.uuid(),
        before
    )?;
    let data: Vec<Entry> = row::entries(rows)?;
    Ok(cut(data, limit, |entry| entry.seq.to_string()))
}

/// The entries of all businesses that are wanted, newest first: for operators.
pub async fn list_all(
    store: &Store,
    wanted: Wanted,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Entry>> {
    let before = cursor
        .map(str::parse::<AuditId>)
        .transpose()
        .map_err(|_not_an_id| Error::InvalidCursor)?
        .map_or(Uuid::max(), AuditId::uuid);
    let mut conn = store.read().await?;
    let more = i64::from(limit).saturating_add(1);
    let (action, (since, until)) = (wanted.action(), wanted.span());
    let rows = fetch_all!(
        conn,
        EntryRow,
        sql::LIST_ALL,
        wanted.actor,
        action,
        since,
        until,
        more,
        before
    )?;
    let data: Vec<Entry> = row::entries(rows)?;
    Ok(cut(data, limit, |entry| entry.id.to_string()))
}

/// Of entries fetched with one more than `limit`: drops that one and says where the next page begins.
fn cut(mut data: Vec<Entry>, limit: u32, cursor: impl Fn(&Entry) -> String) -> Page<Entry> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_last = data.len() <= limit;
    data.truncate(limit);
    Page {
        next_cursor: data.last().filter(|_| !is_last).map(cursor),
        data,
    }
}
