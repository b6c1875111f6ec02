//! One Idempotency-Key, many requests at once: one message, one arrival, and the same bytes for everybody.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::outside::api::Api;
use crate::outside::cluster::Cluster;
use crate::outside::network::Network;
use crate::outside::place::Place;
use crate::story::CUSTOMERS;

/// How many ask at once.
const ASKING: usize = 50;

/// Everybody asks for the same message; later, when it was delivered, somebody asks again.
async fn one_effect(api: &Api, network: &Network, session: &str) {
    let text = "exactly once";
    let body = json!({ "session_id": session, "to": CUSTOMERS[0], "text": text });
    let mut asking = JoinSet::new();
    for _ in 0..ASKING {
        let (api, body) = (api.clone(), body.clone());
        asking.spawn(async move { api.told("/v1/messages", &body, "order-17").await });
    }
    let answers = asking.join_all().await;
    let (status, first) = answers[0].clone();
    assert_eq!(status, 202, "{first}");
    for answer in &answers {
        assert_eq!(answer, &answers[0], "answers differ");
    }
    let message: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(message["status"], "queued");
    let id = message["id"].as_str().unwrap();
    api.message_is(id, "delivered").await;
    let again = api.told("/v1/messages", &body, "order-17").await;
    assert_eq!(again, (status, first), "the answer is still the same");

    let chat = message["chat_id"].as_str().unwrap();
    let rows = api.messages(chat).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let ledger = network.ledger(CUSTOMERS[0]).await;
    let shown: Vec<&Value> = ledger.iter().filter(|row| row["text"] == text).collect();
    assert_eq!(shown.len(), 1, "{ledger:?}");
    assert_eq!(
        (&shown[0]["arrivals"], &shown[0]["shown"], &shown[0]["id"]),
        (&json!(1), &json!(1), &message["wa_id"])
    );

    let other = json!({ "session_id": session, "to": CUSTOMERS[0], "text": "another" });
    let (status, refused) = api.told("/v1/messages", &other, "order-17").await;
    assert_eq!(status, 422, "{refused}");
    assert!(refused.contains("idempotency_mismatch"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_with_one_key_are_one_message_on_sqlite() {
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let demo = place.start().await;
    let session = crate::story::link(&demo).await;
    one_effect(&demo.api, &demo.network, &session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_with_one_key_are_one_message_on_postgres() {
    let cluster = Box::pin(Cluster::start(&[])).await;
    let session = crate::roles::link(&cluster).await;
    one_effect(&cluster.api, &cluster.network, &session).await;
}
