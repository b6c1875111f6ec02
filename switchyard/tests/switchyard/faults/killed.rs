//! `kill -9` under a stream both ways, at random moments and at the named points.

use std::ops::Range;
use std::time::Duration;

use rand::RngExt;

use super::report::Report;
use super::traffic::Traffic;
use super::{Stage, rounds};
use crate::outside::LONG;
use crate::outside::place::Demo;

/// A random moment within this is when the process dies.
const LIFE_MS: Range<u64> = 200..1_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_process_is_killed_at_any_moment() {
    let stage = Stage::new().await;
    let (mut demo, session) = stage.linked().await;
    let offered = stage.network.log("qr_offered").await.len();
    let traffic = Traffic::start(&demo.api, &stage.network);
    for round in 0..rounds() {
        let life = Duration::from_millis(rand::rng().random_range(LIFE_MS));
        tokio::time::sleep(life).await;
        demo.process.kill();
        demo = stage.place.start().await;
        println!(
            "killed at any moment, round {round}: after {life:?}, ready after {:?}",
            demo.ready_after
        );
        traffic.now_at(&demo.api);
    }
    demo.api.session_in(&session, "connected").await;
    judge(&stage, &demo, traffic, "killed at any moment", offered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_process_dies_between_a_send_and_its_commit() {
    dies_at("after_send", 10..60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_process_dies_between_an_inbound_commit_and_its_acknowledgement()
 {
    dies_at("after_inbound_commit", 10..60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_process_dies_inside_a_group_commit() {
    dies_at("in_group_commit", 10..400).await;
}

/// The product kills itself at that point, each time after some more passages, and is started again.
async fn dies_at(point: &str, passages: Range<u64>) {
    let stage = Stage::new().await;
    let (mut demo, session) = stage.linked().await;
    let offered = stage.network.log("qr_offered").await.len();
    let traffic = Traffic::start(&demo.api, &stage.network);
    for round in 0..rounds() {
        demo.process.kill();
        let n = rand::rng().random_range(passages.clone());
        demo = die(&stage, &traffic, &format!("{point}:{n}")).await;
        println!(
            "{point}, round {round}: at passage {n}, ready after {:?}",
            demo.ready_after
        );
    }
    demo.api.session_in(&session, "connected").await;
    judge(&stage, &demo, traffic, point, offered).await;
}

/// Ends the traffic and compares the ledgers; `offered` codes were offered before the fault.
async fn judge(stage: &Stage, demo: &Demo, traffic: Traffic, fault: &str, offered: usize) {
    let promised = traffic.end().await;
    let report = promised.compared(&demo.api, &stage.network).await;
    Report {
        fault: fault.to_owned(),
        rounds: rounds(),
        codes: stage.network.log("qr_offered").await.len() - offered,
        ..report
    }
    .judged();
}

/// Starts a process that will die at a point, waits for its death, and starts one that lives.
async fn die(stage: &Stage, traffic: &Traffic, fail: &str) -> Demo {
    let environment = [("SWITCHYARD_FAIL", fail)];
    // It may die before it is ready: the point can be passed as soon as its sessions are connected.
    let mut dying = stage.place.spawn(&environment);
    if let Some(api) = stage.place.api_of(&mut dying).await {
        traffic.now_at(&api);
    }
    let status = dying.wait(LONG);
    assert!(
        status.code().is_none(),
        "it ended by itself: {status}\n{}",
        stage.place.log()
    );
    let demo = stage.place.start().await;
    traffic.now_at(&demo.api);
    demo
}
