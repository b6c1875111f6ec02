//! The chain of the audit log: what is hashed of an entry, with the hash of the one before it.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Everything of an entry that the chain protects.
pub(super) struct Link<'a> {
    pub(super) business: Uuid,
    pub(super) seq: i64,
    pub(super) id: Uuid,
    pub(super) at: i64,
    pub(super) actor_kind: &'a str,
    pub(super) actor_id: Option<Uuid>,
    pub(super) address: Option<&'a str>,
    pub(super) request_id: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) target: &'a str,
    pub(super) detail: &'a str,
}

impl Link<'_> {
    /// SHA-256 over the hash before and every field with its length, so that no two entries look alike.
    pub(super) fn hash(&self, before: &[u8]) -> [u8; 32] {
        let actor = self.actor_id.map(Uuid::into_bytes);
        let fields: [Option<&[u8]>; 12] = [
            Some(before),
            Some(self.business.as_bytes()),
            Some(&self.seq.to_be_bytes()),
            Some(self.id.as_bytes()),
            Some(&self.at.to_be_bytes()),
            Some(self.actor_kind.as_bytes()),
            actor.as_ref().map(<[u8; 16]>::as_slice),
            self.address.map(str::as_bytes),
            self.request_id.map(str::as_bytes),
            Some(self.action.as_bytes()),
            Some(self.target.as_bytes()),
            Some(self.detail.as_bytes()),
        ];
        let mut hash = Sha256::new_with_prefix("switchyard audit 1");
        for field in fields {
            // An absent field differs from an empty one.
            let length = field.map_or(u64::MAX, |it| u64::try_from(it.len()).unwrap_or(u64::MAX));
            hash.update(length.to_be_bytes());
            hash.update(field.unwrap_or_default());
        }
        hash.finalize().into()
    }
}
