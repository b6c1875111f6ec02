//! Messages: their status, which only moves forward, and the rules on their content.

use crate::named::named;

/// The most characters (Unicode scalar values) that a text may have.
pub const TEXT_MAX_CHARS: usize = 4_096;
/// How long an accepted message waits for its session by default, in seconds.
pub const EXPIRES_IN_DEFAULT_S: u32 = 86_400;
/// The least and the most that `expires_in` may be, in seconds.
pub const EXPIRES_IN_RANGE_S: std::ops::RangeInclusive<u32> = 60..=604_800;

named! {
    /// Where a message stands.
    pub enum MessageStatus {
        /// Accepted and stored; waits for its turn.
        Queued = "queued",
        /// Handed to the socket; WhatsApp has not answered yet.
        Sending = "sending",
        /// WhatsApp's server acknowledged it.
        Sent = "sent",
        /// It reached the recipient's phone.
        Delivered = "delivered",
        /// The recipient read it. Inbound: we read it.
        Read = "read",
        /// Given up, with a failure code.
        Failed = "failed",
        /// Inbound: arrived and stored.
        Received = "received",
    }
}

impl MessageStatus {
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

named! {
    /// Which way a message or a call went.
    pub enum Direction {
        /// To the business.
        Inbound = "inbound",
        /// From the business.
        Outbound = "outbound",
    }
}

named! {
    /// What a message holds.
    pub enum MessageKind {
        /// Words.
        Text = "text",
        /// Could not be decrypted yet; replaced in place by the first real content.
        Waiting = "waiting",
        /// Something that this version does not show.
        Unsupported = "unsupported",
    }
}

named! {
    /// Where an outbound message was written.
    pub enum Source {
        /// By a program with an API key.
        Api = "api",
        /// By a person in the dashboard.
        Dashboard = "dashboard",
        /// On the phone itself.
        Phone = "phone",
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
