//! One sealed text: `version (1) ‖ key id (4, big-endian) ‖ nonce (24) ‖ ciphertext and tag`.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::Rng;
use zeroize::Zeroizing;

/// The layout above. Another number is another layout and does not open.
const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEADER: usize = 1 + 4 + NONCE;

/// A secret of 256 bits that wipes itself.
pub(super) type Secret = Zeroizing<[u8; 32]>;

/// The text does not open: damaged, moved, or sealed under another key. It says no more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

impl From<Unreadable> for crate::Error {
    fn from(_: Unreadable) -> Self {
        Self::VaultUnreadable
    }
}

/// A new secret from the operating system's randomness.
pub(super) fn fresh_secret() -> Secret {
    let mut secret = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(secret.as_mut());
    secret
}

/// Seals `text` under `secret`; `for_whom` is authenticated, not stored. Fails only beyond the 256 GiB of the cipher.
pub(super) fn seal(
    secret: &Secret,
    key_id: u32,
    for_whom: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, Unreadable> {
    let mut nonce = [0; NONCE];
    rand::rng().fill_bytes(&mut nonce);
    let payload = Payload {
        msg: text,
        aad: for_whom,
    };
    let sealed = cipher(secret)
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_too_long| Unreadable)?;
    let mut out = Vec::with_capacity(HEADER.saturating_add(sealed.len()));
    out.push(VERSION);
    out.extend_from_slice(&key_id.to_be_bytes());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// Opens what [`seal`] made with the same secret, key id and `for_whom`.
pub(super) fn open(
    secret: &Secret,
    key_id: u32,
    for_whom: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let (&version, rest) = sealed.split_first().ok_or(Unreadable)?;
    let (id, rest) = rest.split_first_chunk::<4>().ok_or(Unreadable)?;
    let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(Unreadable)?;
    if version != VERSION || u32::from_be_bytes(*id) != key_id {
        return Err(Unreadable);
    }
    let payload = Payload {
        msg: text,
        aad: for_whom,
    };
    cipher(secret)
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_not_ours| Unreadable)
}

fn cipher(secret: &Secret) -> XChaCha20Poly1305 {
    let bytes: &[u8; 32] = secret;
    XChaCha20Poly1305::new(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_opens_only_under_its_key_its_id_and_its_place() {
        let (secret, other) = (fresh_secret(), fresh_secret());
        let sealed = seal(&secret, 7, b"here", b"text").unwrap();
        assert_eq!(
            open(&secret, 7, b"here", &sealed).unwrap().as_slice(),
            b"text"
        );
        assert_eq!(open(&other, 7, b"here", &sealed), Err(Unreadable));
        assert_eq!(open(&secret, 8, b"here", &sealed), Err(Unreadable));
        assert_eq!(open(&secret, 7, b"there", &sealed), Err(Unreadable));
    }

    #[test]
    fn any_changed_or_missing_byte_is_unreadable() {
        let secret = fresh_secret();
        let sealed = seal(&secret, 1, b"", b"text").unwrap();
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(open(&secret, 1, b"", &damaged), Err(Unreadable), "{at}");
            assert_eq!(
                open(&secret, 1, b"", &sealed[..at]),
                Err(Unreadable),
                "{at}"
            );
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same() {
        let secret = fresh_secret();
        let first = seal(&secret, 1, b"", b"text").unwrap();
        assert_ne!(first, seal(&secret, 1, b"", b"text").unwrap());
    }
}
