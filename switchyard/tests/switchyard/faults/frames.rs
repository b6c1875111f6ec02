//! A network that talks nonsense: frames that cannot be opened, hold nothing, never end or break off.

use std::time::Duration;

use serde_json::json;

use super::Stage;
use crate::outside::within;
use crate::story::{BUSINESS, CUSTOMERS, link_to};

/// Somebody who writes to all numbers.
const WRITER: &str = "447700900299";

/// A deaf connection is found so when no sign of life comes within 20 s after 30 s of silence, give or take a fifth.
const NOTICED: Duration = Duration::from_secs(90);

/// Ten frames of 16 MiB would add up to 160 MiB if they stayed. The allocator keeps some of what it had for one: 32 to
/// 61 MB were seen after four.
const MEMORY: u64 = 96 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_nonsense_cost_their_number_a_connection_at_most_and_no_memory() {
    let stage = Stage::new().await;
    let mut demo = stage.place.start().await;
    stage.network.add(WRITER).await;
    let phones = [BUSINESS, CUSTOMERS[0], CUSTOMERS[1]];
    let mut sessions = Vec::new();
    for phone in phones {
        sessions.push(link_to(&demo, phone, phone).await);
    }
    let offered = stage.network.log("qr_offered").await.len();
    let before = demo.process.memory();

    // A stanza that is none is passed over, and the connection goes on.
    let odd = json!({ "kind": "bad_stanza", "phone": phones[0], "count": 1 });
    let logins = stage.network.log("login").await.len();
    stage.network.fault(odd).await;
    arrives(&stage, &demo, phones[0], "after an odd stanza").await;
    assert_eq!(stage.network.log("login").await.len(), logins);

    // Frames that break off, at every number, a few times over; each time the pause before the next dial is longer.
    for _ in 0..3 {
        let logins = stage.network.log("login").await.len();
        for phone in phones {
            let huge = json!({ "kind": "huge_frame", "phone": phone, "count": 1 });
            stage.network.fault(huge).await;
            let cut = json!({ "kind": "cut", "phone": phone, "count": 1, "ms": 50 });
            stage.network.fault(cut).await;
        }
        within(NOTICED, "new logins", || async {
            (stage.network.log("login").await.len() >= logins + phones.len()).then_some(())
        })
        .await;
    }
    // One that cannot be opened, and one that never ends: nothing can be read after them.
    for (phone, kind) in [(phones[1], "bad_frame"), (phones[2], "huge_frame")] {
        let fault = json!({ "kind": kind, "phone": phone, "count": 1 });
        stage.network.fault(fault).await;
    }
    assert!(stage.network.hits().await.iter().all(|hits| *hits == 1));
    tokio::join!(
        arrives(&stage, &demo, phones[0], "after broken frames"),
        arrives(&stage, &demo, phones[1], "after a damaged frame"),
        arrives(&stage, &demo, phones[2], "after an endless frame"),
    );

    for session in &sessions {
        demo.api.session_in(session, "connected").await;
    }
    let after = demo.process.memory();
    println!("memory: {before} bytes before, {after} after");
    assert!(after < before + MEMORY, "{before} → {after}");
    assert_eq!(stage.network.log("qr_offered").await.len(), offered);
    assert!(demo.process.ended().is_none());
    let log = stage.place.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Somebody writes to a number, and the text comes through.
async fn arrives(stage: &Stage, demo: &crate::outside::place::Demo, to: &str, text: &str) {
    stage.network.write(WRITER, to, text).await;
    within(NOTICED, text, || async {
        for chat in demo.api.chats().await {
            let chat = chat["id"].as_str().unwrap_or_default().to_owned();
            let messages = demo.api.messages(&chat).await;
            if messages.iter().any(|message| message["text"] == text) {
                return Some(());
            }
        }
        None
    })
    .await;
}
