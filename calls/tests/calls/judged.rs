//! Every document that callers are answered, built again by the provider's own library from the same inputs: both are
//! the same XML, and the library knows every name in it.

use std::collections::BTreeMap;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::caller::{Answer, Caller, FROM};
use crate::peer;
use crate::stage::{Replica, SHOP, Stage};

/// What a text may hold, and what must not become an element or an attribute.
const HOSTILE: &str = "שלום & <Hangup/> \"ברוכים\" 'הבאים' ]]> &amp; 😀";
/// Whoever tells of a state tells it again for so long.
const TOLD: &str = "#rc=5&rp=all&ct=2000&rt=3000";
const TUNE: &str = "https://shop.example.test/hello.wav?a=1&b=%22x%22";
const AGENT: &str = "wss://agent.example.test/take?a=1&b=2";

/// What is said in one language by the platform itself.
struct Spoken {
    language: &'static str,
    tag: &'static str,
    whisper: &'static str,
    thanks: &'static str,
    goodbye: &'static str,
}

const SPOKEN: [Spoken; 2] = [
    Spoken {
        language: "he",
        tag: "he-IL",
        whisper: "שיחה בשבילך. יש להקיש 1 כדי לקבל אותה.",
        thanks: "תודה רבה ולהתראות.",
        goodbye: "מצטערים, לא נוכל להמשיך בשיחה. להתראות.",
    },
    Spoken {
        language: "en",
        tag: "en-US",
        whisper: "A call for you. Press 1 to take it.",
        thanks: "Thank you. Goodbye.",
        goodbye: "We are sorry, we cannot go on with your call. Goodbye.",
    },
];

/// Documents with what the library is to make of the same inputs.
struct Case {
    spoken: &'static Spoken,
    stage: Stage,
    replica: Replica,
    pairs: Vec<(String, Value)>,
}

impl Case {
    async fn new(spoken: &'static Spoken) -> Self {
        let stage = Stage::new().await;
        let replica = stage.replica();
        Self {
            spoken,
            stage,
            replica,
            pairs: Vec::new(),
        }
    }

    fn pair(&mut self, answer: &Answer, elements: Value) {
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.pairs.push((answer.body.clone(), elements));
    }

    fn caller(&self, sid: &str) -> Caller {
        self.replica.caller(&self.stage, sid)
    }

    /// A call that has pressed that digit in the menu.
    async fn pressed(&self, sid: &str, digit: &str) -> (Caller, Answer) {
        let call = self.caller(sid);
        call.rings().await;
        let page = call
            .goes(&self.at("step", 2, "menu"), &[("Digits", digit)])
            .await;
        (call, page)
    }

    /// The address of a route, with where in the first version of the flow the call stands.
    fn at(&self, route: &str, page: u32, node: &str) -> String {
        format!("{}?v=1&p={page}&n={node}&r=0", self.route(route))
    }

    fn route(&self, route: &str) -> String {
        format!(
            "{}/twilio/{}/{route}",
            self.replica.url, self.stage.business
        )
    }

    fn say(&self, text: &str) -> Value {
        json!(["Say", {"language": self.spoken.tag}, text])
    }

    fn gather(&self, action: &str, timeout: u32, text: &str) -> Value {
        json!(["Gather", {
            "action": action, "method": "POST", "input": "dtmf", "numDigits": 1, "timeout": timeout, "finishOnKey": "",
        }, [self.say(text)]])
    }

