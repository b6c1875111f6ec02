//! The main job, end to end: link a number, talk both ways, stop, start, and talk on.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::outside::LONG;
use crate::outside::place::{Demo, Place};

/// The phones that a demo starts with, in digits: the business's own, and two customers.
pub(crate) const BUSINESS: &str = "447700900100";
pub(crate) const CUSTOMERS: [&str; 2] = ["447700900201", "447700900202"];

/// Links a new session to the business's phone.
pub(crate) async fn link(demo: &Demo) -> String {
    link_to(demo, "Front desk", BUSINESS).await
}

/// Links a new session with that name to a phone.
pub(crate) async fn link_to(demo: &Demo, name: &str, phone: &str) -> String {
    let session = demo.api.new_session(name).await;
    let qr = demo.api.qr(&session).await;
    demo.network.scan(phone, &qr).await;
    demo.api.session_in(&session, "connected").await;
    session
}

/// A question of the customer and an answer of ours, until it is read; the chat's id.
async fn conversation(demo: &Demo, customer: &str) -> String {
    demo.network
        .write(customer, BUSINESS, "Are you open on Sunday?")
        .await;
    let chat = demo.api.chat_with(customer).await;
    let chat_id = chat["id"].as_str().unwrap().to_owned();
    let inbox = demo.api.messages(&chat_id).await;
    assert_eq!(inbox.len(), 1, "{inbox:?}");
    assert_eq!(inbox[0]["text"], "Are you open on Sunday?");
    assert_eq!(inbox[0]["direction"], "inbound");

    let answer = demo
        .api
        .post(
            "/v1/messages",
            json!({ "to": customer, "text": "כן, עד שש" }),
        )
        .await;
    let answer_id = answer["id"].as_str().unwrap();
    let row = demo.network.shows(customer, "כן, עד שש").await;
    assert_eq!((&row["shown"], &row["from"]), (&json!(1), &json!(BUSINESS)));
    assert_eq!(row["id"], answer["wa_id"]);
    demo.api.message_is(answer_id, "delivered").await;
    demo.network.read(customer, BUSINESS).await;
    let read = demo.api.message_is(answer_id, "read").await;
    assert!(read["sent_at"].is_string() && read["delivered_at"].is_string());
    chat_id
}

#[tokio::test]
async fn a_number_is_linked_talks_both_ways_and_comes_back_without_a_new_code() {
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let mut demo = place.start().await;
    let session = link(&demo).await;
    let customer = CUSTOMERS[0];

    let chat = conversation(&demo, customer).await;

    let offered = demo.network.log("qr_offered").await.len();
    demo.process.signal(Signal::TERM);
    assert!(demo.process.wait(Duration::from_secs(10)).success());

    let demo = place.start().await;
    demo.api.session_in(&session, "connected").await;
    assert_eq!(
        demo.network.log("qr_offered").await.len(),
        offered,
        "a new code was asked for"
    );
    let kept = demo.api.messages(&chat).await;
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1]["status"], "read");

    let next = demo
        .api
        .post(
            "/v1/messages",
            json!({ "to": customer, "text": "And Monday" }),
        )
        .await;
    demo.api
        .message_is(next["id"].as_str().unwrap(), "delivered")
        .await;
    demo.network.write(customer, BUSINESS, "Thanks").await;
    crate::outside::within(LONG, "the second inbound message", || async {
        let messages = demo.api.messages(&chat).await;
        messages
            .iter()
            .any(|message| message["text"] == "Thanks")
            .then_some(())
    })
    .await;
    let shown: Vec<_> = demo.network.ledger(customer).await;
    let once = shown
        .iter()
        .filter(|row| row["text"] == "And Monday")
        .count();
    assert_eq!(once, 1, "{shown:?}");
}

#[tokio::test]
async fn a_message_for_a_number_that_is_not_connected_waits_for_the_connection() {
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let demo = place.start().await;
    let session = link(&demo).await;
    demo.api
        .post(&format!("/v1/sessions/{session}/disconnect"), json!({}))
        .await;
    demo.api.session_in(&session, "disconnected").await;
    let body = json!({ "to": CUSTOMERS[1], "text": "Your table is ready" });
    let message = demo.api.post("/v1/messages", body).await;
    assert_eq!(message["status"], "queued");
    demo.api
        .post(&format!("/v1/sessions/{session}/connect"), json!({}))
        .await;
    demo.api
        .message_is(message["id"].as_str().unwrap(), "delivered")
        .await;
    let row = demo
        .network
        .shows(CUSTOMERS[1], "Your table is ready")
        .await;
    assert_eq!(row["shown"], 1);
}

#[tokio::test]
async fn no_phone_no_text_no_key_and_no_token_is_in_the_log() {
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let environment = [
        ("SWITCHYARD_LOG", "trace"),
        ("SWITCHYARD_SETUP_TOKEN", "canary-setup-token"),
    ];
    let mut demo = place.start_with(&environment).await;
    link(&demo).await;
    conversation(&demo, CUSTOMERS[0]).await;
    demo.process.signal(Signal::TERM);
    demo.process.wait(LONG);
    let log = place.log();
    let secret = |name: &str| demo.file[name].as_str().unwrap().to_owned();
    let key = std::fs::read_to_string(place.data().join("master.key")).unwrap();
    let canaries = [
        secret("api_key"),
        secret("password"),
        key.trim().to_owned(),
        "canary-setup-token".to_owned(),
        BUSINESS.to_owned(),
        CUSTOMERS[0].to_owned(),
        "Are you open on Sunday?".to_owned(),
        "כן, עד שש".to_owned(),
    ];
    for (index, canary) in canaries.iter().enumerate() {
        let line = log.lines().find(|line| line.contains(canary.as_str()));
        assert!(line.is_none(), "canary {index}: {}", line.unwrap());
    }
}
