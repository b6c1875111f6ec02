//! The messages of Twilio's Media Streams, both ways. Source: its pages "Media Streams - WebSocket messages". A program of
//! a business is spoken to in the same words, so that one written for Twilio works unchanged.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The most letters of a mark's name.
const MARK_MAX: usize = 200;
/// Bytes of a second of audio: mu-law, 8,000 a second, one channel.
pub(super) const BYTES_A_SECOND: u64 = 8_000;

/// How a stream begins.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) stream_sid: String,
    pub(super) call_sid: String,
    pub(super) parameters: BTreeMap<String, String>,
}

/// What comes from the provider.
#[derive(Debug, Clone)]
pub(super) enum FromCaller {
    Connected,
    Start(Start),
    /// A frame of the caller's audio, by its number.
    Media(u64),
    /// A key, or an echo of a mark.
    Other,
    Stop,
}

#[derive(Deserialize)]
struct Wire {
    event: String,
    #[serde(default, rename = "streamSid")]
    stream_sid: String,
    start: Option<WireStart>,
    media: Option<WireMedia>,
}

#[derive(Deserialize)]
struct WireStart {
    #[serde(rename = "callSid")]
    call_sid: String,
    #[serde(default, rename = "customParameters")]
    parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct WireMedia {
    #[serde(default)]
    chunk: Option<String>,
}

impl FromCaller {
    /// Reads a message; `None`: it is none of the protocol.
    pub(super) fn read(text: &str) -> Option<Self> {
        let wire: Wire = serde_json::from_str(text).ok()?;
        Some(match wire.event.as_str() {
            "connected" => Self::Connected,
            "start" => {
                let start = wire.start?;
                Self::Start(Start {
                    stream_sid: wire.stream_sid,
                    call_sid: start.call_sid,
                    parameters: start.parameters,
                })
            }
            "media" => {
                let chunk = wire.media?.chunk;
                Self::Media(chunk.and_then(|it| it.parse().ok()).unwrap_or(0))
            }
            "stop" => Self::Stop,
            "mark" | "dtmf" => Self::Other,
            _ => return None,
        })
    }
}

/// What comes from the program, ready for the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FromProgram {
    /// Audio of so many bytes.
    Media { text: String, bytes: u64 },
    /// To be told when what was sent before has been heard.
    Mark(String),
    /// What was sent and not heard yet is not to be heard.
    Clear(String),
    /// The program has done.
    Stop,
}

#[derive(Deserialize)]
struct FromWire {
    event: String,
    media: Option<Payload>,
    mark: Option<Name>,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    payload: String,
}

#[derive(Serialize, Deserialize)]
struct Name {
    name: String,
}

impl FromProgram {
    /// Reads a message and writes it anew with the stream's id and nothing else in it: the provider ends a stream whose
    /// messages have more. `None`: it is none of the protocol.
    pub(super) fn read(text: &str, stream_sid: &str) -> Option<Self> {
        let wire: FromWire = serde_json::from_str(text).ok()?;
        Some(match wire.event.as_str() {
            "media" => {
                let media = wire.media?;
                let audio = STANDARD.decode(&media.payload).ok()?;
                Self::Media {
                    text: json!({"event": "media", "streamSid": stream_sid, "media": media})
                        .to_string(),
                    bytes: u64::try_from(audio.len()).unwrap_or(u64::MAX),
                }
            }
            "mark" => {
                let mark = wire
                    .mark
                    .filter(|mark| mark.name.chars().count() <= MARK_MAX)?;
                let text = json!({"event": "mark", "streamSid": stream_sid, "mark": mark});
                Self::Mark(text.to_string())
            }
            "clear" => Self::Clear(json!({"event": "clear", "streamSid": stream_sid}).to_string()),
            "stop" => Self::Stop,
            _ => return None,
        })
    }
}

/// The beginning of a stream as the program hears it: without the account, and with the parameters that are for it.
pub(super) fn greeting(start: &Start) -> [String; 2] {
    let connected = json!({"event": "connected", "protocol": "Call", "version": "1.0.0"});
    let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
    let begins = json!({
        "event": "start", "sequenceNumber": "1", "streamSid": start.stream_sid,
        "start": {"streamSid": start.stream_sid, "callSid": start.call_sid, "tracks": ["inbound"],
            "customParameters": start.parameters, "mediaFormat": format},
    });
    [connected.to_string(), begins.to_string()]
}

/// The end of a stream as the program hears it.
pub(super) fn farewell(start: &Start) -> String {
    let stop = json!({"callSid": start.call_sid});
    json!({"event": "stop", "streamSid": start.stream_sid, "stop": stop}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_says_is_read() {
        let text = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1",
            "tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
            "customParameters":{"business":"b"}},"streamSid":"MZ1"}"#;
        let Some(FromCaller::Start(start)) = FromCaller::read(text) else {
            panic!("a start");
        };
        assert_eq!(
            (start.call_sid.as_str(), start.stream_sid.as_str()),
            ("CA1", "MZ1")
        );
        assert_eq!(start.parameters["business"], "b");
        let media = r#"{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"7","timestamp":"20",
            "payload":"/w=="},"streamSid":"MZ1"}"#;
        assert!(matches!(
            FromCaller::read(media),
            Some(FromCaller::Media(7))
        ));
        assert!(FromCaller::read(r#"{"event":"dance"}"#).is_none());
        assert!(FromCaller::read("not json").is_none());
    }

    #[test]
    fn what_a_program_says_is_written_anew_with_nothing_else_in_it() {
        let read = |text: &str| FromProgram::read(text, "MZ1");
        let media = read(
            r#"{"event":"media","streamSid":"other","more":1,"media":{"payload":"/////w==","x":2}}"#,
        );
        let Some(FromProgram::Media { text, bytes: 4 }) = media else {
            panic!("{media:?}");
        };
        let written: serde_json::Value = serde_json::from_str(&text).unwrap();
        let wanted =
            json!({"event": "media", "streamSid": "MZ1", "media": {"payload": "/////w=="}});
        assert_eq!(written, wanted);
        assert!(matches!(
            read(r#"{"event":"clear"}"#),
            Some(FromProgram::Clear(_))
        ));
        assert!(matches!(
            read(r#"{"event":"mark","mark":{"name":"a"}}"#),
            Some(FromProgram::Mark(_))
        ));
        for wrong in [
            r#"{"event":"media","media":{"payload":"%"}}"#,
            r#"{"event":"mark"}"#,
            "{}",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
