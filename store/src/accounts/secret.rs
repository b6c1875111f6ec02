//! Secrets that people or programs keep and we only know by their hash.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// What every API key begins with, so that people and scanners know one when they see it.
pub const KEY_PREFIX: &str = "sk_";

/// What is stored of a secret. Plain SHA-256 is enough: there are 256 random bits in one, nothing to guess.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// A new secret of 256 random bits after its prefix.
pub(super) fn generate(prefix: &str) -> SecretString {
    let random: [u8; 32] = rand::random();
    SecretString::from(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(random)))
}

/// A new token without a prefix.
pub(crate) fn generate_token() -> SecretString {
    generate("")
}
