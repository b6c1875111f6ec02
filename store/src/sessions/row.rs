//! The stored form of a session.

use switchyard_core::address::{Lid, Phone};
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{SessionId, Timestamp};
use uuid::Uuid;

use crate::sessions::Session;
use crate::{Error, Result};

#[derive(sqlx::FromRow)]
pub(crate) struct SessionRow {
    id: Uuid,
    business_id: Uuid,
    name: String,
    phone: Option<String>,
    lid: Option<String>,
    state: String,
    reason: Option<String>,
    since: i64,
    until: Option<i64>,
    wanted: String,
    wanted_at: i64,
    paired: bool,
    messages_today: i64,
    phone_seen_at: Option<i64>,
    created_at: i64,
}

impl SessionRow {
    pub(crate) fn into_session(self) -> Result<Session> {
        let id = SessionId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "sessions",
            column,
            id: id.to_string(),
        };
        let phone = self.phone.as_deref();
        let lid = self.lid.as_deref();
        let reason = self.reason.as_deref();
        Ok(Session {
            id,
            business: self.business_id.into(),
            phone: phone
                .map(|it| Phone::parse(it).ok_or_else(|| corrupt("phone")))
                .transpose()?,
            lid: lid
                .map(|it| Lid::parse(it).ok_or_else(|| corrupt("lid")))
                .transpose()?,
            state: SessionState::parse(&self.state).ok_or_else(|| corrupt("state"))?,
            reason: reason
                .map(|it| SessionReason::parse(it).ok_or_else(|| corrupt("reason")))
                .transpose()?,
            since: Timestamp(self.since),
            until: self.until.map(Timestamp),
            wanted: Wanted::parse(&self.wanted).ok_or_else(|| corrupt("wanted"))?,
            wanted_at: Timestamp(self.wanted_at),
            paired: self.paired,
            messages_today: self.messages_today,
            phone_seen_at: self.phone_seen_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
            name: self.name,
        })
    }
}
