//! The public keys with which a session with a device is started.

use serde::{Deserialize, Serialize};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use wacore_libsignal::protocol::{DeviceId, IdentityKey, PreKeyBundle, PublicKey};

use crate::stanza::{child_array, child_bytes, child_number, leaf, three_bytes};

/// A signed key, public.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SignedKey {
    /// Its number.
    pub(crate) id: u32,
    /// The key.
    pub(crate) public: [u8; 32],
    /// The identity's signature over it, 64 bytes.
    #[serde(with = "crate::contents::base64_bytes")]
    pub(crate) signature: Vec<u8>,
}

impl SignedKey {
    /// Reads `<skey>`.
    pub(crate) fn read(skey: &Node) -> Option<Self> {
        Some(Self {
            id: child_number(skey, "id")?,
            public: child_array(skey, "value")?,
            signature: child_bytes(skey, "signature")?.to_vec(),
        })
    }

    /// Writes `<skey>`.
    pub(crate) fn to_node(&self) -> Node {
        NodeBuilder::new("skey")
            .children([
                leaf("id", three_bytes(self.id)),
                leaf("value", self.public),
                leaf("signature", self.signature.clone()),
            ])
            .build()
    }
}

/// All keys of one device, for one new session.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    /// The registration number.
    pub(crate) registration: u32,
    /// The identity.
    pub(crate) identity: [u8; 32],
    /// The signed key.
    pub(crate) signed: SignedKey,
    /// A key that nobody else gets.
    pub(crate) one_time: Option<(u32, [u8; 32])>,
    /// The proof of a companion.
    pub(crate) device_identity: Option<Vec<u8>>,
}

impl Bundle {
    /// `<user jid=…>` of the answer to a request for keys.
    pub(crate) fn to_user(&self, jid: &Jid) -> Node {
        let mut parts = vec![
            leaf("registration", self.registration.to_be_bytes()),
            leaf("type", [5]),
            leaf("identity", self.identity),
            self.signed.to_node(),
        ];
        if let Some((id, public)) = self.one_time {
            let key = [leaf("id", three_bytes(id)), leaf("value", public)];
            parts.push(NodeBuilder::new("key").children(key).build());
        }
        if let Some(identity) = &self.device_identity {
            parts.push(leaf("device-identity", identity.clone()));
        }
        NodeBuilder::new("user")
            .attr("jid", jid)
            .children(parts)
            .build()
    }

    /// `<keys>` of a retry receipt.
    pub(crate) fn to_keys(&self) -> Node {
        let mut parts = vec![leaf("type", [5]), leaf("identity", self.identity)];
        if let Some((id, public)) = self.one_time {
            let key = [leaf("id", three_bytes(id)), leaf("value", public)];
            parts.push(NodeBuilder::new("key").children(key).build());
        }
        parts.push(self.signed.to_node());
        NodeBuilder::new("keys").children(parts).build()
    }

    /// The form that the Signal library wants.
    pub(crate) fn to_signal(&self, device: DeviceId) -> anyhow::Result<PreKeyBundle> {
        let one_time = self
            .one_time
            .map(|(id, public)| PublicKey::from_djb_public_key_bytes(&public).map(|key| (id, key)))
            .transpose()?;
        let bundle = PreKeyBundle::new(
            self.registration,
            device,
            one_time.map(|(id, key)| (id.into(), key)),
            self.signed.id.into(),
            PublicKey::from_djb_public_key_bytes(&self.signed.public)?,
            self.signed.signature.clone(),
            IdentityKey::new(PublicKey::from_djb_public_key_bytes(&self.identity)?),
        )?;
        Ok(bundle)
    }
}
