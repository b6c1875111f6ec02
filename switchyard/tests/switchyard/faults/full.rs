//! A disk without room under the running product: a limit on the size of its files, which needs no privilege.

use std::process::Command;

use reqwest::Method;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};

use super::Stage;
use crate::outside::place::{Demo, Place};
use crate::outside::process::Process;
use crate::outside::{LONG, until, within};
use crate::story::{BUSINESS, CUSTOMERS, link};

/// A shell that lets writes beyond the limit fail with an error rather than with a signal, as they do on a full
/// disk, keeps the log elsewhere, and becomes the product.
const SHELL: &str = r#"trap '' XFSZ; mkfifo "$0"; cat <"$0" >&2 & exec "$@" 2>"$0""#;

/// Starts the product so that [`allow`] bites.
async fn start(place: &Place) -> Demo {
    let product = place.command(&[]);
    let mut command = Command::new("sh");
    command
        .args(["-c", SHELL])
        .arg(place.folder().join("log"))
        .arg(product.get_program())
        .args(product.get_args());
    for (name, value) in product.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    place
        .ready(place.run(command), std::time::Instant::now())
        .await
}

/// How large a file of a running process may become; `None` lifts the limit.
fn allow(process: &Process, bytes: Option<u64>) {
    let pid = Pid::from_raw(process.id().try_into().unwrap());
    let maximum = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit {
        current: bytes.or(maximum),
        maximum,
    };
    prlimit(pid, Resource::Fsize, limit).unwrap();
}

fn text(text: &str) -> Value {
    json!({ "to": CUSTOMERS[0], "text": text })
}

async fn sent(demo: &Demo, words: &str) {
    let message = demo.api.post("/v1/messages", text(words)).await;
    let id = message["id"].as_str().unwrap();
    demo.api.message_is(id, "delivered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_takes_nothing_that_it_cannot_keep_and_mends_when_there_is_room() {
    let stage = Stage::new().await;
    let mut demo = start(&stage.place).await;
    let session = link(&demo).await;
    let offered = stage.network.log("qr_offered").await.len();
    sent(&demo, "before").await;

    allow(&demo.process, Some(0));
    for n in 0..20 {
        let body = text(&format!("refused {n}"));
        let answer = demo
            .api
            .attempt(Method::POST, "/v1/messages", Some(&body), None)
            .await;
        let (status, answer) = answer.unwrap();
        assert_eq!(status, 503, "{answer}");
        assert_eq!(answer["code"], "unavailable");
    }
    let inbound = "written while the disk was full";
    stage.network.write(CUSTOMERS[0], BUSINESS, inbound).await;
    let row = demo.api.session_in(&session, "failed").await;
    assert_eq!(row["reason"], "storage_full", "{row}");
    assert_eq!(demo.api.status("/health/ready").await, Some(503));
    assert_eq!(demo.api.status("/livez").await, Some(200));

    allow(&demo.process, None);
    demo.api.session_in(&session, "connected").await;
    sent(&demo, "after").await;
    let chat = demo.api.chat_with(CUSTOMERS[0]).await["id"].clone();
    let chat = chat.as_str().unwrap();
    let received = within(LONG, "what was written meanwhile", || async {
        let messages = demo.api.messages(chat).await;
        let inbound: Vec<_> = messages
            .into_iter()
            .filter(|message| message["direction"] == "inbound")
            .collect();
        (!inbound.is_empty()).then_some(inbound)
    })
    .await;
    assert_eq!(received.len(), 1, "{received:?}");
    assert_eq!(received[0]["text"], inbound);
    until("readiness", || async {
        (demo.api.status("/health/ready").await == Some(200)).then_some(())
    })
    .await;

    let ledger = stage.network.ledger(CUSTOMERS[0]).await;
    let ours = ledger.iter().filter(|row| row["from"] == BUSINESS);
    let ours: Vec<&str> = ours.filter_map(|row| row["text"].as_str()).collect();
    assert_eq!(ours, ["before", "after"]);
    assert_eq!(stage.network.log("qr_offered").await.len(), offered);
    assert!(demo.process.ended().is_none());
    let log = stage.place.log();
    assert!(!log.contains("panicked"), "{log}");
}
