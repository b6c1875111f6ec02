//! The provider's own library, unmodified and in its own process: it judges our signatures, and builds documents.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::business::{Asked, TOKEN, errors, network_with_business, ring};
use crate::client::PATIENCE;
use crate::peer;

/// The running library; it ends with its input.
pub(crate) struct Judge {
    _child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Judge {
    pub(crate) async fn start() -> Self {
        let mut child = peer::script("twilio", "judge.mjs")
            .await
            .spawn()
            .expect("node; install Node 20 or newer");
        let input = child.stdin.take().expect("a pipe");
        let output = child.stdout.take().expect("a pipe");
        Self {
            _child: child,
            input,
            lines: BufReader::new(output).lines(),
        }
    }

    async fn ask(&mut self, question: Value) -> Value {
        let line = format!("{question}\n");
        self.input
            .write_all(line.as_bytes())
            .await
            .expect("it listens");
        let answer = timeout(PATIENCE, self.lines.next_line()).await;
        let answer = answer
            .expect("in time")
            .expect("a line")
            .expect("it is alive");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Whether the library takes that signature for that URL.
    pub(crate) async fn takes(&mut self, signature: &str, url: &str, params: Value) -> bool {
        let question = json!({
            "validate": { "token": TOKEN, "signature": signature, "url": url, "params": params }
        });
        self.ask(question).await["valid"] == true
    }

    /// Whether the library takes that request.
    pub(crate) async fn trusts(&mut self, asked: &Asked) -> bool {
        self.takes(&asked.signature, &asked.url, json!(asked.form))
            .await
    }

    /// A document by the library's builder.
    pub(crate) async fn document(&mut self, which: &str, url: &str) -> String {
        let answer = self.ask(json!({ "twiml": which, "url": url })).await;
        answer["twiml"].as_str().expect("a document").to_owned()
    }
}

#[actix_web::test]
async fn twilios_own_library_takes_our_signatures_and_refuses_changed_requests() {
    let (network, control, business) = network_with_business().await;
    business.twiml(
        "/voice",
        "<Gather method=\"GET\" numDigits=\"1\" action=\"{url}/chosen?a=%20b&amp;c=1\"><Say>שלום</Say></Gather>",
    );
    business.twiml("/chosen", "<Hangup/>");
    let sid = ring(&control).await;
    control.entry(&sid, "said", "text", json!("שלום")).await;
    control
        .post(&format!("/calls/{sid}/digits"), json!({ "digits": "5" }))
        .await;
    control.call_ends(&sid, "completed").await;
    let mut judge = Judge::start().await;
    let voice = business.wait("/voice", 1).await;
    assert!(judge.trusts(&voice).await, "{voice:?}");
    let end = business.wait("/status", 1).await;
    assert!(judge.trusts(&end).await, "{end:?}");
    // A GET is signed with all of its query, and with nothing else.
    let chosen = business.wait("/chosen", 1).await;
    assert!(chosen.url.contains("Digits=5") && chosen.body.is_empty());
    assert!(judge.trusts(&chosen).await, "{chosen:?}");
    let mut changed = voice.clone();
    changed
        .form
        .insert("From".to_owned(), "+15559999999".to_owned());
    assert!(!judge.trusts(&changed).await);
    network.stop().await;
}

#[actix_web::test]
async fn parameters_that_nobody_knows_yet_are_signed_as_well() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Hangup/>");
    control
        .fault(json!({ "kind": "webhook_extra", "route": "voice", "count": 1 }))
        .await;
    ring(&control).await;
    let asked = business.wait("/voice", 1).await;
    let body = String::from_utf8(asked.body.clone()).expect("a form");
    assert_eq!(body.matches("ParameterOfTomorrow=second").count(), 2);
    let mut judge = Judge::start().await;
    let mut params = json!(asked.form);
    params["ParameterOfTomorrow"] = json!(["second", "first", "second"]);
    assert!(judge.takes(&asked.signature, &asked.url, params).await);
    network.stop().await;
}

#[actix_web::test]
async fn a_menu_of_twilios_own_builder_is_performed_without_an_error() {
    let (network, control, business) = network_with_business().await;
    let mut judge = Judge::start().await;
    let document = judge.document("menu", &business.url).await;
    business.reply("/voice", 200, "text/xml", document);
    business.twiml("/chosen", "<Hangup/>");
    let sid = ring(&control).await;
    control
        .entry(&sid, "said", "language", json!("he-IL"))
        .await;
    let speech = json!({ "text": "שתיים", "confidence": 0.5 });
    control.post(&format!("/calls/{sid}/speak"), speech).await;
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows), Vec::<&Value>::new());
    let chosen = business.wait("/chosen", 1).await;
    assert_eq!(chosen.form["SpeechResult"], "שתיים");
    assert_eq!(chosen.form["Confidence"], "0.5");
    network.stop().await;
}
