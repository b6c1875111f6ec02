//! Media sockets: audio goes to the program of the business and back, and each end is the right one.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use tokio_websockets::{
    ClientBuilder, CloseCode, Error, MaybeTlsStream, Message, ServerBuilder, WebSocketStream,
    upgrade,
};

use crate::caller::{Answer, Caller, FROM, sign};
use crate::stage::{PATIENCE, Replica, SHOP, Stage, TOKEN};

pub(crate) type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The program of a business.
pub(crate) struct Program(TcpListener);

/// Its end of a call.
pub(crate) struct Talk {
    to: SplitSink<WebSocketStream<TcpStream>, Message>,
    heard: UnboundedReceiver<Value>,
}

impl Program {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/agent", self.0.local_addr().unwrap())
    }

    pub(crate) async fn takes(&self) -> Talk {
        let accepted = timeout(PATIENCE, self.0.accept())
            .await
            .expect("nobody comes");
        let (stream, _) = accepted.unwrap();
        let (_, socket) = ServerBuilder::new().accept(stream).await.unwrap();
        let (to, mut from) = socket.split();
        let (tells, heard) = unbounded_channel();
        // Somebody always listens, which says that the program is there.
        tokio::spawn(async move {
            while let Some(Ok(message)) = from.next().await {
                let text = message.as_text();
                if let Some(value) = text.and_then(|text| serde_json::from_str(text).ok()) {
                    tells.send(value).ok();
                }
            }
        });
        Talk { to, heard }
    }

    /// Takes a call as a program that hangs: bytes are read, and nothing is said.
    pub(crate) async fn hangs(&self) {
        let (stream, _) = self.0.accept().await.unwrap();
        let (_, socket) = ServerBuilder::new().accept(stream).await.unwrap();
        let mut stream = socket.into_inner();
        tokio::io::copy(&mut stream, &mut tokio::io::sink())
            .await
            .ok();
    }
}

impl Talk {
    pub(crate) async fn hears(&mut self, event: &str) -> Value {
        loop {
            let value = timeout(PATIENCE, self.heard.recv())
                .await
                .expect(event)
                .expect(event);
            if value["event"] == event {
                return value;
            }
        }
    }

    pub(crate) async fn says(&mut self, message: Value) {
        self.to
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }
}

/// Whoever calls speaks to the program.
pub(crate) async fn agent(stage: &Stage, url: &str) {
    stage
        .flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "agent", "closed": "agent"},
            "nodes": {
                "agent": {"kind": "bridge", "url": url, "done": "bye", "failed": "sorry"},
                "bye": {"kind": "hangup", "text": "done"}, "sorry": {"kind": "hangup", "text": "failed"},
            },
        }))
        .await;
}

pub(crate) async fn bridged(stage: &Stage, replica: &Replica, url: &str) -> (Caller, Answer) {
    agent(stage, url).await;
    let call = replica.caller(stage, "CA1");
    let page = call.rings().await;
    assert!(page.body.contains("<Connect><Stream"), "{}", page.body);
    (call, page)
}

/// Opens a socket at the replica, signed for its own address.
pub(crate) async fn dial(replica: &Replica, token: &str) -> Result<Line, Error> {
    dial_behind(&replica.url, &replica.url, token).await
}

/// Opens one at this address, signed for the public one.
pub(crate) async fn dial_behind(at: &str, public: &str, token: &str) -> Result<Line, Error> {
    let socket = |url: &str| format!("{}/twilio/stream", url.replacen("http", "ws", 1));
    let signature = sign(token, &socket(public), &[]);
    let builder = ClientBuilder::new().uri(&socket(at)).unwrap();
    let (name, value) = (
        "x-twilio-signature".parse().unwrap(),
        signature.parse().unwrap(),
    );
    let builder = builder.add_header(name, value)?;
    builder.connect().await.map(|(line, _)| line)
}

pub(crate) async fn send(line: &mut Line, message: Value) {
    line.send(Message::text(message.to_string())).await.unwrap();
}

