//! The code to scan: by long poll, as text and as pictures, for those alone who may link a number.

use std::time::{Duration, Instant};

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::leases::{self, Registration};
use store::links::{self, LinkAttempt};
use store::{Held, sessions};
use switchyard_core::reason::SessionReason;
use switchyard_core::session::SessionState;
use switchyard_core::{SessionId, Timestamp};

use crate::app::{Answer, Client, TestApp};

/// A number that this test holds as its shard would.
struct Number {
    held: Held,
    path: String,
}

async fn number(app: &TestApp, client: &Client) -> Number {
    let made = client
        .post("/v1/sessions", &json!({"name": "Front desk"}))
        .await;
    let id: SessionId = made.body["id"].as_str().unwrap().parse().unwrap();
    let registration = Registration {
        number: 1,
        url: "http://127.0.0.1:1".to_owned(),
        capacity: 10,
        lease: Duration::from_mins(1),
    };
    let shard = leases::register(&app.store, Timestamp::now(), registration)
        .await
        .unwrap();
    let held = leases::take(&app.store, shard, id).await.unwrap().unwrap();
    let path = format!("/v1/sessions/{id}/qr");
    Number { held, path }
}

async fn state(app: &TestApp, held: &Held, state: SessionState, reason: Option<SessionReason>) {
    sessions::set_state(&app.store, Timestamp::now(), held, state, reason, None)
        .await
        .unwrap();
}

async fn show(app: &TestApp, held: &Held, code: &str, codes_left: u32) {
    let attempt = LinkAttempt {
        method: links::Method::Qr,
        state: SessionState::AwaitingScan,
        payload: SecretString::from(code),
        expires_at: Timestamp::now().plus(Duration::from_secs(20)),
        codes_left,
    };
    links::put(&app.keys, held, attempt).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_answers_at_each_new_code_and_at_the_end() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    let Number { held, path } = number(&app, &client).await;
    let before = client.get(&path).await;
    assert_eq!(
        (before.body["state"].as_str(), &before.body["qr"]),
        (Some("created"), &Value::Null)
    );
    assert_eq!(before.header("cache-control"), "no-store");

    state(&app, &held, SessionState::AwaitingScan, None).await;
    show(&app, &held, "2@first", 5).await;
    let first = client.get(&format!("{path}?wait=25")).await;
    assert_eq!(
        (first.body["qr"].as_str(), first.body["codes_left"].as_i64()),
        (Some("2@first"), Some(5))
    );
    let tag = first.header("etag").to_owned();
    assert!(!tag.contains("2@first"));

    let (waiting, url) = (client.clone(), format!("{path}?wait=20&after={tag}"));
    let poll = tokio::spawn(async move { waiting.get(&url).await });
    let asked = Instant::now();
    show(&app, &held, "2@second", 4).await;
    let second = poll.await.unwrap();
    assert_eq!(second.body["qr"], "2@second");
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    let tag = second.header("etag").to_owned();
    let same = client.get(&format!("{path}?wait=0&after={tag}")).await;
    assert_eq!((same.status, same.header("etag")), (200, tag.as_str()));

    links::end(&app.store, &held).await.unwrap();
    state(
        &app,
        &held,
        SessionState::Disconnected,
        Some(SessionReason::LinkExpired),
    )
    .await;
    let end = client.get(&format!("{path}?wait=20&after={tag}")).await;
    assert_eq!(
        (end.body["reason"].as_str(), &end.body["qr"]),
        (Some("link_expired"), &Value::Null)
    );
    assert_eq!(
        client.get(&format!("{path}?wait=26")).await.code(),
        "invalid_request"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_drawn_as_the_client_asks() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    let Number { held, path } = number(&app, &client).await;
    let picture = |kind: &'static str| client.request(Method::GET, &path).header("accept", kind);
    assert_eq!(
        Answer::of(picture("image/png")).await.code(),
        "no_code_to_scan"
    );
    state(&app, &held, SessionState::AwaitingScan, None).await;
    show(&app, &held, "2@code", 5).await;
    let svg = Answer::of(picture("image/svg+xml")).await;
    assert_eq!(
        (svg.status, svg.header("content-type")),
        (200, "image/svg+xml")
    );
    assert!(svg.body.as_str().unwrap().contains("<svg"));
    let png = picture("image/png,*/*;q=0.5").send().await.unwrap();
    assert_eq!(
        (
            png.headers()["content-type"].to_str().unwrap(),
            png.headers()["cache-control"].to_str().unwrap()
        ),
        ("image/png", "no-store")
    );
    assert!(png.bytes().await.unwrap().starts_with(b"\x89PNG"));

    let agent = app.user(&app.agent(ada.business).await).await;
    assert_eq!(agent.get(&path).await.code(), "forbidden");
    let events = client.get("/v1/events").await.body.to_string();
    assert!(!events.contains("2@code"), "a code is in no event");
    app.end().await;
}
