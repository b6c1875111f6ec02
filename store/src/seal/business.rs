//! The data key of one business: seals its sessions' values and names their rows.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use switchyard_core::{BusinessId, SessionId};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::cipher::{self, Secret, Unreadable};
use super::master::MasterKey;

/// Bytes kept of a name's HMAC: at 2⁶⁴ names a collision is likely, a session has some thousands.
const NAME: usize = 16;

/// Where a sealed value belongs. All of it is authenticated with the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// What the value belongs to: a session, or the business itself.
    pub owner: Uuid,
    /// The kind of value.
    pub space: &'a str,
    /// Which one of its kind.
    pub key: &'a [u8],
    /// The rest of the key, or empty.
    pub sub: &'a [u8],
}

/// An opened data key. Wiped on drop, never shown by `Debug`.
pub struct BusinessKey {
    business: BusinessId,
    id: u32,
    secret: Secret,
    names: Secret,
}

impl BusinessKey {
    /// A new random data key.
    pub(super) fn generate(business: BusinessId, id: u32) -> Self {
        Self::of(business, id, cipher::fresh_secret())
    }

    fn of(business: BusinessId, id: u32, secret: Secret) -> Self {
        let mut names = Zeroizing::new([0; 32]);
        names.copy_from_slice(&hmac(&secret, &[b"switchyard row names"]));
        Self {
            business,
            id,
            secret,
            names,
        }
    }

    /// The key as it is stored: sealed under the master key, for this business and id only.
    pub(super) fn wrap(&self, master: &MasterKey) -> Result<Vec<u8>, Unreadable> {
        let for_whom = wrapped_for(self.business, self.id);
        cipher::seal(master.secret(), 0, &for_whom, self.secret.as_slice())
    }

    /// Opens what [`Self::wrap`] made.
    pub(super) fn unwrap_from(
        master: &MasterKey,
        business: BusinessId,
        id: u32,
        wrapped: &[u8],
    ) -> Result<Self, Unreadable> {
        let bytes = cipher::open(master.secret(), 0, &wrapped_for(business, id), wrapped)?;
        let secret: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_other_length| Unreadable)?;
        Ok(Self::of(business, id, Zeroizing::new(secret)))
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: Place<'_>, text: &[u8]) -> crate::Result<Vec<u8>> {
        Ok(cipher::seal(
            &self.secret,
            self.id,
            &self.authenticated(place),
            text,
        )?)
    }

    /// Opens a value at its place. `Error::VaultUnreadable` when it was damaged, moved, or sealed under another key.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> crate::Result<Zeroizing<Vec<u8>>> {
        Ok(cipher::open(
            &self.secret,
            self.id,
            &self.authenticated(place),
            sealed,
        )?)
    }

    /// A stable name for a row whose key would tell a phone number: 16 bytes that only this key's holder can
    /// compute, different in every session and space.
    pub fn name(&self, session: SessionId, space: &str, parts: &[&str]) -> Vec<u8> {
        let uuid = session.uuid();
        let mut text = Vec::with_capacity(96);
        append(&mut text, uuid.as_bytes());
        append(&mut text, space.as_bytes());
        for part in parts {
            append(&mut text, part.as_bytes());
        }
        let mac = hmac(&self.names, &[&text]);
        mac.into_iter().take(NAME).collect()
    }

    fn authenticated(&self, place: Place<'_>) -> Vec<u8> {
        let mut text = Vec::with_capacity(128);
        append(&mut text, self.business.uuid().as_bytes());
        append(&mut text, place.owner.as_bytes());
        for part in [place.space.as_bytes(), place.key, place.sub] {
            append(&mut text, part);
        }
        text
    }
}

impl fmt::Debug for BusinessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BusinessKey({}, {}, …)", self.business, self.id)
    }
}

/// Length before text, so that no two lists of parts read the same.
fn append(text: &mut Vec<u8>, part: &[u8]) {
    let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
    text.extend_from_slice(&length.to_be_bytes());
    text.extend_from_slice(part);
}

fn wrapped_for(business: BusinessId, id: u32) -> Vec<u8> {
    let mut text = b"switchyard data key\0".to_vec();
    append(&mut text, business.uuid().as_bytes());
    text.extend_from_slice(&id.to_be_bytes());
    text
}

pub(super) fn hmac(key: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let bytes: &[u8; 32] = key;
    // A key as long as half a block needs neither hashing nor a check of its length.
    let mut block = Zeroizing::new([0; 64]);
    if let Some(start) = block.first_chunk_mut::<32>() {
        *start = *bytes;
    }
    let block: &[u8; 64] = &block;
    let mut mac = Hmac::<Sha256>::new(block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(session: SessionId) -> Place<'static> {
        Place {
            owner: session.uuid(),
            space: "space",
            key: b"key",
            sub: b"sub",
        }
    }

    #[test]
    fn a_wrapped_key_opens_only_for_its_business_its_id_and_its_master() {
        let (master, business) = (MasterKey::generate(), BusinessId::generate());
        let key = BusinessKey::generate(business, 1);
        let wrapped = key.wrap(&master).unwrap();
        let session = SessionId::generate();
        let sealed = key.seal(place(session), b"text").unwrap();

        let again = BusinessKey::unwrap_from(&master, business, 1, &wrapped).unwrap();
        assert_eq!(
            again.open(place(session), &sealed).unwrap().as_slice(),
            b"text"
        );
        assert_eq!(
            again.name(session, "a", &["b"]),
            key.name(session, "a", &["b"])
        );

        let stranger = BusinessId::generate();
        assert!(BusinessKey::unwrap_from(&master, stranger, 1, &wrapped).is_err());
        assert!(BusinessKey::unwrap_from(&master, business, 2, &wrapped).is_err());
        assert!(BusinessKey::unwrap_from(&MasterKey::generate(), business, 1, &wrapped).is_err());
    }

    #[test]
    fn a_value_does_not_open_at_another_place() {
        let key = BusinessKey::generate(BusinessId::generate(), 1);
        let here = place(SessionId::generate());
        let sealed = key.seal(here, b"text").unwrap();
        assert!(key.open(here, &sealed).is_ok());
        for elsewhere in [
            place(SessionId::generate()),
            Place { space: "b", ..here },
            Place { key: b"b", ..here },
            Place { sub: b"b", ..here },
            Place {
                key: b"keys",
                sub: b"ub",
                ..here
            },
        ] {
            assert!(key.open(elsewhere, &sealed).is_err());
        }
    }

    #[test]
    fn names_differ_by_session_space_and_every_part() {
        let key = BusinessKey::generate(BusinessId::generate(), 1);
        let session = SessionId::generate();
        let name = key.name(session, "space", &["ab", "c"]);
        assert_eq!(name.len(), 16);
        assert_ne!(name, key.name(SessionId::generate(), "space", &["ab", "c"]));
        assert_ne!(name, key.name(session, "other", &["ab", "c"]));
        assert_ne!(name, key.name(session, "space", &["a", "bc"]));
    }
}
