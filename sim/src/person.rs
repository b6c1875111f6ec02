//! The Signal side of a phone: its identity, its keys, its sessions with other devices.

mod stores;

use anyhow::{Context as _, bail};
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{
    CiphertextMessage, GenericSignedPreKey as _, IdentityKey, IdentityKeyPair, KeyPair, PreKeyId,
    PreKeyRecord, PreKeySignalMessage, PrivateKey, ProtocolAddress, SignalMessage,
    SignedPreKeyRecord, Timestamp, UsePQRatchet, message_decrypt, message_encrypt,
    process_prekey_bundle,
};

use crate::companion::{Bundle, SignedKey};
use crate::effects::{Row, Table};
use stores::{Identities, PreKeys, Sessions, SignedKeys};

/// The number of the phone's only signed key.
const SIGNED_KEY: u32 = 1;

/// A text sealed for one device.
pub(crate) struct Sealed {
    /// `pkmsg` or `msg`.
    pub(crate) kind: &'static str,
    /// What travels.
    pub(crate) bytes: Vec<u8>,
}

/// What of a person is kept in one row: the private keys.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptPerson {
    identity: [u8; 32],
    signed: [u8; 32],
    #[serde(with = "serde_bytes_as_base64")]
    signature: Vec<u8>,
    registration: u32,
    next_pre_key: u32,
}

/// A phone as Signal sees it.
pub(crate) struct Person {
    identity: KeyPair,
    registration: u32,
    signed: SignedKey,
    signed_private: [u8; 32],
    next_pre_key: u32,
    sessions: Sessions,
    identities: Identities,
    pre_keys: PreKeys,
    signed_keys: SignedKeys,
}

