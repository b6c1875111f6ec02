//! Replicas whose clocks are ten minutes apart: leases go by the clock of Redis, so that no line is given twice and none is
//! lost; a media socket comes with a ticket, which counts for nothing where its times are too far off.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use switchyard_core::Timestamp;

use super::hall::{Hall, STREAMS, TALKS};
use super::{all_stay, in_seconds, judged, scale};
use crate::outside::{until, within};

/// Replicas whose clocks are wrong, and by how much; the third one's is right.
const OFF: [(&str, &str, i64); 2] = [("calls-1", "-5m", -300_000), ("calls-2", "+5m", 300_000)];
/// As near to it as a line of a log that was written a while ago comes.
const ABOUT_MS: i64 = 100_000;
/// How long a slot lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(20);
/// Lines of the installation.
const LINES: u32 = 30;
/// Calls that stay, and calls at sockets.
const STAY: usize = 15;
const AT_SOCKETS: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_whose_clocks_are_ten_minutes_apart_keep_to_their_lines_and_lose_no_call() {
    let scale = scale();
    let hall = Box::pin(Hall::start(LINES, &own())).await;
    for (name, _, off) in OFF {
        assert_clock(&hall, name, off);
        forget(&hall, name);
    }
    hall.count_anew().await;
    let staying = hall.fill(STAY, TALKS, "dial").await;
    hall.storm(scale.per_second, scale.seconds, scale.stays)
        .await;
    hall.calm().await;
    hall.agrees(scale.right).await;
    // Whatever is held now was renewed, by each clock.
    tokio::time::sleep(LEASE + Duration::from_secs(2)).await;
    all_stay(&hall, &staying).await;
    hall.agrees(scale.right).await;
    assert_eq!(counted(&hall, LOST).await, 0, "slots lapsed in hand");
    hall.crowd(usize::try_from(LINES).unwrap()).await;
    judged(&hall, "clocks ten minutes apart", LINES, "").await;
    for sid in hall.taken().await {
        if !staying.contains(&sid) {
            hall.hang_up(&sid).await;
        }
    }
    hall.agrees(scale.right).await;

    Box::pin(at_sockets(&hall)).await;
    let right = hall.agrees(scale.right).await;
    all_stay(&hall, &staying).await;
    judged(&hall, "the same, at sockets", LINES, "").await;

    // The calls of the one that is ahead go on with the other two.
    let ahead = OFF[1].0;
    let name = hall.named(ahead);
    tokio::task::block_in_place(|| hall.cluster.kill(ahead).unwrap());
    within(scale.right, "its calls are adopted", || async {
        let held = hall.holders().await?;
        let is_held = |sid: &String| {
            let mut held = held.iter();
            held.any(|it| it.id == *sid && it.owner != name && it.owner_lives)
        };
        staying.iter().all(is_held).then_some(())
    })
    .await;
    all_stay(&hall, &staying).await;
    let more = format!("slots right after sockets in {}", in_seconds(right));
    judged(&hall, "the same, and a replica killed", LINES, &more).await;
    hall.empty(scale.right).await;
}

/// Callers who are led to a socket. Where the page and the socket are of different replicas it is refused, and the caller is
/// asked for again and in the end bidden goodbye; where they are of one it is taken.
async fn at_sockets(hall: &Hall) {
    let sids = hall.place(AT_SOCKETS, STREAMS).await;
    until("each is at a socket, or was bidden goodbye", || async {
        let held = hall.holders().await?;
        let taken = hall.taken().await;
        let is_settled = |sid: &String| {
            let mut held = held.iter();
            !taken.contains(sid) || held.any(|it| it.id == *sid && it.phase == "streaming")
        };
        sids.iter().all(is_settled).then_some(())
    })
    .await;
    let refused = counted(hall, EARLY).await + counted(hall, LAPSED).await;
    assert!(refused > 0, "no socket came to another clock than its page");
    let taken = hall.taken().await;
    assert!(
        sids.iter().any(|sid| taken.contains(sid)),
        "no socket came to the clock of its page"
    );
    for sid in &sids {
        let ledger = hall.ledger(sid, 0).await;
        let is_failure = |row: &&Value| row["status"].as_u64().is_some_and(|it| it >= 500);
        assert_eq!(ledger.iter().find(is_failure), None);
        hall.hang_up(sid).await;
    }
}

const LOST: &str = "switchyard_call_leases_total{found=\"lost\"}";
const EARLY: &str = "switchyard_call_sockets_refused_total{why=\"early\"}";
const LAPSED: &str = "switchyard_call_sockets_refused_total{why=\"lapsed\"}";

/// The sum over the replicas.
async fn counted(hall: &Hall, metric: &str) -> usize {
    let mut sum = 0;
    for name in hall.replicas() {
        sum += hall.metric(&name, metric).await.unwrap_or_default();
    }
    sum
}

/// The settings by which replicas have another clock than this machine. What measures spans goes on as it does.
fn own() -> Vec<(&'static str, &'static str, String)> {
    let asked = Command::new("faketime")
        .args(["-m", "-f", "+0", "printenv", "LD_PRELOAD"])
        .output()
        .expect("no faketime: run these tests with `cargo xtask test`, which installs it");
    let library = String::from_utf8(asked.stdout).unwrap().trim().to_owned();
    assert!(!library.is_empty(), "faketime does not say where it is");
    let of_one = |(name, off, _)| {
        [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME", off),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
        .map(|(setting, value)| (name, setting, value.to_owned()))
    };
    OFF.into_iter().flat_map(of_one).collect()
}

/// What a replica writes into its log says that its clock is off.
fn assert_clock(hall: &Hall, name: &str, off: i64) {
    let entry = hall.cluster.book().entry(name).unwrap();
    let log = std::fs::read_to_string(&entry.log).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let said: Timestamp = serde_json::from_value(last["timestamp"].clone()).unwrap();
    let is = said.ms() - Timestamp::now().ms();
    assert!((is - off).abs() < ABOUT_MS, "{name} is off by {is} ms");
}

/// What faketime would share with processes that a replica starts outlives one that is killed, unless it is removed.
fn forget(hall: &Hall, name: &str) {
    let pid = hall.cluster.book().entry(name).unwrap().pid;
    for kind in ["faketime_shm", "sem.faketime_sem"] {
        std::fs::remove_file(format!("/dev/shm/{kind}_{pid}")).ok();
    }
}
