//! Baileys, a client that we did not write, unmodified and in its own process.

use std::path::Path;

use serde_json::{Value, json};
use switchyard_sim::{Network, NetworkOptions};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;
use whatsapp_rust::Jid;

use crate::client::PATIENCE;
use crate::control::{Control, network};
use crate::peer;

/// What starts a line that is meant for us; the client's libraries print others.
const PREFIX: &str = "@switchyard ";

/// The root that WhatsApp itself uses, which Baileys trusts when nobody tells it otherwise.
const WHATSAPP_ROOT: &str = "142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b";

/// A running Baileys.
struct Stranger {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Stranger {
    async fn start(network: &Network, root: &str, state: &Path) -> Self {
        let mut child = peer::script("baileys", "driver.mjs")
            .await
            .args([network.whatsapp_url().as_str(), root])
            .arg(state)
            .spawn()
            .expect("node; install Node 20 or newer");
        let input = child.stdin.take().expect("a pipe");
        let output = child.stdout.take().expect("a pipe");
        Self {
            child,
            input,
            lines: BufReader::new(output).lines(),
        }
    }

    async fn say(&mut self, command: Value) {
        self.input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .expect("it listens");
    }

    /// Waits for an event that has that field.
    async fn wait(&mut self, field: &str) -> Value {
        let found = timeout(PATIENCE, async {
            loop {
                let line = self
                    .lines
                    .next_line()
                    .await
                    .expect("a line")
                    .expect("it is alive");
                let Some(event) = line.strip_prefix(PREFIX) else {
                    continue;
                };
                let event: Value = serde_json::from_str(event).expect("JSON");
                assert!(event["error"].is_null(), "{event}");
                if !event[field].is_null() {
                    return event;
                }
            }
        });
        found
            .await
            .unwrap_or_else(|_| panic!("Baileys does not tell of {field} in time"))
    }

    async fn stop(mut self) {
        self.say(json!({ "stop": true })).await;
        self.child.wait().await.expect("its end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn baileys_checks_our_certificates_links_and_talks_with_whatsapp_rust() {
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    control.phone("15550003", "Stranger").await;
    let mut shop = control.linked(&network, "15550001").await;
    let root = control.root().await;
    let state = tempfile::tempdir().expect("a folder");
    let mut stranger = Stranger::start(&network, &root, state.path()).await;
    let code = stranger.wait("qr").await["qr"]
        .as_str()
        .expect("a code")
        .to_owned();
    control.scan("15550003", &code).await;
    stranger.wait("open").await;

    talk(&control, &mut shop, &mut stranger, "before").await;
    stranger.say(json!({ "reconnect": true })).await;
    stranger.wait("open").await;
    talk(&control, &mut shop, &mut stranger, "after").await;

    for phone in ["15550001", "15550003"] {
        let rows = control.ledger(phone, |rows| rows.len() == 4).await;
        let well = |row: &Value| row["shown"] == 1 && row["undecryptable"] == 0;
        assert!(rows.iter().all(well), "{rows:#?}");
    }
    stranger.stop().await;
    shop.stop().await;
    network.stop().await;
}

/// A text each way.
async fn talk(
    control: &Control,
    shop: &mut crate::client::TestClient,
    stranger: &mut Stranger,
    when: &str,
) {
    let question = format!("question {when}");
    let send = json!({ "send": { "to": "15550001@s.whatsapp.net", "text": question } });
    stranger.say(send).await;
    stranger.wait("sent").await;
    assert_eq!(shop.texts(1).await, [question.as_str()]);
    let answer = format!("answer {when}");
    shop.client
        .send_text(Jid::pn("15550003"), answer.as_str())
        .await
        .expect("sent");
    assert_eq!(stranger.wait("text").await["text"], answer.as_str());
    let arrived = |rows: &[Value]| rows.iter().any(|row| row["text"] == answer.as_str());
    control.ledger("15550003", arrived).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baileys_turns_away_from_a_network_with_another_root() {
    let network = Network::start(NetworkOptions::default())
        .await
        .expect("a network");
    let state = tempfile::tempdir().expect("a folder");
    let mut stranger = Stranger::start(&network, WHATSAPP_ROOT, state.path()).await;
    stranger.wait("closed").await;
    assert!(
        Control::of(&network)
            .get("/network/log?kind=qr_offered")
            .await
            .is_empty()
    );
    stranger.stop().await;
    network.stop().await;
}
