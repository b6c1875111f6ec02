//! Who may do what: roles inside a business, scopes of API keys, and the one table over both.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role inside a business.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Inbox and contacts.
    Agent,
    /// And sessions.
    Admin,
    /// And members, keys and the business itself.
    Owner,
}

impl Role {
    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Agent, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// What an API key may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Scope {
    /// Read chats and messages.
    #[serde(rename = "messages:read")]
    MessagesRead,
    /// Send messages, mark chats read.
    #[serde(rename = "messages:write")]
    MessagesWrite,
    /// See numbers.
    #[serde(rename = "sessions:read")]
    SessionsRead,
    /// Link, stop and remove numbers.
    #[serde(rename = "sessions:write")]
    SessionsWrite,
    /// See contacts.
    #[serde(rename = "contacts:read")]
    ContactsRead,
    /// Change contacts.
    #[serde(rename = "contacts:write")]
    ContactsWrite,
    /// Read events and the live stream.
    #[serde(rename = "events:read")]
    EventsRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 7] = [
        Self::MessagesRead,
        Self::MessagesWrite,
        Self::SessionsRead,
        Self::SessionsWrite,
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::EventsRead,
    ];

    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessagesRead => "messages:read",
            Self::MessagesWrite => "messages:write",
            Self::SessionsRead => "sessions:read",
            Self::SessionsWrite => "sessions:write",
            Self::ContactsRead => "contacts:read",
            Self::ContactsWrite => "contacts:write",
            Self::EventsRead => "events:read",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The least role whose users may do what this scope names.
    pub const fn least_role(self) -> Role {
        match self {
            Self::SessionsWrite => Role::Admin,
            _ => Role::Agent,
        }
    }
}