/// Says that the socket is the call's, with what its page gave it.
pub(crate) async fn start(line: &mut Line, page: &Answer, sid: &str) {
    starts(line, &json!(page.parameters()), sid).await;
}

pub(crate) async fn starts(line: &mut Line, parameters: &Value, sid: &str) {
    send(
        line,
        json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}),
    )
    .await;
    send(line, json!({
        "event": "start", "sequenceNumber": "1", "streamSid": "MZ1",
        "start": {"accountSid": "AC1", "streamSid": "MZ1", "callSid": sid, "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters},
    }))
    .await;
}

pub(crate) fn media(chunk: u32) -> Value {
    json!({"event": "media", "sequenceNumber": "2", "streamSid": "MZ1",
        "media": {"track": "inbound", "chunk": chunk.to_string(), "timestamp": "20", "payload": "/////w=="}})
}

/// So much silence of a program: 8,000 bytes a second.
pub(crate) fn audio(long: Duration) -> Value {
    let bytes = vec![0xFF; usize::try_from(long.as_millis()).unwrap() * 8];
    json!({"event": "media", "media": {"payload": STANDARD.encode(bytes)}})
}

/// The next text, or how the socket was closed.
pub(crate) async fn next(line: &mut Line) -> Result<Value, CloseCode> {
    loop {
        let message = timeout(PATIENCE, line.next()).await.expect("nothing comes");
        let Some(Ok(message)) = message else {
            return Err(CloseCode::NO_STATUS_RECEIVED);
        };
        if let Some((code, _)) = message.as_close() {
            return Err(code);
        }
        if let Some(text) = message.as_text() {
            return Ok(serde_json::from_str(text).unwrap());
        }
    }
}

#[actix_web::test]
async fn audio_marks_and_digits_go_both_ways_and_the_program_ends_the_bridge() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, &program.url()).await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    let begun = talk.hears("start").await;
    assert_eq!(begun["start"]["callSid"], "CA1");
    let told = json!({
        "call_sid": "CA1", "business": stage.business, "node": "agent", "from": FROM, "to": SHOP,
    });
    assert_eq!(begun["start"]["customParameters"], told);
    assert!(
        begun.to_string().find("AC1").is_none(),
        "the account is nobody's business"
    );
    send(&mut line, media(1)).await;
    assert_eq!(talk.hears("media").await["media"]["payload"], "/////w==");
    let digit = json!({"event": "dtmf", "streamSid": "MZ1", "dtmf": {"track": "inbound_track", "digit": "5"}});
    send(&mut line, digit).await;
    assert_eq!(talk.hears("dtmf").await["dtmf"]["digit"], "5");
    // More than is given ahead, so that what follows waits here when it is cleared.
    let long = audio(Duration::from_secs(7));
    talk.says(long.clone()).await;
    let heard = next(&mut line).await.unwrap();
    assert_eq!(heard["streamSid"], "MZ1");
    assert!(heard["media"] == long["media"], "every byte of it");
    talk.says(audio(Duration::from_millis(20))).await;
    talk.says(json!({"event": "mark", "mark": {"name": "a1"}}))
        .await;
    talk.says(json!({"event": "clear"})).await;
    let mut marks = Vec::new();
    let cleared = loop {
        let event = next(&mut line).await.unwrap();
        match event["event"].as_str() {
            Some("mark") => marks.push(event["mark"]["name"].clone()),
            // A slow machine may have sent it before the clear came.
            Some("media") => {}
            _ => break event,
        }
    };
    assert_eq!(marks, ["a1"], "a clear forgets audio, and no mark");
    assert_eq!(cleared, json!({"event": "clear", "streamSid": "MZ1"}));
    talk.to
        .send(Message::close(Some(CloseCode::NORMAL_CLOSURE), ""))
        .await
        .unwrap();
    assert_eq!(next(&mut line).await, Err(CloseCode::NORMAL_CLOSURE));
    let after = call.goes(&page.text("Redirect"), &[]).await;
    assert_eq!(after.text("Say"), "done");
}

