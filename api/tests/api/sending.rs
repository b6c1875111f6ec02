//! Messages, chats and contacts: accepted once, listed, marked read.

use reqwest::Method;
use serde_json::{Value, json};
use switchyard_core::permission::Scope;

use crate::app::{Answer, Client, TestApp};

async fn send(client: &Client, key: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, "/v1/messages").json(body);
    Answer::of(request.header("idempotency-key", key)).await
}

async fn number(client: &Client, name: &str) -> String {
    let made = client.post("/v1/sessions", &json!({"name": name})).await;
    made.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_accepted_once_however_often_it_is_asked_for() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let owner = app.user(&ada.user).await;
    let (_, robot) = app.key(ada.business, &Scope::ALL).await;
    number(&owner, "Front desk").await;
    let body = json!({"to": "+972501234567", "text": "שלום"});
    let asks = (0..8).map(|_| {
        let (robot, body) = (robot.clone(), body.clone());
        tokio::spawn(async move { send(&robot, "order-7", &body).await })
    });
    let mut ids = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        let answer = ask.await.unwrap();
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        ids.push(answer.body["id"].as_str().unwrap().to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let spaced = json!({"text": "שלום", "to": "+972501234567"});
    assert_eq!(
        send(&robot, "order-7", &spaced).await.body["id"],
        ids[0].as_str()
    );
    let nul = json!({"to": "+972501234567", "text": "a\0b"});
    let refused = send(&robot, "order-8", &nul).await;
    assert_eq!((refused.status, refused.code()), (400, "invalid_request"));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("U+0000"), "{detail}");
    let other = send(
        &robot,
        "order-7",
        &json!({"to": "+972501234567", "text": "other"}),
    )
    .await;
    assert_eq!((other.status, other.code()), (422, "idempotency_mismatch"));
    let by_hand = send(&owner, "order-7", &body).await;
    assert_ne!(
        by_hand.body["id"],
        ids[0].as_str(),
        "a key belongs to whoever used it"
    );
    assert_eq!(by_hand.body["source"], "dashboard");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_is_read_from_its_newest_message() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    number(&client, "Front desk").await;
    let mut sent = Vec::new();
    for text in ["one", "two"] {
        let body = json!({"to": "+972501234567", "text": text});
        sent.push(client.post("/v1/messages", &body).await.body);
    }
    let id = sent[0]["id"].as_str().unwrap();
    let message = client.get(&format!("/v1/messages/{id}")).await.body;
    assert_eq!(
        (message["status"].as_str(), message["to"].as_str()),
        (Some("queued"), Some("+972501234567"))
    );
    let path = format!(
        "/v1/chats/{}/messages?limit=1",
        sent[0]["chat_id"].as_str().unwrap()
    );
    let newest = client.get(&path).await.body;
    assert_eq!(newest["data"][0]["text"], "two");
    let cursor = newest["next_cursor"].as_str().unwrap();
    let older = client.get(&format!("{path}&cursor={cursor}")).await.body;
    assert_eq!(older["data"][0]["text"], "one");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_sent_is_refused_with_its_code() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    let to = "+972501234567";
    let none = client
        .post("/v1/messages", &json!({"to": to, "text": "a"}))
        .await;
    assert_eq!((none.status, none.code()), (422, "session_required"));
    number(&client, "one").await;
    let second = number(&client, "two").await;
    let cases = [
        (json!({"to": to, "text": "a"}), 422, "session_required"),
        (json!({"to": "abc", "text": "a"}), 422, "invalid_recipient"),
        (
            json!({"to": "123-456@g.us", "text": "a"}),
            422,
            "unsupported_kind",
        ),
        (json!({"to": to, "text": "  "}), 400, "invalid_request"),
        (
            json!({"to": to, "text": "x".repeat(4_097)}),
            400,
            "invalid_request",
        ),
        (
            json!({"to": to, "text": "a", "expires_in": 59}),
            400,
            "invalid_request",
        ),
        (
            json!({"to": to, "text": "a", "media": {}}),
            400,
            "invalid_request",
        ),
        (
            json!({"to": to, "text": "a", "session_id": "ses_00000000000000000000000000000000"}),
            404,
            "not_found",
        ),
        (
            json!({"to": to, "text": "a", "session_id": "rubbish"}),
            400,
            "invalid_request",
        ),
    ];
    for (body, status, code) in cases {
        let refused = client.post("/v1/messages", &body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (status, code),
            "{body}: {:?}",
            refused.body
        );
    }
    let longest = json!({"to": to, "text": "ש".repeat(4_096), "session_id": second});
    assert_eq!(client.post("/v1/messages", &longest).await.status, 202);
    for key in ["", " ", &"k".repeat(256)] {
        assert_eq!(send(&client, key, &longest).await.code(), "invalid_request");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_and_contacts_are_found_by_name_and_number() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    let session = number(&client, "Front desk").await;
    for to in ["+972501111111", "+972502222222", "+972503333333"] {
        let sent = client
            .post("/v1/messages", &json!({"to": to, "text": "hello"}))
            .await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
    }
    let chats = client.get("/v1/chats").await.body;
    let phones: Vec<&str> = chats["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["phone"].as_str().unwrap())
        .collect();
    assert_eq!(phones, ["+972503333333", "+972502222222", "+972501111111"]);
    assert_eq!(chats["data"][0]["last_message"]["text"], "hello");
    let found = client.get("/v1/chats?q=502222").await.body;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        client.get("/v1/chats?unread=true").await.body["data"],
        json!([])
    );
    let of_number = client
        .get(&format!("/v1/chats?session_id={session}&limit=2"))
        .await
        .body;
    assert!(of_number["next_cursor"].is_string());
    assert_eq!(
        client.get("/v1/chats?cursor=rubbish").await.code(),
        "invalid_request"
    );

    let id = chats["data"][0]["id"].as_str().unwrap();
    assert_eq!(
        client.get(&format!("/v1/chats/{id}")).await.body["phone"],
        "+972503333333"
    );
    let read = client
        .post(&format!("/v1/chats/{id}/read"), &json!({}))
        .await;
    assert_eq!((read.status, read.body["unread"].as_i64()), (200, Some(0)));
    let contacts = client.get("/v1/contacts?q=503333").await.body;
    let contact = contacts["data"][0]["id"].as_str().unwrap();
    assert_eq!(
        client.get(&format!("/v1/contacts/{contact}")).await.body["phone"],
        "+972503333333"
    );
    app.end().await;
}
