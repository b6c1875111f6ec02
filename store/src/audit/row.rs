//! The stored form of an entry.

use switchyard_core::Timestamp;
use switchyard_core::audit::{ActorKind, AuditAction};
use uuid::Uuid;

use super::chain::Link;
use super::{Actor, Entry};
use crate::{Error, Result};

#[derive(sqlx::FromRow)]
pub(super) struct EntryRow {
    pub(super) business_id: Uuid,
    pub(super) seq: i64,
    id: Uuid,
    at: i64,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    action: String,
    target: String,
    detail: String,
    pub(super) hash: Vec<u8>,
}

impl EntryRow {
    /// What the chain protects of it.
    pub(super) fn link(&self) -> Link<'_> {
        Link {
            business: self.business_id,
            seq: self.seq,
            id: self.id,
            at: self.at,
            actor_kind: &self.actor_kind,
            actor_id: self.actor_id,
            address: self.address.as_deref(),
            request_id: self.request_id.as_deref(),
            action: &self.action,
            target: &self.target,
            detail: &self.detail,
        }
    }

    fn into_entry(self) -> Result<Entry> {
        let (business, seq) = (self.business_id, self.seq);
        let corrupt = |column| Error::Corrupt {
            table: "audit",
            column,
            id: format!("{business} {seq}"),
        };
        Ok(Entry {
            id: self.id.into(),
            business: business.into(),
            seq,
            at: Timestamp(self.at),
            actor: Actor {
                kind: ActorKind::parse(&self.actor_kind).ok_or_else(|| corrupt("actor_kind"))?,
                id: self.actor_id,
                address: self.address,
                request_id: self.request_id,
            },
            actor_name: self.actor_name,
            action: AuditAction::parse(&self.action).ok_or_else(|| corrupt("action"))?,
            target: self.target,
            detail: serde_json::from_str(&self.detail).map_err(|_not_json| corrupt("detail"))?,
        })
    }
}

/// Rows as entries.
pub(super) fn entries(rows: Vec<EntryRow>) -> Result<Vec<Entry>> {
    rows.into_iter().map(EntryRow::into_entry).collect()
}
