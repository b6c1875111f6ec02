//! Ids: UUIDv7 newtypes, shown as a prefix, an underscore and 32 lower-case hex digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with {prefix}_")]
pub struct NotAnId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What every id of this kind starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id of the present millisecond; ids made by one process ascend.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as it is stored.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    BusinessId = "biz";
    /// A person who signs in.
    UserId = "usr";
    /// One WhatsApp number linked as a companion device.
    SessionId = "ses";
    /// A conversation of one session.
    ChatId = "chat";
    /// A person on WhatsApp, as one business knows them.
    ContactId = "con";
    /// A message, in or out.
    MessageId = "msg";
    /// A unit of background work.
    JobId = "job";
    /// A durable fact about a business's data.
    EventId = "evt";
    /// An API key.
    KeyId = "key";
    /// An entry of the audit log.
    AuditId = "aud";
    /// An invitation to a business.
    InvitationId = "inv";
    /// A phone number that takes calls.
    CallNumberId = "num";
    /// Somebody whose call was missed.
    CallerId = "clr";
}

fn parse(prefix: &'static str, text: &str) -> Result<Uuid, NotAnId> {
    let wrong = NotAnId { prefix };
    let Some(hex) = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
    else {
        return Err(wrong);
    };
    let plain = hex.len() == 32
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !plain {
        return Err(wrong);
    }
    Uuid::try_parse(hex).map_err(|_not_hex| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_shown() {
        let id = MessageId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().starts_with("msg_"));
        assert_eq!(id.to_string().len(), 36);
    }

    #[test]
    fn another_prefix_and_other_spellings_are_refused() {
        let id = ChatId::generate().to_string();
        assert!(id.parse::<MessageId>().is_err());
        assert!(id.to_uppercase().parse::<ChatId>().is_err());
        assert!(format!("{id}0").parse::<ChatId>().is_err());
        assert!("chat_".parse::<ChatId>().is_err());
    }
}