#[actix_web::test]
async fn what_a_program_said_last_is_heard_before_the_socket_is_closed() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, &program.url()).await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    let (begun, words) = (Instant::now(), Duration::from_secs(2));
    talk.says(audio(words)).await;
    talk.to
        .send(Message::close(Some(CloseCode::NORMAL_CLOSURE), ""))
        .await
        .unwrap();
    assert_eq!(next(&mut line).await.unwrap()["event"], "media");
    assert_eq!(next(&mut line).await, Err(CloseCode::NORMAL_CLOSURE));
    assert!(begun.elapsed() >= words, "{:?}", begun.elapsed());
}

#[actix_web::test]
async fn a_program_that_is_not_there_leads_to_the_way_for_failures() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, "ws://127.0.0.1:1/agent").await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    assert_eq!(next(&mut line).await, Err(CloseCode::NORMAL_CLOSURE));
    let after = call.goes(&page.text("Redirect"), &[]).await;
    assert_eq!(after.text("Say"), "failed");
}

#[actix_web::test]
async fn a_forged_handshake_a_second_socket_and_an_unknown_call_are_refused() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, &program.url()).await;
    let forged = dial(&replica, "another token").await;
    let Err(Error::Upgrade(upgrade::Error::DidNotSwitchProtocols(status))) = forged else {
        panic!("{forged:?}");
    };
    assert_eq!(status, 403);
    let mut unknown = dial(&replica, TOKEN).await.unwrap();
    start(&mut unknown, &page, "CAunknown").await;
    assert_eq!(next(&mut unknown).await, Err(CloseCode::POLICY_VIOLATION));
    let mut first = dial(&replica, TOKEN).await.unwrap();
    start(&mut first, &page, &call.sid).await;
    let mut talk = program.takes().await;
    let mut second = dial(&replica, TOKEN).await.unwrap();
    start(&mut second, &page, &call.sid).await;
    assert_eq!(next(&mut second).await, Err(CloseCode::POLICY_VIOLATION));
    send(&mut first, media(1)).await;
    talk.hears("media").await;
}

#[actix_web::test]
async fn of_two_sockets_that_begin_at_once_one_has_the_call() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, &program.url()).await;
    let mut one = dial(&replica, TOKEN).await.unwrap();
    let mut other = dial(&replica, TOKEN).await.unwrap();
    tokio::join!(
        start(&mut one, &page, &call.sid),
        start(&mut other, &page, &call.sid)
    );
    let mut talk = program.takes().await;
    talk.hears("start").await;
    // The one that is refused is closed; to the other one the program speaks.
    talk.says(audio(Duration::from_millis(20))).await;
    let mut ends = [next(&mut one).await, next(&mut other).await];
    ends.sort_by_key(Result::is_ok);
    assert_eq!(ends[0], Err(CloseCode::POLICY_VIOLATION));
    assert!(ends[1].is_ok(), "{:?}", ends[1]);
}

#[actix_web::test]
async fn a_replica_that_leaves_closes_with_1001_and_the_call_gets_another_socket() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let server = crate::redis::Server::start().await;
    let options = || stage.options(Some(server.client()));
    let leaving = Replica::start(options());
    let staying = Replica::behind(&leaving.url, options());
    let (call, page) = bridged(&stage, &leaving, &program.url()).await;
    let mut line = dial(&leaving, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    talk.hears("start").await;
    let leaves = tokio::spawn(leaving.stop(Duration::from_millis(400)));
    assert_eq!(next(&mut line).await, Err(CloseCode::GOING_AWAY));
    talk.hears("stop").await;
    leaves.await.unwrap();
    let again = call
        .at(&staying.url)
        .goes(&page.text("Redirect"), &[])
        .await;
    assert!(again.body.contains("<Connect><Stream"), "{}", again.body);
    let counted = crate::stage::slots(server.client());
    assert_eq!(counted.standing(50).await.unwrap().live, 1);
}

#[actix_web::test]
async fn a_caller_whose_socket_breaks_is_asked_for_again() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, &program.url()).await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    talk.hears("start").await;
    drop(line);
    talk.hears("stop").await;
    let again = call.goes(&page.text("Redirect"), &[]).await;
    assert!(again.body.contains("<Connect><Stream"), "{}", again.body);
}
