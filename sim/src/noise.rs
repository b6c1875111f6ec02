//! The server's side of the Noise handshake: XX for strangers, IK for clients that know our key,
//! XXfallback for clients that know an old one.

use anyhow::{Context as _, bail};
use buffa::{Message as _, MessageField};
use serde::{Deserialize, Serialize};
use wacore_binary::consts::{
    NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER,
};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::{NoiseCipher, NoiseHandshake};
use waproto::whatsapp::handshake_message::{ClientHello, ServerHello};
use waproto::whatsapp::{ClientPayload, HandshakeMessage};

use crate::certificates::ServerKeys;

/// The three ways to shake hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pattern {
    /// The client knew nothing of us.
    Xx,
    /// The client knew our key.
    Ik,
    /// The client knew an old key.
    XxFallback,
}

impl Pattern {
    /// The name that is mixed into the handshake.
    fn name(self) -> &'static str {
        match self {
            Self::Xx => NOISE_PATTERN_XX,
            Self::Ik => NOISE_PATTERN_IK,
            Self::XxFallback => NOISE_PATTERN_XXFALLBACK,
        }
    }
}

/// A finished handshake.
pub(crate) struct Accepted {
    /// Opens what the client sends.
    pub(crate) read: NoiseCipher,
    /// Seals what we send.
    pub(crate) write: NoiseCipher,
    /// The client's static public key.
    pub(crate) client: [u8; 32],
    /// Who it says it is.
    pub(crate) payload: ClientPayload,
    /// How it shook hands.
    pub(crate) pattern: Pattern,
}

/// What to do after the client's hello.
pub(crate) enum Answer {
    /// Send `hello`; the handshake is over.
    Done {
        hello: Vec<u8>,
        accepted: Box<Accepted>,
    },
    /// Send `hello`; the client's finish follows.
    Wait {
        hello: Vec<u8>,
        pending: Box<Pending>,
    },
}

/// A handshake that waits for the client's finish.
pub(crate) struct Pending {
    noise: NoiseHandshake,
    ephemeral: KeyPair,
    pattern: Pattern,
}

/// Answers the first frame of a client.
pub(crate) fn answer(keys: &ServerKeys, frame: &[u8]) -> anyhow::Result<Answer> {
    let message = HandshakeMessage::decode_from_slice(frame)?;
    let hello = message
        .client_hello
        .into_option()
        .context("no client hello")?;
    let ephemeral = hello.ephemeral.clone().context("no ephemeral key")?;
    if hello.r#static.is_none() {
        return greet(keys, Pattern::Xx, &ephemeral);
    }
    match resume(keys, &hello, &ephemeral) {
        Ok(answer) => Ok(answer),
        Err(_) => greet(keys, Pattern::XxFallback, &ephemeral),
    }
}

fn greet(keys: &ServerKeys, pattern: Pattern, client_ephemeral: &[u8]) -> anyhow::Result<Answer> {
    let ephemeral = KeyPair::generate(&mut rand::rng());
    let mut noise = NoiseHandshake::new(pattern.name(), &WA_CONN_HEADER)?;
    noise.authenticate(client_ephemeral);
    noise.authenticate(ephemeral.public_key.public_key_bytes());
    noise.mix_shared_secret(ephemeral.private_key.serialize(), client_ephemeral)?;
    let sealed_key = noise.encrypt(keys.noise().public_key.public_key_bytes())?;
    noise.mix_shared_secret(keys.noise().private_key.serialize(), client_ephemeral)?;
    let payload = noise.encrypt(keys.chain())?;
    let hello = server_hello(&ephemeral, Some(sealed_key), payload);
    Ok(Answer::Wait {
        hello,
        pending: Box::new(Pending {
            noise,
            ephemeral,
            pattern,
        }),
    })
}

fn resume(keys: &ServerKeys, hello: &ClientHello, ephemeral: &[u8]) -> anyhow::Result<Answer> {
    let own = keys.noise();
    let mut noise = NoiseHandshake::new(Pattern::Ik.name(), &WA_CONN_HEADER)?;
    noise.authenticate(own.public_key.public_key_bytes());
    noise.authenticate(ephemeral);
    noise.mix_shared_secret(own.private_key.serialize(), ephemeral)?;
    let client = noise.decrypt(hello.r#static.as_deref().unwrap_or_default())?;
    noise.mix_shared_secret(own.private_key.serialize(), &client)?;
    let payload = noise.decrypt(hello.payload.as_deref().unwrap_or_default())?;
    let pair = KeyPair::generate(&mut rand::rng());
    noise.authenticate(pair.public_key.public_key_bytes());
    noise.mix_shared_secret(pair.private_key.serialize(), ephemeral)?;
    noise.mix_shared_secret(pair.private_key.serialize(), &client)?;
    let proof = noise.encrypt(keys.chain())?;
    let hello = server_hello(&pair, None, proof);
    Ok(Answer::Done {
        hello,
        accepted: Box::new(accept(noise, &client, &payload, Pattern::Ik)?),
    })
}

impl Pending {
    /// Ends the handshake with the client's second frame.
    pub(crate) fn finish(mut self, frame: &[u8]) -> anyhow::Result<Accepted> {
        let message = HandshakeMessage::decode_from_slice(frame)?;
        let finish = message
            .client_finish
            .into_option()
            .context("no client finish")?;
        let client = self
            .noise
            .decrypt(finish.r#static.as_deref().unwrap_or_default())?;
        self.noise
            .mix_shared_secret(self.ephemeral.private_key.serialize(), &client)?;
        let payload = self
            .noise
            .decrypt(finish.payload.as_deref().unwrap_or_default())?;
        accept(self.noise, &client, &payload, self.pattern)
    }
}

fn accept(
    noise: NoiseHandshake,
    client: &[u8],
    payload: &[u8],
    pattern: Pattern,
) -> anyhow::Result<Accepted> {
    let Ok(client) = <[u8; 32]>::try_from(client) else {
        bail!("the client's static key is not 32 bytes");
    };
    let payload = ClientPayload::decode_from_slice(payload)?;
    // The initiator writes with the first key and reads with the second one.
    let (read, write) = noise.finish()?;
    Ok(Accepted {
        read,
        write,
        client,
        payload,
        pattern,
    })
}

fn server_hello(ephemeral: &KeyPair, sealed_key: Option<Vec<u8>>, payload: Vec<u8>) -> Vec<u8> {
    HandshakeMessage {
        server_hello: MessageField::some(ServerHello {
            ephemeral: Some(ephemeral.public_key.public_key_bytes().to_vec()),
            r#static: sealed_key,
            payload: Some(payload),
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}
