//! A client of the event stream that goes away and comes back: it misses nothing and sees nothing twice, however long
//! it was away, whatever was written meanwhile and whatever became of the process that it listened to.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::outside::api::Api;
use crate::outside::cluster::Cluster;
use crate::outside::place::Place;
use crate::outside::{LONG, rows};

/// How many write at once.
const WRITERS: usize = 10;

/// Messages of one writer during one absence: each tells one event.
const MESSAGES: usize = 12;

/// An open stream, and what of it is not a whole event yet.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(api: &Api, last: i64) -> Self {
        Self {
            response: api.resumed(last).await,
            text: String::new(),
        }
    }
}

/// A client that keeps what it has seen, as an integrator's would.
struct Client {
    seen: Vec<i64>,
    ids: Vec<String>,
}

impl Client {
    /// From the first event on.
    fn new() -> Self {
        Self {
            seen: Vec::new(),
            ids: Vec::new(),
        }
    }

    fn cursor(&self) -> i64 {
        self.seen.last().copied().unwrap_or(0)
    }

    fn keep(&mut self, event: &Value) {
        self.seen.push(event["seq"].as_i64().unwrap());
        self.ids.push(event["id"].as_str().unwrap().to_owned());
    }

    /// Comes back by `Last-Event-ID` and listens until it has seen number `head`; a stream that breaks is opened again.
    async fn listens(&mut self, api: &Api, head: i64) {
        while self.cursor() < head {
            let mut stream = Stream::open(api, self.cursor()).await;
            self.hears(&mut stream, head).await;
        }
    }

    /// Listens to one stream until it has seen number `head`, or the stream breaks.
    async fn hears(&mut self, stream: &mut Stream, head: i64) {
        while self.cursor() < head {
            let chunk = tokio::time::timeout(LONG, stream.response.chunk()).await;
            let chunk = chunk.expect("nothing came");
            let Ok(Some(chunk)) = chunk else {
                return;
            };
            stream.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((block, _)) = stream.text.split_once("\n\n") {
                assert!(!block.contains("event: reset"), "the cursor was given up");
                let data = block.lines().find_map(|line| line.strip_prefix("data: "));
                if let Some(data) = data {
                    self.keep(&serde_json::from_str(data).unwrap());
                }
                let end = block.len() + 2;
                stream.text.drain(..end);
            }
        }
    }

    /// Comes back by cursor and reads pages until there are no more.
    async fn reads(&mut self, api: &Api) {
        loop {
            let cursor = self.cursor();
            let page = api
                .get(&format!("/v1/events?after={cursor}&limit=37"))
                .await;
            let events = page["data"].as_array().unwrap();
            for event in events {
                self.keep(event);
            }
            if events.is_empty() {
                return;
            }
        }
    }

    /// Every number once, in order, and every id once.
    fn judged(mut self, head: i64, what: &str) {
        let all: Vec<i64> = (1..=head).collect();
        assert_eq!(self.seen, all, "{what}: missed, doubled or out of order");
        self.ids.sort();
        self.ids.dedup();
        assert_eq!(i64::try_from(self.ids.len()).unwrap(), head, "{what}: ids");
        println!("{what}: {head} events, each seen once");
    }
}

/// The number of the newest event.
async fn head(api: &Api) -> i64 {
    let mut after = 0;
    loop {
        let page = api
            .get(&format!("/v1/events?after={after}&limit=200"))
            .await;
        let next: i64 = page["next_cursor"].as_str().unwrap().parse().unwrap();
        if next == after {
            return after;
        }
        after = next;
    }
}

/// Ten writers at once; each message of a number that is not linked waits, and tells that it does.
async fn write(api: &Api, session: &str, round: usize) {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (api, session) = (api.clone(), session.to_owned());
        writers.spawn(async move {
            for number in 0..MESSAGES {
                let to = format!("+4477009{:05}", round * 1_000 + writer * 50 + number);
                let body = json!({ "session_id": session, "to": to, "text": "told" });
                api.post("/v1/messages", body).await;
            }
        });
    }
    writers.join_all().await;
}

/// How long an absence of a minute takes: `cargo xtask faults` waits it out, other runs pass over it, since nothing in
/// the product counts this time: what counts is what happens meanwhile.
fn minute() -> Duration {
    if env::var_os("SWITCHYARD_FAULT_REPORT").is_some() {
        Duration::from_mins(1)
    } else {
        Duration::ZERO
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_away_misses_nothing_on_sqlite() {
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let mut demo = place.start().await;
    let session = demo.api.new_session("Front desk").await;
    let (mut by_stream, mut by_cursor) = (Client::new(), Client::new());

    // Not away at all: it listens while ten write.
    let mut writing = tokio::spawn({
        let (api, session) = (demo.api.clone(), session.clone());
        async move { write(&api, &session, 0).await }
    });
    let first = 1 + i64::try_from(WRITERS * MESSAGES).unwrap();
    by_stream.listens(&demo.api, first).await;
    (&mut writing).await.unwrap();

    // A minute: more is written, and the process is killed and comes back at another address.
    write(&demo.api, &session, 1).await;
    tokio::time::sleep(minute()).await;
    demo.process.kill();
    // An hour: compressed by moving the times of all events an hour back, which is all that retention looks at.
    let aged = "update events set at = at - 3600000";
    assert!(rows::change(&place.data().join("switchyard.db"), aged).await > 0);
    let demo = place.start().await;
    write(&demo.api, &session, 2).await;
    let head = head(&demo.api).await;
    by_stream.listens(&demo.api, head).await;
    by_cursor.reads(&demo.api).await;
    by_stream.judged(head, "SQLite, by stream");
    by_cursor.judged(head, "SQLite, by cursor");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_away_misses_nothing_on_postgres() {
    let mut cluster = Box::pin(Cluster::start(&[])).await;
    let session = cluster.api.new_session("Front desk").await;
    let mut by_stream = Client::new();
    let writing = Arc::new(AtomicBool::new(true));

    // It listens while ten write, and its process is killed under it: the writers' answers may break, so they ask a
    // second API that lives on.
    let first = cluster.beside(0).await;
    let others = cluster.key_at(&first);
    let writers = tokio::spawn({
        let (api, session, writing) = (others.clone(), session.clone(), Arc::clone(&writing));
        async move {
            let mut round = 0;
            while writing.load(Ordering::Relaxed) {
                write(&api, &session, round).await;
                round += 1;
            }
        }
    });
    let part = i64::try_from(WRITERS * MESSAGES).unwrap() / 2;
    let mut stream = Stream::open(&cluster.key_at(&cluster.roles[0]), 0).await;
    by_stream.hears(&mut stream, part).await;
    cluster.roles[0].process.kill();
    by_stream.hears(&mut stream, i64::MAX).await;
    cluster.again(0).await;
    by_stream
        .listens(&cluster.api, by_stream.cursor() + part)
        .await;

    // A minute away while they write on, then an hour, compressed as above.
    tokio::time::sleep(minute()).await;
    writing.store(false, Ordering::Relaxed);
    writers.await.unwrap();
    cluster.postgres.sql("update events set at = at - 3600000");
    write(&cluster.api, &session, 90).await;
    let head = head(&cluster.api).await;
    by_stream.listens(&cluster.api, head).await;
    by_stream.judged(head, "Postgres, by stream");
    let mut by_cursor = Client::new();
    by_cursor.reads(&cluster.api).await;
    by_cursor.judged(head, "Postgres, by cursor");
}
