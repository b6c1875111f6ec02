//! A linked device: its keys, what waits for it, and whether it is connected.

mod bundle;

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

pub(crate) use bundle::{Bundle, SignedKey};

use crate::effects::{Effects, Row, Table};
use crate::login::from_server;
use crate::queue::Queue;
use crate::socket::Socket;
use crate::stanza::{
    child_array, child_bytes, child_number, children, leaf, now_seconds, three_bytes,
};

/// With how many one-time keys left a device is asked for new ones; clients upload again below five.
const FEW: usize = 4;

/// What of a companion is kept in one row.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptCompanion {
    /// Number of the device.
    pub(crate) device: u16,
    /// Its place in the phone's signed list.
    pub(crate) key_index: u32,
    /// The static key with which it logs in.
    pub(crate) noise: [u8; 32],
    /// Its Signal identity.
    pub(crate) identity: [u8; 32],
    /// Its Signal registration number.
    pub(crate) registration: u32,
    /// Its signed key.
    pub(crate) signed: SignedKey,
    /// The signed proof that it belongs to the phone.
    #[serde(with = "crate::contents::base64_bytes")]
    pub(crate) device_identity: Vec<u8>,
    /// Whether it ever uploaded one-time keys.
    pub(crate) uploaded: bool,
    /// Whether it got the key of the application state.
    pub(crate) key_shared: bool,
    /// When it was linked, RFC 3339.
    pub(crate) linked_at: String,
}

/// A linked device.
pub(crate) struct Companion {
    /// What is kept of it.
    pub(crate) kept: KeptCompanion,
    one_time: VecDeque<(u32, [u8; 32])>,
    /// What waits for it.
    pub(crate) queue: Queue,
    /// Its connection.
    pub(crate) socket: Option<Arc<Socket>>,
}

impl Companion {
    /// A device that is not connected and for which nothing waits.
    pub(crate) fn new(owner: String, kept: KeptCompanion) -> Self {
        Self {
            kept,
            one_time: VecDeque::new(),
            queue: Queue::new(owner),
            socket: None,
        }
    }

    /// The owner of its rows.
    pub(crate) fn owner(phone: &str, device: u16) -> String {
        format!("{phone}:{device}")
    }

    /// The row of the device itself.
    pub(crate) fn row(&self, phone: &str) -> Row {
        Row::json(
            Table::Companion,
            phone,
            self.kept.device.to_string(),
            &self.kept,
        )
    }

    /// Puts a kept one-time key back.
    pub(crate) fn restore_key(&mut self, id: u32, public: [u8; 32]) {
        self.one_time.push_back((id, public));
    }

    /// The keys with which somebody can start a session with this device.
    pub(crate) fn issue(&mut self, phone: &str, effects: &mut Effects) -> Bundle {
        let one_time = self.one_time.pop_front();
        if let Some((id, _)) = one_time {
            let owner = Self::owner(phone, self.kept.device);
            effects
                .rows
                .push(Row::forget(Table::CompanionKey, &owner, id.to_string()));
            if self.one_time.len() == FEW {
                self.queue.add(self.few_keys(), None, effects);
            }
        }
        Bundle {
            registration: self.kept.registration,
            identity: self.kept.identity,
            signed: self.kept.signed.clone(),
            one_time,
            device_identity: Some(self.kept.device_identity.clone()),
        }
    }

    /// Takes over the keys of `<iq xmlns="encrypt" type="set">`; false when they are malformed.
    pub(crate) fn upload(&mut self, phone: &str, iq: &Node, effects: &mut Effects) -> bool {
        let (Some(registration), Some(identity), Some(signed)) = (
            child_number(iq, "registration"),
            child_array::<32>(iq, "identity"),
            iq.get_optional_child("skey").and_then(SignedKey::read),
        ) else {
            return false;
        };
        self.kept.registration = registration;
        self.kept.identity = identity;
        self.kept.signed = signed;
        self.kept.uploaded = true;
        let owner = Self::owner(phone, self.kept.device);
        for key in iq
            .get_optional_child("list")
            .map(children)
            .unwrap_or_default()
        {
            let (Some(id), Some(public)) =
                (child_number(key, "id"), child_array::<32>(key, "value"))
            else {
                return false;
            };
            if self.one_time.iter().all(|(known, _)| *known != id) {
                self.one_time.push_back((id, public));
                let row = Row::put(Table::CompanionKey, &owner, id.to_string(), public.to_vec());
                effects.rows.push(row);
            }
        }
        effects.rows.push(self.row(phone));
        true
    }

    /// Takes over a new signed key; false when it is malformed.
    pub(crate) fn rotate(&mut self, phone: &str, skey: &Node, effects: &mut Effects) -> bool {
        let Some(signed) = SignedKey::read(skey) else {
            return false;
        };
        self.kept.signed = signed;
        effects.rows.push(self.row(phone));
        true
    }

    /// Tells the device that it should upload new one-time keys.
    fn few_keys(&self) -> Node {
        let count = NodeBuilder::new("count")
            .attr("value", self.one_time.len())
            .build();
        from_server("notification")
            .attr("id", rand::random::<u32>())
            .attr("type", "encrypt")
            .attr("t", now_seconds())
            .children([count])
            .build()
    }

    /// How many one-time keys are left.
    pub(crate) fn keys_left(&self) -> usize {
        self.one_time.len()
    }

    /// `<digest>` over all public keys we hold; nothing before the first upload.
    pub(crate) fn digest(&self) -> Option<Node> {
        if !self.kept.uploaded {
            return None;
        }
        let publics: Vec<&[u8]> = self
            .one_time
            .iter()
            .map(|(_, public)| public.as_slice())
            .collect();
        let hash = wacore::prekeys::compute_key_bundle_digest(
            &self.kept.identity,
            &self.kept.signed.public,
            &self.kept.signed.signature,
            &publics,
        );
        let ids = self
            .one_time
            .iter()
            .map(|(id, _)| leaf("id", three_bytes(*id)));
        Some(
            NodeBuilder::new("digest")
                .children([
                    leaf("registration", self.kept.registration.to_be_bytes()),
                    leaf("type", [5]),
                    leaf("identity", self.kept.identity),
                    self.kept.signed.to_node(),
                    NodeBuilder::new("list").children(ids).build(),
                    leaf("hash", hash),
                ])
                .build(),
        )
    }
}

/// The keys that a retry receipt carries, if it carries any.
pub(crate) fn bundle_of_retry(receipt: &Node) -> Option<Bundle> {
    let keys = receipt.get_optional_child("keys")?;
    let one_time = keys
        .get_optional_child("key")
        .and_then(|key| Some((child_number(key, "id")?, child_array::<32>(key, "value")?)));
    Some(Bundle {
        registration: child_number(receipt, "registration")?,
        identity: child_array(keys, "identity")?,
        signed: keys.get_optional_child("skey").and_then(SignedKey::read)?,
        one_time,
        device_identity: child_bytes(keys, "device-identity").map(<[u8]>::to_vec),
    })
}
