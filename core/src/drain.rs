//! The one direct call, worker → shard: `POST {url}/internal/v1/drain`.

use serde::{Deserialize, Serialize};

use crate::{ChatId, SessionId};

/// The most messages that one drain sends before it answers `more`.
pub const DRAIN_MAX_MESSAGES: u16 = 20;

/// Ask a shard to send a chat's queued messages, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrainRequest {
    /// The session that sends.
    pub session_id: SessionId,
    /// The chat to drain.
    pub chat_id: ChatId,
    /// At most so many messages.
    pub max: u16,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrainOutcome {
    /// Nothing is queued any more.
    Drained,
    /// Something is still queued: come again.
    More,
    /// The session is not connected; the shard asks for a drain itself once it is.
    NotConnected,
    /// This shard does not hold the session.
    NotMine,
    /// This shard held the session and lost it.
    Fenced,
}

/// What a shard did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainAnswer {
    /// How it ended.
    pub outcome: DrainOutcome,
    /// So many messages were acknowledged during this call.
    pub sent: u32,
    /// So many messages failed for good during this call.
    pub failed: u32,
    /// With `more`: come again after so many milliseconds.
    pub retry_after_ms: u64,
}
