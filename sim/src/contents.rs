//! What is inside a message, before it is sealed and after it is opened.

use anyhow::Context as _;
use buffa::MessageField;
use wacore::messages::{MessageUtils, decode_plaintext, unwrap_device_sent, wrap_device_sent};
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{
    AppStateSyncKey, AppStateSyncKeyData, AppStateSyncKeyFingerprint, AppStateSyncKeyId,
    AppStateSyncKeyShare, ProtocolMessage, protocol_message,
};

/// The version of the padding inside sealed messages.
const PADDING: u8 = 2;

/// What a phone understands of an opened message.
pub(crate) struct Contents {
    /// The text, when it is a text.
    pub(crate) text: Option<String>,
    /// Keys of the application state that a companion asks for.
    pub(crate) asks_for_keys: bool,
}

/// A text, ready to be sealed for its recipient.
pub(crate) fn text(text: &str) -> Vec<u8> {
    MessageUtils::encode_and_pad(&text_message(text))
}

/// The copy of a text for the sender's own devices.
pub(crate) fn sent_copy(text: &str, destination: &str) -> Vec<u8> {
    MessageUtils::encode_and_pad(&wrap_device_sent(
        text_message(text),
        destination.to_owned(),
    ))
}

/// The share of the key of the application state, which a client needs to be connected.
pub(crate) fn key_share(key_id: &[u8], key: &[u8], seconds: i64) -> Vec<u8> {
    let shared = AppStateSyncKey {
        key_id: MessageField::some(AppStateSyncKeyId {
            key_id: Some(key_id.to_vec()),
        }),
        key_data: MessageField::some(AppStateSyncKeyData {
            key_data: Some(key.to_vec()),
            fingerprint: MessageField::some(AppStateSyncKeyFingerprint {
                raw_id: Some(1),
                current_index: Some(0),
                device_indexes: vec![0],
            }),
            timestamp: Some(seconds.saturating_mul(1_000)),
        }),
    };
    MessageUtils::encode_and_pad(&wa::Message {
        protocol_message: MessageField::some(ProtocolMessage {
            r#type: Some(protocol_message::Type::APP_STATE_SYNC_KEY_SHARE),
            app_state_sync_key_share: MessageField::some(AppStateSyncKeyShare {
                keys: vec![shared],
            }),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// Reads an opened message.
pub(crate) fn read(plain: &[u8]) -> anyhow::Result<Contents> {
    let message = decode_plaintext(plain, PADDING).context("not a message")?;
    let message = unwrap_device_sent(message);
    let asks_for_keys = message
        .protocol_message
        .as_option()
        .is_some_and(|protocol| protocol.app_state_sync_key_request.is_set());
    let text = message.conversation.clone().or_else(|| {
        message
            .extended_text_message
            .as_option()
            .and_then(|extended| extended.text.clone())
    });
    Ok(Contents {
        text,
        asks_for_keys,
    })
}

fn text_message(text: &str) -> wa::Message {
    wa::Message {
        conversation: Some(text.to_owned()),
        ..Default::default()
    }
}

/// Bytes as base64 in JSON.
pub(crate) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes them.
    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    /// Reads them.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}
