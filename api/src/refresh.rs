//! Refresh tokens: they name their session, and 256 bits make them good for one use. The successor of a token is
//! a keyed hash of it, so that two tabs that refresh at once, or a client whose answer was lost, are given the same one.

use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::token::keyed;

/// How long a person stays signed in without using the dashboard.
pub(crate) const REFRESH_LIFE: Duration = Duration::from_hours(30 * 24);

/// For so long the token before the present one is answered again to the same browser.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// The first token of a session.
pub(crate) fn first(session: Uuid) -> SecretString {
    token(session, rand::random())
}

/// The token that follows this one of the session; without the key nobody can tell it.
pub(crate) fn successor(key: &[u8; 32], session: Uuid, spent: &SecretString) -> SecretString {
    token(session, keyed(key, spent.expose_secret().as_bytes()))
}

/// The session that a token names. A token that names an open session without being its present one was spent
/// or made up; both mean that somebody else has seen one.
pub(crate) fn session_of(token: &SecretString) -> Option<Uuid> {
    let (session, _) = token.expose_secret().split_once('.')?;
    Uuid::try_parse(session).ok()
}

fn token(session: Uuid, secret: [u8; 32]) -> SecretString {
    let secret = BASE64_URL_SAFE_NO_PAD.encode(secret);
    SecretString::from(format!("{}.{secret}", session.simple()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_depends_on_the_token_and_on_the_key() {
        let session = Uuid::now_v7();
        let spent = first(session);
        let next = successor(&[1; 32], session, &spent);
        assert_eq!(session_of(&next), Some(session));
        assert_ne!(next.expose_secret(), spent.expose_secret());
        let again = successor(&[1; 32], session, &spent);
        assert_eq!(next.expose_secret(), again.expose_secret());
        let other_key = successor(&[2; 32], session, &spent);
        assert_ne!(next.expose_secret(), other_key.expose_secret());
    }

    #[test]
    fn rubbish_names_no_session() {
        for text in ["", ".", "abc.def", "018f3b9e7c1a7b2d9e4f0123456789ab"] {
            assert_eq!(session_of(&SecretString::from(text)), None, "{text}");
        }
    }
}
