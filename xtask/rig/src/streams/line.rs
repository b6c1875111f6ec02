//! The provider's end of one stream: a frame every 20 ms, and what comes back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

use super::Count;
use super::caller::{Call, Provider};
use super::frame::{INTERVAL, Stamp, Window, micros};

/// How long a socket may take to open and to close.
const PATIENCE: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A stream that runs.
pub(super) struct Line {
    sid: String,
    hung_up: CancellationToken,
    speaks: JoinHandle<Result<u64>>,
    hears: JoinHandle<Count>,
}

/// What became of it.
pub(super) struct End {
    pub(super) sid: String,
    /// Frames that were due in the window and sent.
    pub(super) sent: u64,
    /// Those that came back.
    pub(super) heard: Count,
    /// The other side ended it.
    pub(super) broken: bool,
}

impl Line {
    /// Opens the socket of a call and begins to speak, a frame every 20 ms from `offset` on.
    pub(super) async fn open(
        provider: &Provider<'_>,
        call: Call,
        offset: Duration,
        window: Arc<Window>,
    ) -> Result<Self> {
        let signature = provider.signature(&call.url, &[]);
        let builder = ClientBuilder::new().uri(&call.url)?.add_header(
            HeaderName::from_static("x-twilio-signature"),
            HeaderValue::from_str(&signature)?,
        )?;
        let opened = timeout(PATIENCE, builder.connect()).await;
        let (mut socket, _) = opened.context("a socket did not open")??;
        if let MaybeTlsStream::Plain(tcp) = socket.get_ref() {
            tcp.set_nodelay(true)?;
        }
        greet(&mut socket, provider.account(), &call).await?;
        let (sink, source) = socket.split();
        let hung_up = CancellationToken::new();
        let start = Instant::now() + offset;
        let speaks = speak(sink, start, Arc::clone(&window), hung_up.clone());
        Ok(Self {
            sid: call.sid,
            speaks: tokio::spawn(speaks),
            hears: tokio::spawn(hear(source, window)),
            hung_up,
        })
    }

    /// Hangs up.
    pub(super) fn hang_up(&self) {
        self.hung_up.cancel();
    }

    /// Waits until the socket of a line that hung up is closed.
    pub(super) async fn end(self) -> End {
        let sent = self.speaks.await;
        let heard = timeout(PATIENCE, self.hears).await;
        let broken = !matches!(sent, Ok(Ok(_))) || !matches!(heard, Ok(Ok(_)));
        End {
            sid: self.sid,
            sent: sent.ok().and_then(Result::ok).unwrap_or_default(),
            heard: heard.ok().and_then(Result::ok).unwrap_or_default(),
            broken,
        }
    }
}

async fn greet(socket: &mut Socket, account: &str, call: &Call) -> Result<()> {
    let parameters: serde_json::Map<_, _> = call
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let stream = format!("MZ{}", call.sid.trim_start_matches("CA"));
    let hello = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
    let start = json!({
        "event": "start", "sequenceNumber": "1", "streamSid": stream,
        "start": {
            "accountSid": account, "streamSid": stream, "callSid": call.sid, "tracks": ["inbound"],
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
            "customParameters": parameters,
        },
    });
    for message in [hello, start] {
        socket.send(Message::text(message.to_string())).await?;
    }
    Ok(())
}

/// Frames until somebody hangs up; how many of them counted.
async fn speak(
    mut sink: SplitSink<Socket, Message>,
    start: Instant,
    window: Arc<Window>,
    hung_up: CancellationToken,
) -> Result<u64> {
    let (mut sent, mut due) = (0_u64, start);
    for chunk in 1_u64.. {
        tokio::select! {
            () = hung_up.cancelled() => break,
            () = sleep_until(due) => {}
        }
        let due_at = micros(due);
        let stamp = Stamp {
            due: due_at,
            left: due_at,
        };
        let message = format!(
            r#"{{"event":"media","sequenceNumber":"{}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{}","payload":"{}"}},"streamSid":"MZ"}}"#,
            chunk.saturating_add(1),
            chunk.saturating_mul(20),
            stamp.payload(),
        );
        sink.send(Message::text(message)).await?;
        sent = sent.saturating_add(u64::from(window.holds(due_at)));
        due += INTERVAL;
    }
    let stop = json!({ "event": "stop", "streamSid": "MZ" });
    sink.send(Message::text(stop.to_string())).await?;
    // Sent and not waited for here: the farewell that answers it is for who hears.
    let farewell = sink.send(Message::close(None, ""));
    ensure!(timeout(PATIENCE, farewell).await.is_ok(), "no farewell");
    Ok(sent)
}

/// What comes back, until the other side says that it closes: it may keep the connection longer.
async fn hear(mut source: SplitStream<Socket>, window: Arc<Window>) -> Count {
    let mut count = Count::default();
    while let Some(Ok(message)) = source.next().await {
        if message.is_close() {
            break;
        }
        let stamp = message.as_text().and_then(Stamp::read);
        if let Some(stamp) = stamp.filter(|stamp| window.holds(stamp.due)) {
            count.frames = count.frames.saturating_add(1);
            count.times.push(stamp.age());
        }
    }
    count
}
