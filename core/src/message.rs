//! Messages: their status, which only moves forward, and the rules on their content.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters (Unicode scalar values) that a text may have.
pub const TEXT_MAX_CHARS: usize = 4_096;
/// How long an accepted message waits for its session by default, in seconds.
pub const EXPIRES_IN_DEFAULT_S: u32 = 86_400;
/// The least and the most that `expires_in` may be, in seconds.
pub const EXPIRES_IN_RANGE_S: std::ops::RangeInclusive<u32> = 60..=604_800;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Accepted and stored; waits for its turn.
    Queued,
    /// Handed to the socket; WhatsApp has not answered yet.
    Sending,
    /// WhatsApp's server acknowledged it.
    Sent,
    /// It reached the recipient's phone.
    Delivered,
    /// The recipient read it. Inbound: we read it.
    Read,
    /// Given up, with a failure code.
    Failed,
    /// Inbound: arrived and stored.
    Received,
}

impl MessageStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Received,
    ];

    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Received => "received",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The rank that only grows. A receipt that proves delivery beats an earlier failure to hear so.
    pub const fn rank(self) -> i16 {
        match self {
            Self::Queued | Self::Received => 0,
            Self::Sending => 1,
            Self::Failed => 2,
            Self::Sent => 3,
            Self::Delivered => 4,
            Self::Read => 5,
        }
    }

    /// Whether a message may go from this status to `next`.
    pub const fn allows(self, next: Self) -> bool {
        next.rank() > self.rank()
    }
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the business.
    Inbound,
    /// From the business.
    Outbound,
}

impl Direction {
    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// The direction of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Inbound, Self::Outbound]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// What a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Words.
    Text,
    /// Could not be decrypted yet; replaced in place by the first real content.
    Waiting,
    /// Something that this version does not show.
    Unsupported,
}

impl MessageKind {
    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Waiting => "waiting",
            Self::Unsupported => "unsupported",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Text, Self::Waiting, Self::Unsupported]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// Where an outbound message was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// By a program with an API key.
    Api,
    /// By a person in the dashboard.
    Dashboard,
    /// On the phone itself.
    Phone,
}

impl Source {
    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Dashboard => "dashboard",
            Self::Phone => "phone",
        }
    }

    /// The source of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Api, Self::Dashboard, Self::Phone]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// A new WhatsApp id of a message: the web form, `3EB0` and 18 upper-case hex digits.
pub fn new_wa_id() -> String {
    let random: [u8; 9] = rand::random();
    let digits: Vec<String> = random.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("3EB0{}", digits.concat())
}

/// Whether a text may be sent: not blank, at most [`TEXT_MAX_CHARS`] characters, and without the NUL character,
/// which Postgres cannot store.
pub fn text_is_sendable(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains('\0') && text.chars().count() <= TEXT_MAX_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_only_moves_forward() {
        use MessageStatus::{Delivered, Failed, Queued, Read, Sending, Sent};
        assert!(Queued.allows(Sending) && Sending.allows(Sent) && Sent.allows(Delivered));
        assert!(Queued.allows(Read) && Sending.allows(Failed) && Queued.allows(Failed));
        assert!(!Read.allows(Delivered) && !Sent.allows(Failed) && !Sent.allows(Sent));
        assert!(
            Failed.allows(Delivered),
            "a receipt proves more than a missing acknowledgement"
        );
    }

    #[test]
    fn a_new_wa_id_has_the_web_form() {
        let id = new_wa_id();
        assert_eq!(id.len(), 22);
        assert!(id.starts_with("3EB0") && id.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
