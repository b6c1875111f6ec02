//! The types of durable events.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an event tells. Stored and shown by its dotted name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventType {
    /// A session's state changed.
    #[serde(rename = "session.status")]
    SessionStatus,
    /// A message arrived.
    #[serde(rename = "message.received")]
    MessageReceived,
    /// A message of ours reached a status.
    #[serde(rename = "message.status")]
    MessageStatus,
    /// A message arrived that cannot be decrypted yet.
    #[serde(rename = "message.waiting")]
    MessageWaiting,
    /// Two contacts turned out to be one person.
    #[serde(rename = "contact.merged")]
    ContactMerged,
    /// A chat's unread count or name changed.
    #[serde(rename = "chat.updated")]
    ChatUpdated,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::SessionStatus,
        Self::MessageReceived,
        Self::MessageStatus,
        Self::MessageWaiting,
        Self::ContactMerged,
        Self::ChatUpdated,
    ];

    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionStatus => "session.status",
            Self::MessageReceived => "message.received",
            Self::MessageStatus => "message.status",
            Self::MessageWaiting => "message.waiting",
            Self::ContactMerged => "contact.merged",
            Self::ChatUpdated => "chat.updated",
        }
    }

    /// The type of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}
