//! The stored form of a business as operators see it.

use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use super::Tenant;
use crate::page::Cursor;
use crate::quota::Limits;
use crate::retention::Retention;
use crate::{Error, Result};

/// The columns of a business `b`, with what it has.
macro_rules! tenant_columns {
    () => {
        "b.id, b.name, b.status, coalesce(b.shard_override, b.shard) as shard, b.max_sessions, b.messages_per_day,
            b.max_storage_bytes, b.max_calls, b.keep_messages_days, b.keep_events_days, b.created_at,
            (select min(h.number) from session_leases l join shards h on h.incarnation = l.incarnation
                where l.business_id = b.id) as held_by,
            (select count(*) from sessions s where s.business_id = b.id and s.deleted_at is null) as sessions,
            (select count(*) from members m where m.business_id = b.id) as members"
    };
}
pub(crate) use tenant_columns;

#[derive(sqlx::FromRow)]
pub(super) struct TenantRow {
    id: Uuid,
    name: String,
    status: String,
    shard: Option<i64>,
    held_by: Option<i64>,
    max_sessions: Option<i64>,
    messages_per_day: Option<i64>,
    max_storage_bytes: Option<i64>,
    max_calls: Option<i64>,
    keep_messages_days: Option<i64>,
    keep_events_days: Option<i64>,
    created_at: i64,
    sessions: i64,
    members: i64,
}

impl TenantRow {
    pub(super) fn cursor(&self) -> Cursor {
        Cursor {
            at: self.created_at,
            id: self.id,
        }
    }

    pub(super) fn into_tenant(self) -> Result<Tenant> {
        let id = BusinessId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "businesses",
            column,
            id: id.to_string(),
        };
        let limit = |value: Option<i64>, column| {
            let number = value.map(u32::try_from).transpose();
            number.map_err(|_range| corrupt(column))
        };
        let storage = self.max_storage_bytes.map(u64::try_from).transpose();
        let shard = self.shard.map(u16::try_from).transpose();
        let held_by = self.held_by.map(u16::try_from).transpose();
        Ok(Tenant {
            id,
            suspended: self.status != "active",
            shard: shard.map_err(|_range| corrupt("shard"))?,
            held_by: held_by.map_err(|_range| corrupt("held_by"))?,
            limits: Limits {
                sessions: limit(self.max_sessions, "max_sessions")?,
                messages_per_day: limit(self.messages_per_day, "messages_per_day")?,
                storage_bytes: storage.map_err(|_range| corrupt("max_storage_bytes"))?,
                concurrent_calls: limit(self.max_calls, "max_calls")?,
            },
            retention: Retention {
                messages_days: limit(self.keep_messages_days, "keep_messages_days")?,
                events_days: limit(self.keep_events_days, "keep_events_days")?,
            },
            sessions: self.sessions,
            members: self.members,
            created_at: Timestamp(self.created_at),
            name: self.name,
        })
    }
}
