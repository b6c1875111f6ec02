//! The objects of the API, which durable events carry too: every field is always there, `null` when unknown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::EventType;
use crate::message::{Direction, MessageKind, MessageStatus, Source};
use crate::reason::SessionReason;
use crate::session::SessionState;
use crate::{BusinessId, ChatId, ContactId, EventId, MessageId, SessionId, Timestamp};

/// A WhatsApp number of a business.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionObject {
    /// `ses_…`
    #[schema(value_type = String)]
    pub id: SessionId,
    /// The business that owns it.
    #[schema(value_type = String)]
    pub business_id: BusinessId,
    /// The name its owner gave it.
    pub name: String,
    /// The linked number, `+E.164`.
    pub phone: Option<String>,
    /// Where it stands.
    pub state: SessionState,
    /// Why; see `GET /v1/reasons`.
    pub reason: Option<SessionReason>,
    /// Since when it is in this state.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When this state ends by itself: of a restriction, of a ban.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// The shard that holds it; operators only.
    pub shard: Option<u16>,
    /// Messages in and out since midnight UTC.
    pub messages_today: i64,
    /// When the phone itself was last heard of.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub phone_seen_at: Option<Timestamp>,
}

impl std::fmt::Debug for SessionObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionObject")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageError {
    /// A stable code; see `GET /v1/reasons`.
    pub code: String,
    /// A sentence for a person.
    pub detail: String,
}

/// A message, in or out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageObject {
    /// `msg_…`
    #[schema(value_type = String)]
    pub id: MessageId,
    /// The number that it went through.
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// The conversation.
    #[schema(value_type = String)]
    pub chat_id: ChatId,
    /// Its id on WhatsApp.
    pub wa_id: String,
    /// Which way it went.
    pub direction: Direction,
    /// What it holds.
    pub kind: MessageKind,
    /// Who wrote it: `+E.164`, else `<lid>@lid`.
    pub from: Option<String>,
    /// Whom it is for: `+E.164`, else `<lid>@lid`.
    pub to: Option<String>,
    /// The words of a text.
    pub text: Option<String>,
    /// Always `null` so far.
    #[schema(value_type = Option<Object>)]
    pub media: Option<serde_json::Value>,
    /// The message that it answers.
    #[schema(value_type = Option<String>)]
    pub reply_to: Option<MessageId>,
    /// Where it stands.
    pub status: MessageStatus,
    /// Why it failed.
    pub error: Option<MessageError>,
    /// Where an outbound message was written.
    pub source: Option<Source>,
    /// Its place in the chat; grows.
    pub position: i64,
    /// When it is given up if it could not be sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was accepted or arrived.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When WhatsApp acknowledged it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Timestamp>,
    /// When it reached the recipient.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub delivered_at: Option<Timestamp>,
    /// When it was read.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
}

impl std::fmt::Debug for MessageObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageObject")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Whether a chat is with one person or with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// One person.
    Person,
    /// A group.
    Group,
}

/// A conversation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Chat)]
pub struct ChatObject {
    /// `chat_…`
    #[schema(value_type = String)]
    pub id: ChatId,
    /// The number that it belongs to.
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// The person.
    #[schema(value_type = Option<String>)]
    pub contact_id: Option<ContactId>,
    /// One person or a group.
    pub kind: ChatKind,
    /// The person's number, `+E.164`.
    pub phone: Option<String>,
    /// The person's LID, digits.
    pub lid: Option<String>,
    /// The person's name, as far as known.
    pub name: Option<String>,
    /// Messages that nobody here has read.
    pub unread: i64,
    /// The newest message.
    pub last_message: Option<MessageObject>,
    /// When it was written or arrived.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_message_at: Option<Timestamp>,
    /// In a list that was searched: the newest message that holds `q`; null elsewhere, and where a name or a number
    /// was found alone.
    pub found: Option<MessageObject>,
}

impl std::fmt::Debug for ChatObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatObject")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A person on WhatsApp, as one business knows them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Contact)]
pub struct ContactObject {
    /// `con_…`
    #[schema(value_type = String)]
    pub id: ContactId,
    /// The number, `+E.164`.
    pub phone: Option<String>,
    /// The LID, digits.
    pub lid: Option<String>,
    /// The name, as far as known.
    pub name: Option<String>,
    /// Labels that people of the business put on.
    pub labels: Vec<String>,
    /// When the person asked for no more broadcasts.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opted_out_at: Option<Timestamp>,
}

impl std::fmt::Debug for ContactObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactObject")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A durable, ordered fact about a business's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Event)]
pub struct EventObject {
    /// `evt_…`; stays the same however often it is delivered.
    #[schema(value_type = String)]
    pub id: EventId,
    /// Its number within the business, without gaps; use it as `after`.
    pub seq: i64,
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The business.
    #[schema(value_type = String)]
    pub business_id: BusinessId,
    /// The number that it is about.
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// The message of `message.*`, the session of `session.status`, the chat of `chat.updated`;
    /// of `contact.merged`: `{contact, merged_id, chat_id, merged_chat_id}`.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}
