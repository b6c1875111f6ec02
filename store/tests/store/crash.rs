//! A process that dies inside a group commit: what was answered is there, and of the rest nothing.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use store::{Engine, Store, StoreOptions, events, messages, sessions};
use switchyard_core::fail::FailPoints;
use switchyard_core::{BusinessId, MessageId};
use uuid::Uuid;

use crate::bench::{NOON, options};
use crate::messages::{new_message, object, phone};

/// Set for the process that is to die: the passage at which it does, and the database.
const CHILD: &str = "SWITCHYARD_STORE_TEST_CHILD";
const TEST: &str = "crash::what_was_answered_survives_a_death_inside_a_group_commit";

/// The same business in every process.
fn business() -> BusinessId {
    Uuid::from_u128(0x018f_3b9e_7c1a_7b2d_9e4f_0123_4567_89ab).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_death_inside_a_group_commit() {
    if let Ok(orders) = std::env::var(CHILD) {
        let (passage, path) = orders.split_once(' ').unwrap();
        return accept_until_death(passage, Path::new(path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchyard.db");
    let registry = prometheus::Registry::new();
    let store = Store::open_sqlite(&path, options(&registry)).await.unwrap();
    store.migrate().await.unwrap();
    sessions::create(&store, NOON, business(), "Front desk")
        .await
        .unwrap();
    store.close().await;
    let mut answered = Vec::new();
    for passage in [1, 2, 17, 64, 300] {
        answered.extend(death(passage, &path));
        check(&path, &answered).await;
    }
    assert!(
        answered.len() > 100,
        "only {} were answered",
        answered.len()
    );
}

/// Runs a process to its death; the messages that it was told are accepted.
fn death(passage: u32, path: &Path) -> Vec<MessageId> {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([TEST, "--exact", "--nocapture"])
        .env(CHILD, format!("{passage} {}", path.display()))
        .output()
        .unwrap();
    assert!(
        !child.status.success(),
        "it was to die at passage {passage}"
    );
    String::from_utf8(child.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("accepted "))
        .map(|id| id.parse().unwrap())
        .collect()
}

async fn accept_until_death(passage: &str, path: &Path) {
    let point = format!("in_group_commit:{passage}");
    let fail = FailPoints::parse(&point, || std::process::abort()).unwrap();
    let options = StoreOptions {
        fail: Arc::new(fail),
        registry: prometheus::Registry::new(),
        hints: false,
        answer: store::ANSWER,
    };
    let store = Store::open_sqlite(path, options).await.unwrap();
    let mut senders = tokio::task::JoinSet::new();
    for n in 0..32 {
        let store = store.clone();
        senders.spawn(async move {
            loop {
                let new = new_message(None, phone(&format!("9725000000{n:02}")), "hello");
                let accepted = messages::accept(&store, NOON, business(), new)
                    .await
                    .unwrap();
                println!("\naccepted {}", object(accepted).id);
            }
        });
    }
    senders.join_all().await;
}

/// Every answered message is there, none is torn, and events and places have no gap.
async fn check(path: &Path, answered: &[MessageId]) {
    let registry = prometheus::Registry::new();
    let store = Store::open_sqlite(path, options(&registry)).await.unwrap();
    for id in answered {
        let there = messages::get(&store, business(), *id).await.unwrap();
        assert!(there.is_some(), "{id} was answered and is gone");
    }
    let head = events::head(&store, business()).await.unwrap();
    let (mut cursor, mut told) = (0, 0);
    while cursor < head {
        let page = events::after(&store, business(), cursor, 200)
            .await
            .unwrap();
        told += page.events.len();
        cursor = page.next;
    }
    assert_eq!(i64::try_from(told).unwrap(), head);
    for (what, wrong) in [
        (
            "a message without its event",
            "select count(*) - ($1 - 1) from messages",
        ),
        (
            "a place that is missing",
            "select count(*) from chats c where $1 > 0 and c.last_position <>
                (select count(*) from messages m where m.chat_id = c.id)",
        ),
        (
            "a chat that nobody drains",
            "select count(*) - (select count(*) from jobs) from chats where $1 > 0",
        ),
    ] {
        assert_eq!(count(&store, wrong, head).await, 0, "{what}");
    }
    store.close().await;
}

async fn count(store: &Store, sql: &'static str, head: i64) -> i64 {
    let mut conn = store.read().await.unwrap();
    let Engine::Sqlite(connection) = conn.engine() else {
        panic!("this test is about SQLite");
    };
    let counted = sqlx::query_scalar(sql).bind(head).fetch_one(connection);
    counted.await.unwrap()
}
