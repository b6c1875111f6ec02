//! The types of durable events.

use crate::named::named;

named! {
    /// What an event tells. Stored and shown by its dotted name.
    pub enum EventType {
        /// A session's state changed.
        SessionStatus = "session.status",
        /// A message arrived.
        MessageReceived = "message.received",
        /// A message of ours reached a status.
        MessageStatus = "message.status",
        /// A message arrived that cannot be decrypted yet.
        MessageWaiting = "message.waiting",
        /// Two contacts turned out to be one person.
        ContactMerged = "contact.merged",
        /// A chat's unread count or name changed.
        ChatUpdated = "chat.updated",
        /// A call began.
        CallStarted = "call.started",
        /// A call ended.
        CallEnded = "call.ended",
        /// Calls were turned away; at most one such event a second, with their count.
        CallRejected = "call.rejected",
        /// What a caller recorded can be played.
        RecordingReady = "recording.ready",
    }
}
