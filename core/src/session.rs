//! The states of a session and what its owner wants of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a session stands. Stored and shown as its snake-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Made, never linked.
    Created,
    /// On its way to a live connection.
    Connecting,
    /// A QR code or a pairing code waits for the phone.
    AwaitingScan,
    /// WhatsApp asks for a passkey before it links.
    AwaitingPasskey,
    /// Linked, fetching what a connection needs first.
    Syncing,
    /// Live.
    Connected,
    /// On its way to another shard.
    Moving,
    /// Live, but WhatsApp refuses some sends.
    Restricted,
    /// Down because somebody asked, or because the codes ran out.
    Disconnected,
    /// No longer linked: only a new scan helps.
    LoggedOut,
    /// Another connection of the same device took over.
    Replaced,
    /// Stopped by a fault that needs a person.
    Failed,
}

impl SessionState {
    /// Every state, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Connecting,
        Self::AwaitingScan,
        Self::AwaitingPasskey,
        Self::Syncing,
        Self::Connected,
        Self::Moving,
        Self::Restricted,
        Self::Disconnected,
        Self::LoggedOut,
        Self::Replaced,
        Self::Failed,
    ];

    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Connecting => "connecting",
            Self::AwaitingScan => "awaiting_scan",
            Self::AwaitingPasskey => "awaiting_passkey",
            Self::Syncing => "syncing",
            Self::Connected => "connected",
            Self::Moving => "moving",
            Self::Restricted => "restricted",
            Self::Disconnected => "disconnected",
            Self::LoggedOut => "logged_out",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether messages can be sent now.
    pub const fn can_send(self) -> bool {
        matches!(self, Self::Connected | Self::Restricted)
    }
}

/// What the business wants of a session; the shard works towards it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Be connected; link first where that is needed.
    Connected,
    /// Be down, stay linked.
    Disconnected,
    /// Be unlinked on the phone, keys wiped.
    LoggedOut,
    /// Be unlinked, keys wiped and the session removed; chats and messages stay.
    Deleted,
}

impl Wanted {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::LoggedOut => "logged_out",
            Self::Deleted => "deleted",
        }
    }

    /// The wish of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Connected,
            Self::Disconnected,
            Self::LoggedOut,
            Self::Deleted,
        ]
        .into_iter()
        .find(|wanted| wanted.name() == name)
    }
}
