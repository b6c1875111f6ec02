//! The stored form of a chat, and the places of its messages.

use switchyard_core::object::{ChatKind, ChatObject};
use switchyard_core::{BusinessId, ChatId, ContactId, MessageId, SessionId, Timestamp};
use uuid::Uuid;

use crate::chats::sql;
use crate::messages::MessageRow;
use crate::page::Cursor;
use crate::run::fetch_optional;
use crate::{Error, Result, Tx, quota};

/// A chat with its contact and its newest message.
#[derive(sqlx::FromRow)]
pub(crate) struct ChatRow {
    chat_key: Uuid,
    chat_session: Uuid,
    contact: Uuid,
    chat_kind: String,
    phone: Option<String>,
    lid: Option<String>,
    name: Option<String>,
    unread: i64,
    last_message_at: Option<i64>,
    #[sqlx(flatten)]
    last: MessageRow,
}

impl ChatRow {
    pub(crate) fn into_object(self) -> Result<ChatObject> {
        let id = ChatId::from(self.chat_key);
        let kind = match self.chat_kind.as_str() {
            "person" => ChatKind::Person,
            "group" => ChatKind::Group,
            _ => {
                return Err(Error::Corrupt {
                    table: "chats",
                    column: "kind",
                    id: id.to_string(),
                });
            }
        };
        Ok(ChatObject {
            id,
            session_id: self.chat_session.into(),
            contact_id: Some(self.contact.into()),
            kind,
            phone: self.phone.map(|digits| format!("+{digits}")),
            lid: self.lid,
            name: self.name,
            unread: self.unread,
            last_message: Some(self.last.into_object()?),
            last_message_at: self.last_message_at.map(Timestamp),
            found: None,
        })
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor {
            at: self.last_message_at.unwrap_or(0),
            id: self.chat_key,
        }
    }
}

/// Finds or makes the chat, locks it, and takes the next place in it for a message of ours.
pub(crate) async fn take_place(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    session: SessionId,
    contact: ContactId,
    message: MessageId,
    text: &str,
) -> Result<(ChatId, i64)> {
    let row = fetch_optional!(
        tx,
        (Uuid, i64),
        sql::TAKE_PLACE,
        ChatId::generate().uuid(),
        business.uuid(),
        session.uuid(),
        contact.uuid(),
        message.uuid(),
        now.ms(),
        quota::bytes(Some(text))
    )?;
    let (chat, position) = row.ok_or(Error::Conflict("chat"))?;
    Ok((chat.into(), position))
}
