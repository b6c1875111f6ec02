//! The wire of a media stream: a WebSocket that the network opens at a business, frames of sound each way, and the
//! count of what came.
//!
//! Its pace is the world's, however fast calls go: 160 bytes of mu-law every 20 ms.

mod tally;

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_websockets::{ClientBuilder, Limits, MaybeTlsStream, Message, WebSocketStream};

use super::address::Address;
use super::sids::sid;
use super::sound::SILENCE;
use super::twiml::Element;
pub(super) use tally::Tally;

/// Bytes of one frame, and how often there is one.
const FRAME: usize = 160;
pub(super) const INTERVAL: Duration = Duration::from_millis(20);

/// How long the handshake may take, and how long a business may read nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the other side has to say that it closes too.
const FAREWELL: Duration = Duration::from_secs(1);

/// The largest message of a business, and how much sound of it waits to be heard: five minutes.
const LARGEST: usize = 1024 * 1024;
const QUEUED: usize = 300 * super::sound::SECOND;

/// How much of what the caller says waits to be sent.
const SPOKEN: usize = 300 * super::sound::SECOND;

/// Why there is no stream, by the number in Twilio's list of errors.
pub(super) struct Refused {
    /// 31901 no answer, 31902 no connection, 31920 not upgraded, 31903 broken.
    pub(super) code: u32,
    /// In words.
    pub(super) why: String,
}

/// Who is connected with what.
pub(super) struct Names<'a> {
    /// Whose call it is.
    pub(super) account: &'a str,
    /// Which call.
    pub(super) call: &'a str,
    /// The `<Stream>`, with its parameters.
    pub(super) stream: &'a Element,
}

/// What a business says.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase", deny_unknown_fields)]
enum Said {
    #[serde(rename_all = "camelCase")]
    Media { stream_sid: String, media: Sound },
    #[serde(rename_all = "camelCase")]
    Mark { stream_sid: String, mark: Mark },
    #[serde(rename_all = "camelCase")]
    Clear { stream_sid: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sound {
    payload: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    name: String,
}

/// What came of a message.
pub(super) enum Came {
    /// Sound, or nothing that matters.
    Nothing,
    /// The sound that waited is dropped.
    Clear,
    /// Something that no stream may say: 31950 or 31951.
    Wrong(u32, String),
    /// The business closed the socket, with that code, or it broke.
    Closed(Option<u16>),
}

/// An open stream.
pub(super) struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Its name: `MZ…`.
    pub(super) sid: String,
    sequence: u64,
    chunk: u64,
    voice: VecDeque<u8>,
    queued: VecDeque<u8>,
    marks: VecDeque<(String, u64)>,
    /// What came and went.
    pub(super) tally: Tally,
}

impl Line {
    /// Opens a stream; without a signature, the business should refuse it.
    pub(super) async fn open(address: &Address, signature: Option<&str>) -> Result<Self, Refused> {
        let refused = |code, why: String| Refused { code, why };
        let uri = address.url.as_str();
        let mut builder = ClientBuilder::new()
            .limits(Limits::default().max_payload_len(Some(LARGEST)))
            .uri(uri)
            .map_err(|error| refused(31923, error.to_string()))?;
        if let Some(signature) = signature {
            let value = HeaderValue::from_str(signature)
                .map_err(|error| refused(31923, error.to_string()))?;
            builder = builder
                .add_header(HeaderName::from_static("x-twilio-signature"), value)
                .map_err(|error| refused(31923, error.to_string()))?;
        }
        let socket = match timeout(PATIENCE, builder.connect()).await {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(tokio_websockets::Error::Io(error))) => {
                return Err(refused(31902, error.to_string()));
            }
            Ok(Err(error)) => return Err(refused(31920, error.to_string())),
            Err(_elapsed) => return Err(refused(31901, "no answer".to_owned())),
        };
        if let MaybeTlsStream::Plain(tcp) = socket.get_ref() {
            tcp.set_nodelay(true)
                .map_err(|error| refused(31902, error.to_string()))?;
        }
        Ok(Self {
            socket,
            sid: sid("MZ"),
            sequence: 0,
            chunk: 0,
            voice: VecDeque::new(),
            queued: VecDeque::new(),
            marks: VecDeque::new(),
            tally: Tally::default(),
        })
    }

