//! Media streams: the business is connected with the caller, hears, speaks, marks, clears, and hangs up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_websockets::{Message, ServerBuilder};

use crate::business::{errors, network_with_business, ring};
use crate::client::PATIENCE;
use crate::judge::Judge;

/// A socket of the business that speaks 400 ms, marks, and says what it heard.
struct Agent {
    url: String,
    frames: Arc<Mutex<Vec<Value>>>,
    signature: Arc<Mutex<String>>,
}

/// What the agent says once the stream has started.
type Talk = fn(&str) -> Vec<Value>;

fn voice() -> Vec<u8> {
    (0..3_200_u32)
        .map(|n| u8::try_from(n % 200).expect("small"))
        .collect()
}

fn media(sid: &str, sound: &[u8]) -> Value {
    json!({ "event": "media", "streamSid": sid, "media": { "payload": STANDARD.encode(sound) } })
}

fn mark(sid: &str, name: &str) -> Value {
    json!({ "event": "mark", "streamSid": sid, "mark": { "name": name } })
}

/// The agent talks when the stream has started.
fn answer(frame: &Value, talk: Talk) -> Vec<Value> {
    if frame["event"] != "start" {
        return Vec::new();
    }
    talk(frame["streamSid"].as_str().expect("a name"))
}

impl Agent {
    /// Takes one socket, talks, and closes it when the mark `end` comes back or a digit 9 is pressed. The event `gone`
    /// stands for the end of the socket.
    async fn start(talk: Talk) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}/media", listener.local_addr().expect("an address"));
        let frames = Arc::new(Mutex::new(Vec::new()));
        let signature = Arc::new(Mutex::new(String::new()));
        let agent = Self {
            url,
            frames: Arc::clone(&frames),
            signature: Arc::clone(&signature),
        };
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a connection");
            let accepted = ServerBuilder::new().accept(stream).await;
            let (request, mut socket) = accepted.expect("a socket");
            let header = request.headers().get("x-twilio-signature");
            let header = header.and_then(|value| value.to_str().ok());
            let header = header.unwrap_or_default();
            header.clone_into(&mut signature.lock().expect("nobody failed"));
            while let Some(Ok(message)) = socket.next().await {
                let text = message.as_text().unwrap_or("null");
                let frame: Value = serde_json::from_str(text).expect("JSON");
                frames.lock().expect("nobody failed").push(frame.clone());
                for said in answer(&frame, talk) {
                    let sent = socket.send(Message::text(said.to_string()));
                    sent.await.expect("sent");
                }
                if frame["mark"]["name"] == "end" || frame["dtmf"]["digit"] == "9" {
                    socket.close().await.expect("closed");
                }
            }
            let gone = json!({ "event": "gone" });
            frames.lock().expect("nobody failed").push(gone);
        });
        agent
    }

    /// Waits for a frame.
    async fn wait(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = timeout(PATIENCE, async {
            loop {
                let frame = self.frames().into_iter().find(&wanted);
                if let Some(frame) = frame {
                    return frame;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        found.await.expect("in time")
    }

    fn frames(&self) -> Vec<Value> {
        self.frames.lock().expect("nobody failed").clone()
    }

    fn signature(&self) -> String {
        self.signature.lock().expect("nobody failed").clone()
    }
}

#[actix_web::test]
async fn a_business_talks_over_its_socket_and_the_ledger_has_what_was_heard() {
    let (network, control, business) = network_with_business().await;
    let agent = Agent::start(|sid| {
        let mut said = vec![media(sid, &voice()[..1_600]), mark(sid, "half")];
        said.extend([media(sid, &voice()[1_600..]), mark(sid, "end")]);
        said
    })
    .await;
    let mut judge = Judge::start().await;
    let document = judge
        .document(
            "stream",
            &agent.url.replace("ws", "http").replace("/media", ""),
        )
        .await;
    business.reply("/voice", 200, "text/xml", document);
    // The document's own address of what follows is the agent's; the fallback is the business's.
    business.twiml("/fallback", "<Say>resumed</Say>");
    let sid = ring(&control).await;
    let start = agent.wait(|frame| frame["event"] == "start").await;
    assert_eq!(start["start"]["callSid"], sid);
    assert_eq!(start["start"]["customParameters"]["tok"], "a\"b<c");
    assert_eq!(start["sequenceNumber"], "1");
    assert!(judge.takes(&agent.signature(), &agent.url, json!({})).await);
    let rows = control.call_ends(&sid, "completed").await;
    let end = rows
        .iter()
        .find(|row| row["event"] == "stopped")
        .expect("an end");
    assert_eq!(end["bytes_heard"], 3_200);
    let wanted = Sha256::digest(voice());
    let hex = |byte: &str| u8::from_str_radix(byte, 16).expect("a byte");
    let heard = end["heard_sha256"].as_str().expect("a hash").as_bytes();
    let heard: Vec<u8> = heard
        .chunks(2)
        .map(|two| hex(std::str::from_utf8(two).expect("ASCII")))
        .collect();
    assert_eq!(heard, wanted.to_vec());
    assert_eq!(end["marks"], 2);
    assert!(
        rows.iter()
            .any(|row| row["event"] == "closed" && row["by"] == "business")
    );
    assert!(rows.iter().any(|row| row["text"] == "resumed"));
    let frames = agent.frames();
    assert_eq!(frames[0]["event"], "connected");
    let media: Vec<_> = frames
        .iter()
        .filter(|frame| frame["event"] == "media")
        .collect();
    // 400 ms of sound take twenty frames; a busy machine may add some.
    assert!(media.len() >= 19, "{}", media.len());
    let sound = media[0]["media"]["payload"].as_str().expect("sound");
    assert_eq!(STANDARD.decode(sound).expect("base64").len(), 160);
    network.stop().await;
}

#[actix_web::test]
async fn what_the_caller_says_and_presses_reaches_the_business_and_clear_drops_what_waits() {
    let (network, control, business) = network_with_business().await;
    let agent = Agent::start(|sid| {
        let long = vec![0x7F; 80_000];
        vec![
            media(sid, &long),
            mark(sid, "never heard"),
            json!({ "event": "clear", "streamSid": sid }),
        ]
    })
    .await;
    let verbs = format!(
        "<Connect><Stream url=\"{}\"/></Connect><Say>after</Say>",
        agent.url
    );
    business.twiml("/voice", &verbs);
    let sid = ring(&control).await;
    agent
        .wait(|frame| frame["mark"]["name"] == "never heard")
        .await;
    control
        .post(
            &format!("/calls/{sid}/speak"),
            json!({ "text": "is anybody there" }),
        )
        .await;
    let silence = STANDARD.encode([0xFF; 160]);
    agent
        .wait(|frame| frame["event"] == "media" && frame["media"]["payload"] != silence.as_str())
        .await;
    control
        .post(&format!("/calls/{sid}/digits"), json!({ "digits": "59" }))
        .await;
    let digit = agent.wait(|frame| frame["event"] == "dtmf").await;
    assert_eq!(digit["dtmf"]["digit"], "5");
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows), Vec::<&Value>::new());
    assert!(rows.iter().any(|row| row["text"] == "after"));
    let end = rows
        .iter()
        .find(|row| row["event"] == "stopped")
        .expect("an end");
    assert!(end["bytes_dropped"].as_u64().expect("a count") > 60_000);
    assert!(end["bytes_spoken"].as_u64().expect("a count") > 0);
    network.stop().await;
}

#[actix_web::test]
async fn a_caller_who_hangs_up_stops_the_stream_and_what_breaks_the_protocol_is_an_error() {
    let (network, control, business) = network_with_business().await;
    let agent = Agent::start(|sid| {
        vec![
            json!({ "event": "media", "streamSid": sid, "media": { "payload": "", "extra": 1 } }),
            mark(sid, "seen"),
        ]
    })
    .await;
    business.twiml(
        "/voice",
        &format!("<Connect><Stream url=\"{}\"/></Connect>", agent.url),
    );
    let sid = ring(&control).await;
    agent.wait(|frame| frame["mark"]["name"] == "seen").await;
    control
        .post(&format!("/calls/{sid}/hangup"), json!({}))
        .await;
    let stop = agent.wait(|frame| frame["event"] == "stop").await;
    assert_eq!(stop["stop"]["callSid"], sid);
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows)[0]["code"], 31951);
    network.stop().await;
}

