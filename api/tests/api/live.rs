//! Events: by cursor, and as a live stream that resumes where it broke off.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use store::sweeps;
use switchyard_core::Timestamp;
use switchyard_core::permission::Scope;
use tokio::time::timeout;

use crate::app::{Client, PATIENCE, TestApp};

/// A live stream, read block by block.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(client: &Client, query: &str, last: Option<i64>) -> Self {
        let mut request = client.request(Method::GET, &format!("/v1/events/stream{query}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let text = String::new();
        let mut stream = Self { response, text };
        assert!(
            stream.block().await.unwrap().contains("retry:"),
            "it opens at once"
        );
        stream
    }

    /// The next block; `None` when the stream ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = timeout(PATIENCE, self.response.chunk())
                .await
                .expect("nothing came");
            self.text
                .push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    /// The next event, with its id.
    async fn event(&mut self) -> (i64, Value) {
        loop {
            let block = self.block().await.expect("the stream ended");
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(id), Some(data)) = (field("id: "), field("data: ")) {
                return (id.parse().unwrap(), serde_json::from_str(data).unwrap());
            }
        }
    }
}

async fn number(client: &Client, name: &str) {
    let made = client.post("/v1/sessions", &json!({"name": name})).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_replayed_from_a_cursor_without_a_gap() {
    let app = TestApp::start().await;
    let client = app.user(&app.business("ada@example.com").await.user).await;
    for name in ["a", "b", "c"] {
        number(&client, name).await;
    }
    let first = client.get("/v1/events?limit=2").await.body;
    let seqs = |page: &Value| -> Vec<i64> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["seq"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(
        (seqs(&first), first["next_cursor"].as_str()),
        (vec![1, 2], Some("2"))
    );
    assert_eq!(first["data"][0]["type"], "session.status");
    assert_eq!(first["data"][0]["data"]["name"], "a");
    let rest = client.get("/v1/events?after=2").await.body;
    assert_eq!(
        (seqs(&rest), rest["next_cursor"].as_str()),
        (vec![3], Some("3"))
    );
    let end = client.get("/v1/events?after=3").await.body;
    assert_eq!(
        (seqs(&end), end["next_cursor"].as_str()),
        (vec![], Some("3"))
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_beyond_the_newest_event_is_refused_and_an_unreadable_one_too() {
    let app = TestApp::start().await;
    let client = app.user(&app.business("ada@example.com").await.user).await;
    number(&client, "one").await;
    let refused = client.get("/v1/events?after=2").await;
    assert_eq!(
        (refused.status, refused.body["code"].as_str()),
        (410, Some("cursor_expired"))
    );
    let mut live = Stream::open(&client, "?after=900", None).await;
    let reset = live.block().await.unwrap();
    assert!(
        reset.contains("event: reset") && reset.contains("id: 1"),
        "{reset}"
    );
    number(&client, "two").await;
    assert_eq!(live.event().await.0, 2);
    let unreadable = client
        .request(Method::GET, "/v1/events/stream")
        .header("last-event-id", "seven");
    assert_eq!(unreadable.send().await.unwrap().status(), 400);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_stream_begins_now_and_resumes_where_it_broke_off() {
    let app = TestApp::start().await;
    let client = app.user(&app.business("ada@example.com").await.user).await;
    number(&client, "before").await;
    let mut live = Stream::open(&client, "", None).await;
    number(&client, "while").await;
    let (id, event) = live.event().await;
    assert_eq!(
        (id, event["seq"].as_i64(), event["data"]["name"].as_str()),
        (2, Some(2), Some("while"))
    );
    drop(live);
    number(&client, "away").await;
    let mut resumed = Stream::open(&client, "?after=0", Some(id)).await;
    assert_eq!(
        resumed.event().await.1["data"]["name"],
        "away",
        "the header goes before the query"
    );
    let mut all = Stream::open(&client, "?after=0", None).await;
    assert_eq!(all.event().await.0, 1);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_soon_after_its_person_signed_out() {
    let app = TestApp::start().await;
    let client = app.user(&app.business("ada@example.com").await.user).await;
    let mut live = Stream::open(&client, "", None).await;
    assert_eq!(client.post("/v1/auth/logout", &json!({})).await.status, 204);
    assert_eq!(timeout(PATIENCE, live.block()).await.unwrap(), None);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sixth_stream_is_refused_and_all_end_when_the_process_stops() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let (_, key) = app.key(ada.business, &[Scope::EventsRead]).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(Stream::open(&key, "", None).await);
    }
    let sixth = key.get("/v1/events/stream").await;
    assert_eq!((sixth.status, sixth.code()), (429, "too_many_requests"));
    app.stop.cancel();
    for mut stream in open {
        assert_eq!(timeout(PATIENCE, stream.block()).await.unwrap(), None);
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_is_too_old_is_told_so() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let (_, key) = app.key(ada.business, &Scope::ALL).await;
    for name in ["a", "b", "c"] {
        number(&key, name).await;
    }
    let later = Timestamp::now().plus(Duration::from_hours(8 * 24));
    while sweeps::prune(&app.store, later).await.unwrap() > 0 {}
    let old = key.get("/v1/events?after=1").await;
    assert_eq!((old.status, old.code()), (410, "cursor_expired"));
    assert_eq!(
        key.get("/v1/events?after=0").await.status,
        200,
        "0 is the oldest that is kept"
    );
    let mut live = Stream::open(&key, "?after=1", None).await;
    let reset = live.block().await.unwrap();
    assert!(
        reset.contains("event: reset") && reset.contains("id: 3"),
        "{reset}"
    );
    number(&key, "d").await;
    assert_eq!(live.event().await.0, 4, "it goes on from now");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_its_client_closed_makes_room_at_once() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let (_, key) = app.key(ada.business, &[Scope::EventsRead]).await;
    let metrics = || {
        let families = app.registry.gather();
        let open = families
            .iter()
            .find(|it| it.name() == "switchyard_live_streams");
        open.unwrap().get_metric()[0].get_gauge().get_value()
    };
    for _ in 0..4 {
        let mut pages = Vec::new();
        for _ in 0..5 {
            // A connection of its own, which ends with it, as a page that is left does.
            let page = app.anonymous().with(key.bearer.as_ref().unwrap());
            pages.push(Stream::open(&page, "", None).await);
        }
        drop(pages);
        // Far less than the 15 s after which a comment would have found out.
        timeout(Duration::from_secs(5), async {
            while metrics() > 0.0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the streams of closed connections stay open");
    }
    app.end().await;
}
