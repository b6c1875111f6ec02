//! The master key: 32 bytes that only the process knows.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::business::hmac;
use super::cipher::{Secret, fresh_secret};

/// What was given as the master key is not 32 bytes in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the master key must be 32 bytes in base64")]
pub struct NotAMasterKey;

/// The key that wraps every data key. Wiped on drop, never shown by `Debug`.
#[derive(Clone)]
pub struct MasterKey(Secret);

impl MasterKey {
    /// A new random key.
    pub fn generate() -> Self {
        Self(fresh_secret())
    }

    /// Reads standard base64 with padding, white space around it allowed (a file ends with a newline).
    pub fn from_base64(text: &str) -> Result<Self, NotAMasterKey> {
        let bytes = STANDARD
            .decode(text.trim())
            .map(Zeroizing::new)
            .map_err(|_not_base64| NotAMasterKey)?;
        let secret: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_other_length| NotAMasterKey)?;
        Ok(Self(Zeroizing::new(secret)))
    }

    /// The key as [`Self::from_base64`] reads it, for the file that `up` makes.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Names the key without telling it: 32 hex digits of a hash of 256 random bits.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"switchyard master key fingerprint\0");
        hash.update(self.0.as_slice());
        let digest = hash.finalize();
        let half: [u8; 16] = std::array::from_fn(|at| digest.get(at).copied().unwrap_or(0));
        format!("{:032x}", u128::from_be_bytes(half))
    }

    /// A key for one purpose, the same in every process that has the master key. It opens nothing that is sealed.
    pub fn for_purpose(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let parts: [&[u8]; 2] = [b"switchyard key for a purpose\0", purpose.as_bytes()];
        Zeroizing::new(hmac(&self.0, &parts))
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_it_was_written() {
        let key = MasterKey::generate();
        let again = MasterKey::from_base64(&format!("{}\n", key.to_base64().as_str())).unwrap();
        assert_eq!(key.fingerprint(), again.fingerprint());
        assert_eq!(key.fingerprint().len(), 32);
        assert_ne!(key.fingerprint(), MasterKey::generate().fingerprint());
    }

    #[test]
    fn another_length_or_alphabet_is_refused_and_nothing_is_shown() {
        for text in ["", "c2hvcnQ=", "!", &STANDARD.encode([0; 33])] {
            assert_eq!(MasterKey::from_base64(text).err(), Some(NotAMasterKey));
        }
        assert_eq!(format!("{:?}", MasterKey::generate()), "MasterKey(…)");
    }
}