    fn dial(&self, node: &str, caller_id: &str, target: &str, whisper: Option<&str>) -> Value {
        // Whoever is not asked first has answered by picking up: the address says where.
        let told = match whisper {
            Some(_) => self.route("status"),
            None => self.at("status", 3, node),
        };
        let mut number = json!({
            "statusCallback": format!("{told}{TOLD}"), "statusCallbackMethod": "POST",
            "statusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        });
        if let Some(url) = whisper {
            number["url"] = json!(url);
            number["method"] = json!("POST");
        }
        json!(["Dial", {
            "action": self.at("step", 3, node), "method": "POST", "timeout": 25, "timeLimit": 14_400,
            "callerId": caller_id,
        }, [["Number", number, target]]])
    }

    /// A greeting, a menu, somebody who is rung and asked, a message, and the end.
    async fn is_led_through(&mut self) {
        let call = self.caller("CA1");
        let menu = self.at("step", 2, "menu");
        let expected = json!([
            self.say(HOSTILE), ["Play", {}, TUNE], self.gather(&menu, 7, "1 < 2 & 3"),
            ["Redirect", {"method": "POST"}, menu],
        ]);
        self.pair(&call.rings().await, expected);
        let ring = self.at("step", 3, "ring");
        let (ask, accept) = (
            format!("{ring}&whisper=ask"),
            format!("{ring}&whisper=answer"),
        );
        let expected = json!([self.dial("ring", FROM, "+15550003333", Some(&ask))]);
        self.pair(&call.goes(&menu, &[("Digits", "1")]).await, expected);
        let leg = [("ParentCallSid", "CA1"), ("CallSid", "CA9")];
        let expected = json!([
            self.gather(&accept, 8, self.spoken.whisper),
            ["Hangup", {}, []]
        ]);
        self.pair(&call.goes(&ask, &leg).await, expected);
        let yes = [leg[0], leg[1], ("Digits", "1")];
        self.pair(&call.goes(&accept, &yes).await, json!([]));
        self.pair(&call.goes(&accept, &leg).await, json!([["Hangup", {}, []]]));
        let left = self.at("step", 4, "vm");
        let expected = json!([self.say("דברו & \"סיימו\""), ["Record", {
            "action": left, "method": "POST", "maxLength": 60, "timeout": 5, "finishOnKey": "#", "playBeep": true,
            "recordingStatusCallback": format!("{}{TOLD}", self.route("recording")),
            "recordingStatusCallbackMethod": "POST", "recordingStatusCallbackEvent": ["completed", "absent"],
        }, []]]);
        let missed = [("DialCallStatus", "no-answer")];
        self.pair(&call.goes(&ring, &missed).await, expected);
        let expected = json!([self.say(self.spoken.thanks), ["Hangup", {}, []]]);
        self.pair(
            &call.goes(&left, &[("RecordingSid", "RE1")]).await,
            expected,
        );
    }

    /// The other ways out of the menu, and what is answered where there is no way on.
    async fn ends_otherwise(&mut self) {
        let (call, desk) = self.pressed("CA2", "2").await;
        let expected = json!([self.dial("desk", SHOP, "+15550004444", None)]);
        self.pair(&desk, expected);
        let talked = [("DialCallStatus", "completed")];
        let over = call.goes(&self.at("step", 3, "desk"), &talked).await;
        self.pair(&over, json!([["Hangup", {}, []]]));

        let (_, agent) = self.pressed("CA3", "3").await;
        let ticket = agent.parameters()["tok"].clone();
        let socket = self.replica.url.replace("http://", "ws://");
        let parameter =
            |name: &str, value: &str| json!(["Parameter", {"name": name, "value": value}, []]);
        let expected = json!([
            ["Connect", {}, [["Stream", {
                "url": format!("{socket}/twilio/stream"), "statusCallbackMethod": "POST",
                "statusCallback": format!("{}{TOLD}", self.route("stream-status")),
            }, [
                parameter("business", &self.stage.business.to_string()), parameter("node", "agent"),
                parameter("version", "1"), parameter("page", "2"), parameter("tok", &ticket),
            ]]]],
            ["Redirect", {"method": "POST"}, self.at("resume", 3, "agent")],
        ]);
        self.pair(&agent, expected);

        let (_, bye) = self.pressed("CA4", "4").await;
        let pieces = [700, 700, 100].map(|letters| self.say(&"ש".repeat(letters)));
        let [first, second, third] = pieces;
        self.pair(&bye, json!([first, second, third, ["Hangup", {}, []]]));

        let call = self.caller("CA5");
        call.rings().await;
        let lost = call.goes(&self.at("step", 2, "nowhere"), &[]).await;
        self.pair(
            &lost,
            json!([self.say(self.spoken.goodbye), ["Hangup", {}, []]]),
        );
        let full = self.fallback("CA6").await;
        self.pair(&full, json!([self.say(HOSTILE), ["Hangup", {}, []]]));
    }

    async fn fallback(&self, sid: &str) -> Answer {
        let form = [("CallStatus", "ringing"), ("ErrorCode", "11200")];
        self.caller(sid).asks("fallback", &form).await
    }
}

fn flow(language: &str) -> Value {
    json!({
        "language": language, "time_zone": "Asia/Jerusalem",
        "entry": {"open": "greet", "closed": "greet", "capacity": {"kind": "say", "text": HOSTILE}},
        "nodes": {
            "greet": {"kind": "say", "text": HOSTILE, "next": "tune"},
            "tune": {"kind": "play", "url": TUNE, "next": "menu"},
            "menu": {"kind": "menu", "prompt": "1 < 2 & 3", "timeout_s": 7, "no_input": "vm",
                "options": {"1": "ring", "2": "desk", "3": "agent", "4": "bye"}},
            "ring": {"kind": "dial", "targets": ["+15550003333"], "ring_s": 25, "whisper": true, "no_answer": "vm"},
            "desk": {"kind": "dial", "targets": ["+15550004444"], "ring_s": 25, "caller_id": "business",
                "no_answer": "vm"},
            "agent": {"kind": "bridge", "url": AGENT, "done": "bye", "failed": "vm"},
            "vm": {"kind": "voicemail", "prompt": "דברו & \"סיימו\"", "max_s": 60},
            "bye": {"kind": "hangup", "text": "ש".repeat(1_500)},
        },
    })
}

/// What the library makes of each, in order.
async fn built(questions: impl Iterator<Item = &Value>) -> Vec<Value> {
    let mut child = peer::script("twilio", "judge.mjs").await.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for elements in questions {
        let line = format!("{}\n", json!({ "build": elements }));
        input.write_all(line.as_bytes()).await.unwrap();
    }
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "the library gave up");
    let text = String::from_utf8(output.stdout).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
    answers.collect()
}

#[actix_web::test]
async fn every_document_is_what_the_providers_own_library_builds_from_the_same_inputs() {
    for spoken in &SPOKEN {
        let mut case = Case::new(spoken).await;
        // A business that has not said what callers hear when there is no line.
        let busy = Case::new(spoken).await.fallback("CA0").await;
        case.pair(&busy, json!([["Reject", {"reason": "busy"}, []]]));
        case.stage.flow(flow(spoken.language)).await;
        case.is_led_through().await;
        case.ends_otherwise().await;
        let answers = built(case.pairs.iter().map(|(_, elements)| elements)).await;
        assert_eq!(answers.len(), case.pairs.len());
        for ((ours, _), theirs) in case.pairs.iter().zip(answers) {
            assert_eq!(plain(ours), plain(theirs["twiml"].as_str().unwrap()));
            assert_eq!(theirs["unknown"], json!([]), "{ours}");
        }
    }
}

#[actix_web::test]
async fn an_attribute_that_the_library_does_not_declare_is_found() {
    let elements =
        json!([["Gather", {"numDigits": 1, "digits": 1}, [["Say", {"tongue": "he"}, "שלום"]]]]);
    let answers = built([&elements].into_iter()).await;
    assert_eq!(
        answers[0]["unknown"],
        json!(["Gather.digits", "Say.tongue"])
    );
    assert_ne!(
        plain("<Response><Say language=\"he-IL\">a</Say></Response>"),
        plain("<Response><Say>a</Say></Response>")
    );
}

/// A document in one spelling: attributes by their names, what is escaped as it is meant, one part a line.
fn plain(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let mut parts: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Text(some) => text.push_str(&some.xml10_content()),
            Event::GeneralRef(some) => text.push_str(&meant(some)),
            _ if !text.is_empty() => parts.push(std::mem::take(&mut text)),
            _ => {}
        }
        match &event {
            Event::Start(start) => parts.push(opened(start)),
            Event::Empty(start) => parts.extend([opened(start), "end".to_owned()]),
            Event::End(_) => parts.push("end".to_owned()),
            Event::Eof => return parts,
            _ => {}
        }
    }
}

fn opened(start: &BytesStart<'_>) -> String {
    let attributes: BTreeMap<String, String> = start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
            (attribute.key.as_ref().to_owned(), value.into_owned())
        })
        .collect();
    format!("{} {attributes:?}", start.name().as_ref())
}

fn meant(reference: &BytesRef<'_>) -> String {
    if let Some(character) = reference.resolve_char_ref().unwrap() {
        return character.to_string();
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_xml_entity(&name)
        .unwrap()
        .to_owned()
}
