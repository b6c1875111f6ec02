//! The stored form of a session.

use switchyard_core::address::{Lid, Phone};
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{SessionId, Timestamp};
use uuid::Uuid;

use crate::sessions::Session;
use crate::{Error, Result};

/// The columns of a session `s` with the shard that holds it, and with its messages since the instant in that
/// parameter; without one they are not counted.
macro_rules! session_columns {
    () => {
        session_columns!(count "cast(0 as bigint)")
    };
    ($since:literal) => {
        session_columns!(count concat!(
            "(select count(*) from messages m where m.session_id = s.id and m.created_at >= ",
            $since,
            ")"
        ))
    };
    (count $messages:expr) => {
        concat!(
            "s.id, s.business_id, s.name, s.phone, s.lid, s.state, s.reason, s.since, s.until, s.new_chats_until, s.banned_until,
            s.wanted, s.wanted_at, s.paired, s.phone_seen_at, s.created_at,
            ",
            $messages,
            " as messages_today,
            (select h.number from session_leases l join shards h on h.incarnation = l.incarnation
                where l.session_id = s.id and l.business_id = s.business_id) as shard"
        )
    };
}
pub(crate) use session_columns;

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
    new_chats_until: Option<i64>,
    banned_until: Option<i64>,
    wanted: String,
    wanted_at: i64,
    paired: bool,
    messages_today: i64,
    shard: Option<i64>,
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
            new_chats_until: self.new_chats_until.map(Timestamp),
            banned_until: self.banned_until.map(Timestamp),
            wanted: Wanted::parse(&self.wanted).ok_or_else(|| corrupt("wanted"))?,
            wanted_at: Timestamp(self.wanted_at),
            paired: self.paired,
            messages_today: self.messages_today,
            shard: (self.shard.map(u16::try_from).transpose())
                .map_err(|_range| corrupt("shard"))?,
            phone_seen_at: self.phone_seen_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
            name: self.name,
        })
    }
}
