//! The stored form of a message, with the two people that it went between.

use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::message::{Direction, MessageKind, MessageStatus, Source};
use switchyard_core::object::{MessageError, MessageObject};
use switchyard_core::reason::FailureCode;
use switchyard_core::{BusinessId, MessageId, Timestamp};
use uuid::Uuid;

use crate::{Error, NewEvent, Result, Tx};
use switchyard_core::event::EventType;

/// The columns that a [`MessageRow`] is read from, of a statement on `messages`.
macro_rules! message_columns {
    () => {
        "messages.id, messages.business_id, messages.session_id, messages.chat_id, messages.wa_id, \
         messages.direction, messages.kind, messages.text, messages.reply_to, messages.status, \
         messages.error_code, messages.source, messages.position, messages.expires_at, \
         messages.created_at, messages.sent_at, messages.delivered_at, messages.read_at, \
         (select s.phone from sessions s where s.id = messages.session_id) as own_phone, \
         (select s.lid from sessions s where s.id = messages.session_id) as own_lid, \
         (select c.phone from contacts c where c.id = messages.contact_id) as peer_phone, \
         (select c.lid from contacts c where c.id = messages.contact_id) as peer_lid"
    };
}
pub(crate) use message_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct MessageRow {
    pub(crate) id: Uuid,
    pub(crate) business_id: Uuid,
    pub(crate) session_id: Uuid,
    pub(crate) chat_id: Uuid,
    pub(crate) wa_id: String,
    pub(crate) direction: String,
    pub(crate) kind: String,
    pub(crate) text: Option<String>,
    pub(crate) reply_to: Option<Uuid>,
    pub(crate) status: String,
    pub(crate) error_code: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) position: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) sent_at: Option<i64>,
    pub(crate) delivered_at: Option<i64>,
    pub(crate) read_at: Option<i64>,
    pub(crate) own_phone: Option<String>,
    pub(crate) own_lid: Option<String>,
    pub(crate) peer_phone: Option<String>,
    pub(crate) peer_lid: Option<String>,
}

impl MessageRow {
    pub(crate) fn into_object(self) -> Result<MessageObject> {
        let id = MessageId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "messages",
            column,
            id: id.to_string(),
        };
        let direction = Direction::parse(&self.direction).ok_or_else(|| corrupt("direction"))?;
        let own = identity(self.own_phone.as_deref(), self.own_lid.as_deref());
        let peer = identity(self.peer_phone.as_deref(), self.peer_lid.as_deref());
        let (from, to) = match direction {
            Direction::Inbound => (peer.shown(), own.shown()),
            Direction::Outbound => (own.shown(), peer.shown()),
        };
        let error = self
            .error_code
            .map(|code| FailureCode::parse(&code).ok_or_else(|| corrupt("error_code")))
            .transpose()?;
        let source = self
            .source
            .map(|source| Source::parse(&source).ok_or_else(|| corrupt("source")))
            .transpose()?;
        Ok(MessageObject {
            id,
            session_id: self.session_id.into(),
            chat_id: self.chat_id.into(),
            wa_id: self.wa_id,
            direction,
            kind: MessageKind::parse(&self.kind).ok_or_else(|| corrupt("kind"))?,
            from,
            to,
            text: self.text,
            media: None,
            reply_to: self.reply_to.map(MessageId::from),
            status: MessageStatus::parse(&self.status).ok_or_else(|| corrupt("status"))?,
            error: error.map(failure),
            source,
            position: self.position,
            expires_at: self.expires_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
            sent_at: self.sent_at.map(Timestamp),
            delivered_at: self.delivered_at.map(Timestamp),
            read_at: self.read_at.map(Timestamp),
        })
    }
}

/// An error of a message as it is shown.
pub(crate) fn failure(code: FailureCode) -> MessageError {
    let words = code.words();
    MessageError {
        code: words.code.to_owned(),
        detail: words.sentence_en.to_owned(),
    }
}

/// A person, from stored digits.
pub(crate) fn identity(phone: Option<&str>, lid: Option<&str>) -> Identity {
    Identity {
        phone: phone.and_then(Phone::parse),
        lid: lid.and_then(Lid::parse),
    }
}

/// Tells the world how a message stands.
pub(crate) fn tell(
    tx: &mut Tx,
    now: Timestamp,
    kind: EventType,
    business: BusinessId,
    message: &MessageObject,
) -> Result<()> {
    tx.event(NewEvent {
        business,
        session: Some(message.session_id),
        kind,
        at: now,
        data: serde_json::to_value(message)?,
    });
    Ok(())
}

/// Tells the world that these rows of ours reached another status; answers how many there were.
pub(crate) fn tell_status(tx: &mut Tx, now: Timestamp, rows: Vec<MessageRow>) -> Result<u64> {
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    tx.changed(count);
    for row in rows {
        let business = BusinessId::from(row.business_id);
        let message = row.into_object()?;
        tell(tx, now, EventType::MessageStatus, business, &message)?;
    }
    Ok(count)
}
