//! The four stores that the Signal protocol wants, in memory, remembering what changed.

use std::collections::{HashMap, HashSet};

use wacore_libsignal::protocol::{
    Direction, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore, PreKeyId,
    PreKeyRecord, PreKeyStore, ProtocolAddress, SessionRecord, SessionStore, SignalProtocolError,
    SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore,
};

use crate::effects::{Row, Table};

type Result<T> = std::result::Result<T, SignalProtocolError>;

/// Sessions by address.
#[derive(Default)]
pub(crate) struct Sessions {
    records: HashMap<String, SessionRecord>,
    changed: HashSet<String>,
}

impl Sessions {
    /// Whether there is one.
    pub(crate) fn has(&self, address: &ProtocolAddress) -> bool {
        self.records.contains_key(address.as_str())
    }

    /// Puts a kept one back.
    pub(crate) fn restore(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        let mut record = SessionRecord::deserialize(value)?;
        record.waive_counter_lease();
        self.records.insert(key.to_owned(), record);
        Ok(())
    }

    /// Rows of those that changed.
    pub(crate) fn take_rows(&mut self, owner: &str, rows: &mut Vec<Row>) {
        for key in self.changed.drain() {
            let Some(Ok(value)) = self.records.get(&key).map(SessionRecord::serialize) else {
                continue;
            };
            rows.push(Row::put(Table::Session, owner, key, value));
        }
    }
}

#[async_trait::async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, address: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(self.records.get(address.as_str()).cloned())
    }

    async fn has_session(&self, address: &ProtocolAddress) -> Result<bool> {
        Ok(self.has(address))
    }

    async fn store_session(
        &mut self,
        address: &ProtocolAddress,
        mut record: SessionRecord,
    ) -> Result<()> {
        // Every change is kept before its ciphertext leaves, so counters need no lease.
        record.waive_counter_lease();
        self.changed.insert(address.as_str().to_owned());
        self.records.insert(address.as_str().to_owned(), record);
        Ok(())
    }
}

/// Our identity, and those of others as they were last seen.
pub(crate) struct Identities {
    own: IdentityKeyPair,
    registration: u32,
    seen: HashMap<String, IdentityKey>,
    changed: HashSet<String>,
}

impl Identities {
    /// Nobody seen yet.
    pub(crate) fn new(own: IdentityKeyPair, registration: u32) -> Self {
        Self {
            own,
            registration,
            seen: HashMap::new(),
            changed: HashSet::new(),
        }
    }

    /// Puts a kept one back.
    pub(crate) fn restore(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        self.seen
            .insert(key.to_owned(), IdentityKey::decode(value)?);
        Ok(())
    }

    /// Rows of those that changed.
    pub(crate) fn take_rows(&mut self, owner: &str, rows: &mut Vec<Row>) {
        for key in self.changed.drain() {
            if let Some(seen) = self.seen.get(&key) {
                rows.push(Row::put(
                    Table::Identity,
                    owner,
                    key,
                    seen.serialize().to_vec(),
                ));
            }
        }
    }
}

#[async_trait::async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        Ok(self.own.clone())
    }

    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration)
    }

    async fn save_identity(
        &mut self,
        address: &ProtocolAddress,
        identity: &IdentityKey,
    ) -> Result<IdentityChange> {
        let before = self.seen.insert(address.as_str().to_owned(), *identity);
        if before != Some(*identity) {
            self.changed.insert(address.as_str().to_owned());
        }
        Ok(IdentityChange::from_changed(
            before.is_some_and(|before| before != *identity),
        ))
    }

    /// A phone shows a new identity as «security code changed» and goes on: everybody is trusted.
    async fn is_trusted_identity(
        &self,
        _address: &ProtocolAddress,
        _identity: &IdentityKey,
        _direction: Direction,
    ) -> Result<bool> {
        Ok(true)
    }

    async fn get_identity(&self, address: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(self.seen.get(address.as_str()).copied())
    }
}

/// One-time keys that were given out.
#[derive(Default)]
pub(crate) struct PreKeys {
    records: HashMap<u32, PreKeyRecord>,
    changed: HashSet<u32>,
}

impl PreKeys {
    /// Adds one.
    pub(crate) fn add(&mut self, record: PreKeyRecord) -> anyhow::Result<()> {
        let id = u32::from(record.id()?);
        self.records.insert(id, record);
        self.changed.insert(id);
        Ok(())
    }

    /// Takes a used one away.
    pub(crate) fn remove(&mut self, id: PreKeyId) {
        let id = u32::from(id);
        self.records.remove(&id);
        self.changed.insert(id);
    }

    /// Puts a kept one back.
    pub(crate) fn restore(&mut self, id: u32, value: &[u8]) -> anyhow::Result<()> {
        self.records.insert(id, PreKeyRecord::deserialize(value)?);
        Ok(())
    }

    /// Rows of those that changed.
    pub(crate) fn take_rows(&mut self, owner: &str, rows: &mut Vec<Row>) {
        for id in self.changed.drain() {
            rows.push(match self.records.get(&id).map(PreKeyRecord::serialize) {
                Some(Ok(value)) => Row::put(Table::PreKey, owner, id.to_string(), value),
                _ => Row::forget(Table::PreKey, owner, id.to_string()),
            });
        }
    }
}

#[async_trait::async_trait]
impl PreKeyStore for PreKeys {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        self.records
            .get(&u32::from(id))
            .cloned()
            .ok_or(SignalProtocolError::InvalidPreKeyId)
    }

    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> Result<()> {
        self.records.insert(u32::from(id), record.clone());
        self.changed.insert(u32::from(id));
        Ok(())
    }

    async fn remove_pre_key(&mut self, id: PreKeyId) -> Result<()> {
        self.remove(id);
        Ok(())
    }
}

/// The one signed key.
pub(crate) struct SignedKeys {
    record: SignedPreKeyRecord,
}

impl SignedKeys {
    /// With that key.
    pub(crate) fn new(record: SignedPreKeyRecord) -> Self {
        Self { record }
    }
}

#[async_trait::async_trait]
impl SignedPreKeyStore for SignedKeys {
    async fn get_signed_pre_key(&self, _id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        Ok(self.record.clone())
    }

    async fn save_signed_pre_key(
        &mut self,
        _id: SignedPreKeyId,
        record: &SignedPreKeyRecord,
    ) -> Result<()> {
        self.record = record.clone();
        Ok(())
    }
}
