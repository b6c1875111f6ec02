//! The server's own keys: the root that signs, the intermediate, and the static Noise key.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use buffa::{Message as _, MessageField};
use wacore_libsignal::protocol::{KeyPair, PrivateKey};
use waproto::whatsapp::CertChain;
use waproto::whatsapp::cert_chain::NoiseCertificate;
use waproto::whatsapp::cert_chain::noise_certificate::Details;

/// How long a certificate of ours is valid on both sides of its making, in seconds: ten years, so
/// that a data folder kept for long still works.
const VALIDITY_SECONDS: u64 = 10 * 365 * 24 * 3_600;

/// The keys of one network. They are kept with its data, so that a client that cached the static
/// key can come back by the short handshake after a restart.
pub(crate) struct ServerKeys {
    root: KeyPair,
    intermediate: KeyPair,
    noise: KeyPair,
    chain: Vec<u8>,
}

impl ServerKeys {
    /// New random keys.
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let mut random = rand::rng();
        Self::assemble(
            KeyPair::generate(&mut random),
            KeyPair::generate(&mut random),
            KeyPair::generate(&mut random),
        )
    }

    /// The keys that [`ServerKeys::to_bytes`] gave; fails when it is not three keys long.
    pub(crate) fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut pairs = bytes.chunks_exact(32).map(|private| {
            let private_key = PrivateKey::deserialize(private)?;
            anyhow::Ok(KeyPair::new(private_key.public_key()?, private_key))
        });
        let mut next = || pairs.next().context("a server key is missing")?;
        Self::assemble(next()?, next()?, next()?)
    }

    /// The three private keys, one after the other.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&self.root, &self.intermediate, &self.noise]
            .iter()
            .flat_map(|pair| pair.private_key.serialize().iter().copied())
            .collect()
    }

    fn assemble(root: KeyPair, intermediate: KeyPair, noise: KeyPair) -> anyhow::Result<Self> {
        let issued = sign(&root, &details(1, 0, &intermediate)?)?;
        let leaf = sign(&intermediate, &details(2, 1, &noise)?)?;
        let chain = CertChain {
            leaf: MessageField::some(leaf),
            intermediate: MessageField::some(issued),
        };
        let chain = chain.encode_to_vec();
        Ok(Self {
            root,
            intermediate,
            noise,
            chain,
        })
    }

    /// The static key of the Noise handshake.
    pub(crate) fn noise(&self) -> &KeyPair {
        &self.noise
    }

    /// The encoded certificate chain that proves [`ServerKeys::noise`].
    pub(crate) fn chain(&self) -> &[u8] {
        &self.chain
    }

    /// The public key that a client which checks the chain has to trust: 32 bytes.
    pub(crate) fn root_public(&self) -> &[u8] {
        self.root.public_key.public_key_bytes()
    }
}

fn details(serial: u32, issuer: u32, pair: &KeyPair) -> anyhow::Result<Vec<u8>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(Details {
        serial: Some(serial),
        issuer_serial: Some(issuer),
        key: Some(pair.public_key.public_key_bytes().to_vec()),
        not_before: Some(now.saturating_sub(VALIDITY_SECONDS)),
        not_after: Some(now.saturating_add(VALIDITY_SECONDS)),
    }
    .encode_to_vec())
}

fn sign(issuer: &KeyPair, details: &[u8]) -> anyhow::Result<NoiseCertificate> {
    let signature = issuer.calculate_signature(details, &mut rand::rng())?;
    Ok(NoiseCertificate {
        details: Some(details.to_vec()),
        signature: Some(signature.to_vec()),
    })
}