#[actix_web::test]
async fn a_socket_that_is_refused_or_cut_leads_to_the_next_verb() {
    let (network, control, business) = network_with_business().await;
    // Something that is no socket: the network's own port answers 404.
    let nothing = format!("ws://{}/nothing", network.addr());
    let verbs = format!(
        "<Connect><Stream url=\"{nothing}\" statusCallback=\"{{url}}/stream\"/></Connect><Say>sorry</Say>"
    );
    business.twiml("/voice", &verbs);
    business.reply("/stream", 204, "text/plain", "");
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows)[0]["code"], 31920);
    assert!(rows.iter().any(|row| row["text"] == "sorry"));
    assert_eq!(
        business.wait("/stream", 1).await.form["StreamEvent"],
        "stream-error"
    );

    let agent = Agent::start(|_| Vec::new()).await;
    control
        .fault(json!({ "kind": "media_cut", "ms": 100, "count": 1 }))
        .await;
    business.twiml(
        "/voice",
        &format!(
            "<Connect><Stream url=\"{}\"/></Connect><Say>cut</Say>",
            agent.url
        ),
    );
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows)[0]["code"], 31903);
    assert!(rows.iter().any(|row| row["text"] == "cut"));
    network.stop().await;
}

#[actix_web::test]
async fn a_stream_that_listens_in_hears_the_caller_while_the_next_verbs_go_on() {
    let (network, control, business) = network_with_business().await;
    let agent = Agent::start(|_| Vec::new()).await;
    let verbs = format!(
        "<Start><Stream name=\"tap\" url=\"{}\"/></Start><Gather timeout=\"60\"/><Stop><Stream name=\"tap\"/></Stop>",
        agent.url
    );
    business.twiml("/voice", &verbs);
    let sid = ring(&control).await;
    control.entry(&sid, "verb", "verb", json!("Gather")).await;
    control
        .post(
            &format!("/calls/{sid}/speak"),
            json!({ "text": "hello out there" }),
        )
        .await;
    let silence = STANDARD.encode([0xFF; 160]);
    agent
        .wait(|frame| frame["event"] == "media" && frame["media"]["payload"] != silence.as_str())
        .await;
    control
        .post(&format!("/calls/{sid}/hangup"), json!({}))
        .await;
    agent.wait(|frame| frame["event"] == "stop").await;
    network.stop().await;
}

