//! Rules on what people type when an account is made.

/// The most characters of a person's or a business's name.
pub const NAME_MAX_CHARS: usize = 100;
/// The most characters of an email address (RFC 5321 allows no longer path).
const EMAIL_MAX_CHARS: usize = 254;

/// A name as it is kept: trimmed, 1 to [`NAME_MAX_CHARS`] characters, none of them a control character.
pub fn parse_name(text: &str) -> Option<String> {
    let name = text.trim();
    let fits = (1..=NAME_MAX_CHARS).contains(&name.chars().count());
    (fits && !name.chars().any(char::is_control)).then(|| name.to_owned())
}

/// An email address as it is kept: trimmed, lower case. Only mail itself tells whether one exists.
pub fn parse_email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (user, domain) = email.rsplit_once('@')?;
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let fits = email.chars().count() <= EMAIL_MAX_CHARS && !user.is_empty();
    let named = !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.');
    (plain && fits && named).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(parse_name("  Café Ada ").as_deref(), Some("Café Ada"));
        assert_eq!(parse_name("   "), None);
        assert_eq!(parse_name("a\u{0}b"), None);
        assert!(parse_name(&"ש".repeat(100)).is_some());
        assert_eq!(parse_name(&"ש".repeat(101)), None);
    }

    #[test]
    fn an_email_is_kept_in_lower_case() {
        assert_eq!(
            parse_email(" Ada@Example.COM ").as_deref(),
            Some("ada@example.com")
        );
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "ada@.com",
        ] {
            assert_eq!(parse_email(text), None, "{text}");
        }
    }
}
