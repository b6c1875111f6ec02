//! The states of a session and what its owner wants of it.

use crate::named::named;

named! {
    /// Where a session stands. Stored and shown as its snake-case name.
    pub enum SessionState {
        /// Made, never linked.
        Created = "created",
        /// On its way to a live connection.
        Connecting = "connecting",
        /// A QR code or a pairing code waits for the phone.
        AwaitingScan = "awaiting_scan",
        /// WhatsApp asks for a passkey before it links.
        AwaitingPasskey = "awaiting_passkey",
        /// Linked, fetching what a connection needs first.
        Syncing = "syncing",
        /// Live.
        Connected = "connected",
        /// On its way to another shard.
        Moving = "moving",
        /// Live, but WhatsApp refuses some sends.
        Restricted = "restricted",
        /// Down because somebody asked, or because the codes ran out.
        Disconnected = "disconnected",
        /// No longer linked: only a new scan helps.
        LoggedOut = "logged_out",
        /// Another connection of the same device took over.
        Replaced = "replaced",
        /// Stopped by a fault that needs a person.
        Failed = "failed",
    }
}

impl SessionState {
    /// Whether messages can be sent now.
    pub const fn can_send(self) -> bool {
        matches!(self, Self::Connected | Self::Restricted)
    }
}

named! {
    /// What the business wants of a session; the shard works towards it.
    pub enum Wanted {
        /// Be connected; link first where that is needed.
        Connected = "connected",
        /// The same, by a connection that was made after the wish.
        Restarted = "restarted",
        /// Be down, stay linked.
        Disconnected = "disconnected",
        /// Be unlinked on the phone, keys wiped.
        LoggedOut = "logged_out",
        /// Be unlinked, keys wiped and the session removed; chats and messages stay.
        Deleted = "deleted",
    }
}

impl Wanted {
    /// Whether it is to be connected, however.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Connected | Self::Restarted)
    }
}
