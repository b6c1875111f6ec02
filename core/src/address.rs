//! Who a message goes to or comes from: a phone number, a LID, or both, and every spelling that the API accepts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A phone number: 7 to 15 digits (E.164), kept without the plus. `Debug` shows no digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// Reads `+E.164` or bare digits; spaces, hyphens and brackets between digits are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('+').unwrap_or(text);
        let digits: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
            .collect();
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        ((7..=15).contains(&digits.len()) && plain).then_some(Self(digits))
    }

    /// The digits, country code first, no plus.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The number as the API shows it: a plus and the digits.
    pub fn e164(&self) -> String {
        format!("+{}", self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// A LID, WhatsApp's number-less identity of a person: 1 to 20 digits. `Debug` shows no digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lid(String);

impl Lid {
    /// Reads the digits of a LID.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        ((1..=20).contains(&text.len()) && plain).then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lid(…)")
    }
}

/// What is known of a person's two identities; at least one is known wherever one is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Identity {
    /// The phone number, when known.
    pub phone: Option<Phone>,
    /// The LID, when known.
    pub lid: Option<Lid>,
}

impl Identity {
    /// A person of whom the phone number is known.
    pub fn of_phone(phone: Phone) -> Self {
        Self {
            phone: Some(phone),
            lid: None,
        }
    }

    /// A person of whom only the LID is known.
    pub fn of_lid(lid: Lid) -> Self {
        Self {
            phone: None,
            lid: Some(lid),
        }
    }

    /// How the API names this person in `from` and `to`: the phone, else `<lid>@lid`.
    pub fn shown(&self) -> Option<String> {
        match (&self.phone, &self.lid) {
            (Some(phone), _) => Some(phone.e164()),
            (None, Some(lid)) => Some(format!("{}@lid", lid.digits())),
            (None, None) => None,
        }
    }
}

/// Why a recipient could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARecipient {
    /// Neither a phone number nor an address of a known form.
    #[error("a recipient is +E.164, digits, …@s.whatsapp.net, …@c.us or …@lid")]
    Unreadable,
    /// A group address: groups are not sent to yet.
    #[error("messages to groups are not supported")]
    Group,
}

/// Reads a recipient as the API accepts it: `+E.164`, digits, `…@s.whatsapp.net`, `…@c.us` or `…@lid`;
/// a device suffix (`:3`) is dropped.
pub fn parse_recipient(text: &str) -> Result<Identity, NotARecipient> {
    let text = text.trim();
    let Some((user, server)) = text.split_once('@') else {
        return Phone::parse(text)
            .map(Identity::of_phone)
            .ok_or(NotARecipient::Unreadable);
    };
    let user = user.split_once(':').map_or(user, |(user, _)| user);
    match server {
        "s.whatsapp.net" | "c.us" => Phone::parse(user).map(Identity::of_phone),
        "lid" => Lid::parse(user).map(Identity::of_lid),
        "g.us" => return Err(NotARecipient::Group),
        _ => None,
    }
    .ok_or(NotARecipient::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_phone_is_the_same_recipient() {
        let same = Identity::of_phone(Phone::parse("972501234567").unwrap());
        for text in [
            "+972501234567",
            "972501234567",
            "+972 50-123-4567",
            "972501234567@s.whatsapp.net",
            "972501234567@c.us",
            "972501234567:3@s.whatsapp.net",
        ] {
            assert_eq!(parse_recipient(text).as_ref(), Ok(&same), "{text}");
        }
    }

    #[test]
    fn a_lid_is_its_own_kind_and_groups_and_rubbish_are_refused() {
        assert_eq!(
            parse_recipient("123456@lid").unwrap().shown().as_deref(),
            Some("123456@lid")
        );
        assert_eq!(parse_recipient("123-456@g.us"), Err(NotARecipient::Group));
        for text in [
            "",
            "abc",
            "+1",
            "123@lid@s.whatsapp.net",
            "1234567@example",
            "0501234567",
        ] {
            assert_eq!(
                parse_recipient(text),
                Err(NotARecipient::Unreadable),
                "{text}"
            );
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        let who = Identity {
            phone: Phone::parse("972501234567"),
            lid: Lid::parse("99887766"),
        };
        assert!(!format!("{who:?}").bytes().any(|b| b.is_ascii_digit()));
    }
}