#[actix_web::test]
async fn a_stream_is_unsigned_begins_without_its_start_or_loses_frames_on_purpose() {
    let (network, control, business) = network_with_business().await;
    let connect = |agent: &Agent| {
        let verbs = format!("<Connect><Stream url=\"{}\"/></Connect>", agent.url);
        business.twiml("/voice", &verbs);
    };
    let agent = Agent::start(|_| Vec::new()).await;
    connect(&agent);
    for kind in ["media_unsigned", "media_no_start", "media_gap"] {
        control.fault(json!({ "kind": kind, "count": 1 })).await;
    }
    let sid = ring(&control).await;
    let media = agent.wait(|frame| frame["event"] == "media").await;
    // The first frame was lost; its number is missing.
    assert_eq!(media["sequenceNumber"], "2");
    assert_eq!(media["media"]["chunk"], "2");
    assert_eq!(agent.signature(), "");
    let frames = agent.frames();
    assert!(frames.iter().all(|frame| frame["event"] != "start"));
    control
        .post(&format!("/calls/{sid}/hangup"), json!({}))
        .await;
    let rows = control.call_ends(&sid, "completed").await;
    let end = rows.iter().find(|row| row["event"] == "stopped");
    assert_eq!(end.expect("an end")["frames_lost"], 1);
    network.stop().await;
}

#[actix_web::test]
async fn a_stream_ends_without_its_stop_on_purpose() {
    let (network, control, business) = network_with_business().await;
    control
        .fault(json!({ "kind": "media_no_stop", "count": 1 }))
        .await;
    for is_told in [false, true] {
        let agent = Agent::start(|_| Vec::new()).await;
        let verbs = format!("<Connect><Stream url=\"{}\"/></Connect>", agent.url);
        business.twiml("/voice", &verbs);
        let sid = ring(&control).await;
        agent.wait(|frame| frame["event"] == "media").await;
        control
            .post(&format!("/calls/{sid}/hangup"), json!({}))
            .await;
        agent.wait(|frame| frame["event"] == "gone").await;
        let frames = agent.frames();
        let told = frames.iter().any(|frame| frame["event"] == "stop");
        assert_eq!(told, is_told, "{frames:?}");
    }
    network.stop().await;
}