    async fn send(&mut self, message: Message) -> Result<(), Refused> {
        match timeout(PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Refused {
                code: 31903,
                why: "the stream broke".to_owned(),
            }),
        }
    }

    fn next_sequence(&mut self) -> String {
        self.sequence += 1;
        self.sequence.to_string()
    }

    async fn say(&mut self, mut message: Value) -> Result<(), Refused> {
        if let Value::Object(message) = &mut message {
            message.insert("sequenceNumber".to_owned(), self.next_sequence().into());
            message.insert("streamSid".to_owned(), self.sid.clone().into());
        }
        self.send(Message::text(message.to_string())).await
    }

    /// Tells that it is there.
    pub(super) async fn greet(&mut self) -> Result<(), Refused> {
        let hello = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
        self.send(Message::text(hello.to_string())).await
    }

    /// Tells what it is about.
    pub(super) async fn start(&mut self, names: &Names<'_>) -> Result<(), Refused> {
        let parameters: serde_json::Map<_, _> = names
            .stream
            .children
            .iter()
            .filter(|child| child.name == "Parameter")
            .map(|child| {
                let get = |name| child.get(name).unwrap_or_default().to_owned();
                (get("name"), get("value").into())
            })
            .collect();
        self.say(json!({
            "event": "start",
            "start": {
                "accountSid": names.account,
                "streamSid": self.sid,
                "callSid": names.call,
                "tracks": ["inbound"],
                "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
                "customParameters": parameters,
            },
        }))
        .await
    }

    /// The caller says that.
    pub(super) fn speak(&mut self, sound: &[u8]) {
        let room = SPOKEN.saturating_sub(self.voice.len()).min(sound.len());
        self.voice.extend(sound.iter().take(room));
    }

    /// One frame of what the caller says, or of silence; it is lost on the way when `lost`.
    pub(super) async fn frame(&mut self, lost: bool) -> Result<(), Refused> {
        let count = self.voice.len().min(FRAME);
        let mut sound: Vec<u8> = self.voice.drain(..count).collect();
        sound.resize(FRAME, SILENCE);
        self.chunk += 1;
        let sequence = self.next_sequence();
        if lost {
            return Ok(());
        }
        self.tally.sent(&sound);
        let message = format!(
            r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{}","timestamp":"{}","payload":"{}"}},"streamSid":"{}"}}"#,
            self.chunk,
            self.chunk * 20,
            STANDARD.encode(&sound),
            self.sid,
        );
        self.send(Message::text(message)).await
    }

    /// The caller hears one more frame; marks that were reached are returned to the business. Returns them.
    pub(super) async fn hear(&mut self) -> Result<Vec<String>, Refused> {
        let count = self.queued.len().min(FRAME);
        let sound: Vec<u8> = self.queued.drain(..count).collect();
        self.tally.heard(&sound);
        self.echo().await
    }

    async fn echo(&mut self) -> Result<Vec<String>, Refused> {
        let mut reached = Vec::new();
        while let Some((name, _)) = self.marks.pop_front_if(|(_, at)| *at <= self.tally.past()) {
            self.say(json!({ "event": "mark", "mark": { "name": name } }))
                .await?;
            reached.push(name);
        }
        Ok(reached)
    }

    /// The caller presses a digit.
    pub(super) async fn press(&mut self, digit: char) -> Result<(), Refused> {
        self.say(json!({ "event": "dtmf", "dtmf": { "track": "inbound_track", "digit": digit } }))
            .await
    }

    /// Tells that it is over.
    pub(super) async fn stop(&mut self, names: &Names<'_>) -> Result<(), Refused> {
        self.say(json!({
            "event": "stop",
            "stop": { "accountSid": names.account, "callSid": names.call },
        }))
        .await
    }

    /// Closes the socket properly.
    pub(super) async fn close(&mut self) {
        // Who does not answer is not waited for.
        drop(timeout(FAREWELL, self.socket.close()).await);
    }

    /// What the business says next. Nothing is lost when nobody waits to the end.
    pub(super) async fn next(&mut self) -> Option<Result<Message, tokio_websockets::Error>> {
        self.socket.next().await
    }

    /// Obeys what the business said.
    pub(super) async fn obey(
        &mut self,
        message: Option<Result<Message, tokio_websockets::Error>>,
    ) -> Result<Came, Refused> {
        let Some(Ok(message)) = message else {
            return Ok(Came::Closed(None));
        };
        if let Some((code, _)) = message.as_close() {
            return Ok(Came::Closed(Some(u16::from(code))));
        }
        if message.is_binary() {
            return Ok(Came::Wrong(31950, "a binary message".to_owned()));
        }
        let Some(text) = message.as_text() else {
            return Ok(Came::Nothing);
        };
        let said: Said = match serde_json::from_str(text) {
            Ok(said) => said,
            Err(error) => return Ok(Came::Wrong(31951, error.to_string())),
        };
        let (Said::Media { stream_sid, .. }
        | Said::Mark { stream_sid, .. }
        | Said::Clear { stream_sid }) = &said;
        if *stream_sid != self.sid {
            return Ok(Came::Wrong(31951, "another stream's name".to_owned()));
        }
        self.take(said).await
    }

    async fn take(&mut self, said: Said) -> Result<Came, Refused> {
        match said {
            Said::Media { media, .. } => {
                let Ok(sound) = STANDARD.decode(media.payload) else {
                    return Ok(Came::Wrong(
                        31951,
                        "a payload that is not base64".to_owned(),
                    ));
                };
                if self.queued.len() + sound.len() > QUEUED {
                    return Ok(Came::Wrong(31951, "more sound than can wait".to_owned()));
                }
                self.tally.received(sound.len());
                self.queued.extend(sound);
                Ok(Came::Nothing)
            }
            Said::Mark { mark, .. } => {
                self.tally.marks += 1;
                self.marks.push_back((mark.name, self.tally.end()));
                self.echo().await.map(|_| Came::Nothing)
            }
            Said::Clear { .. } => {
                self.tally.clears += 1;
                self.tally.dropped(self.queued.len());
                self.queued.clear();
                self.echo().await.map(|_| Came::Clear)
            }
        }
    }
}