impl Person {
    /// Somebody new.
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let mut random = rand::rng();
        let identity = KeyPair::generate(&mut random);
        let signed = KeyPair::generate(&mut random);
        let signature = identity
            .calculate_signature(&signed.public_key.serialize(), &mut random)?
            .to_vec();
        Self::from_kept(&KeptPerson {
            identity: *identity.private_key.serialize(),
            signed: *signed.private_key.serialize(),
            signature,
            registration: rand::random_range(1..16_380),
            next_pre_key: 1,
        })
    }

    /// Somebody who was kept, without sessions yet.
    pub(crate) fn from_kept(kept: &KeptPerson) -> anyhow::Result<Self> {
        let identity = pair(&kept.identity)?;
        let signed = pair(&kept.signed)?;
        let record = SignedPreKeyRecord::new(
            SIGNED_KEY.into(),
            Timestamp::from_epoch_millis(0),
            &signed,
            &kept.signature,
        );
        let pair = IdentityKeyPair::new(
            IdentityKey::new(identity.public_key),
            identity.private_key.clone(),
        );
        Ok(Self {
            registration: kept.registration,
            signed: SignedKey {
                id: SIGNED_KEY,
                public: array(signed.public_key.public_key_bytes())?,
                signature: kept.signature.clone(),
            },
            signed_private: kept.signed,
            next_pre_key: kept.next_pre_key,
            sessions: Sessions::default(),
            identities: Identities::new(pair, kept.registration),
            pre_keys: PreKeys::default(),
            signed_keys: SignedKeys::new(record),
            identity,
        })
    }

    /// What has to be kept of the person itself.
    pub(crate) fn to_kept(&self) -> KeptPerson {
        KeptPerson {
            identity: *self.identity.private_key.serialize(),
            signed: self.signed_private,
            signature: self.signed.signature.clone(),
            registration: self.registration,
            next_pre_key: self.next_pre_key,
        }
    }

    /// Puts a kept row of the tables of keys, sessions and identities back.
    pub(crate) fn restore(&mut self, table: Table, key: &str, value: &[u8]) -> anyhow::Result<()> {
        match table {
            Table::PreKey => self.pre_keys.restore(key.parse()?, value),
            Table::Session => self.sessions.restore(key, value),
            Table::Identity => self.identities.restore(key, value),
            _ => bail!("a row of another table"),
        }
    }

    /// The identity key, public.
    pub(crate) fn identity(&self) -> &[u8] {
        self.identity.public_key.public_key_bytes()
    }

    /// Signs with the identity key.
    pub(crate) fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(self
            .identity
            .calculate_signature(message, &mut rand::rng())?
            .to_vec())
    }

    /// The keys with which somebody can start a session with this phone; each with a fresh one-time
    /// key.
    pub(crate) fn issue(&mut self) -> anyhow::Result<Bundle> {
        let id = self.next_pre_key;
        self.next_pre_key = (id % 0x00ff_ffff).saturating_add(1);
        let fresh = KeyPair::generate(&mut rand::rng());
        let public = array(fresh.public_key.public_key_bytes())?;
        self.pre_keys
            .add(PreKeyRecord::new(PreKeyId::from(id), &fresh))?;
        Ok(Bundle {
            registration: self.registration,
            identity: array(self.identity())?,
            signed: self.signed.clone(),
            one_time: Some((id, public)),
            device_identity: None,
        })
    }

    /// Whether there is a session with that device.
    pub(crate) fn knows(&self, address: &ProtocolAddress) -> bool {
        self.sessions.has(address)
    }

    /// Starts a session with that device.
    pub(crate) fn meet(
        &mut self,
        address: &ProtocolAddress,
        bundle: &Bundle,
    ) -> anyhow::Result<()> {
        let bundle = bundle.to_signal(address.device_id())?;
        process_prekey_bundle(
            address,
            &mut self.sessions,
            &mut self.identities,
            &bundle,
            &mut rand::rng(),
            UsePQRatchet::No,
        )
        .now_or_never()
        .context("a store waited")??;
        Ok(())
    }

    /// Seals `plain` for that device, with which there is a session.
    pub(crate) fn seal(
        &mut self,
        address: &ProtocolAddress,
        plain: &[u8],
    ) -> anyhow::Result<Sealed> {
        let sealed = message_encrypt(plain, address, &mut self.sessions, &mut self.identities)
            .now_or_never()
            .context("a store waited")??;
        let kind = match sealed {
            CiphertextMessage::PreKeySignalMessage(_) => "pkmsg",
            CiphertextMessage::SignalMessage(_) => "msg",
            _ => bail!("not a message between two devices"),
        };
        Ok(Sealed {
            kind,
            bytes: sealed.serialize().to_vec(),
        })
    }

    /// Opens what that device sealed.
    pub(crate) fn open(
        &mut self,
        address: &ProtocolAddress,
        kind: &str,
        bytes: &[u8],
    ) -> anyhow::Result<Vec<u8>> {
        let message = match kind {
            "pkmsg" => {
                CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(bytes)?)
            }
            "msg" => CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes)?),
            other => bail!("cannot open a message of type {other}"),
        };
        let opened = message_decrypt(
            &message,
            address,
            &mut self.sessions,
            &mut self.identities,
            &mut self.pre_keys,
            &self.signed_keys,
            &mut rand::rng(),
            UsePQRatchet::No,
        )
        .now_or_never()
        .context("a store waited")??;
        if let Some(used) = opened.consumed_prekey_id {
            self.pre_keys.remove(used);
        }
        Ok(opened.plaintext)
    }

    /// The rows that changed since the last call.
    pub(crate) fn take_rows(&mut self, owner: &str, rows: &mut Vec<Row>) {
        self.sessions.take_rows(owner, rows);
        self.identities.take_rows(owner, rows);
        self.pre_keys.take_rows(owner, rows);
    }
}

fn pair(private: &[u8; 32]) -> anyhow::Result<KeyPair> {
    let private = PrivateKey::deserialize(private)?;
    Ok(KeyPair::new(private.public_key()?, private))
}

fn array(bytes: &[u8]) -> anyhow::Result<[u8; 32]> {
    bytes.try_into().context("a key is not 32 bytes")
}

use crate::contents::base64_bytes as serde_bytes_as_base64;
