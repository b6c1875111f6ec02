//! A holder that sleeps past its lease and wakes: what it held is not its own any more.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::report::Report;
use super::traffic::Traffic;
use super::{Stage, rounds};
use crate::outside::rows::number;
use crate::outside::{LONG, within};
use crate::story::CUSTOMERS;

/// A short lease, so that the test need not sleep long.
const LEASE_MS: u64 = 3_000;

/// The promise: connected again under a new epoch.
const AGAIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_slept_past_its_lease_takes_up_nothing_and_is_connected_anew() {
    let stage = Stage::new().await;
    let lease = LEASE_MS.to_string();
    let demo = stage
        .place
        .start_with(&[("SWITCHYARD_LEASE_MS", lease.as_str())])
        .await;
    crate::story::link(&demo).await;
    let traffic = Traffic::start(&demo.api, &stage.network);
    let offered = stage.network.log("qr_offered").await.len();
    for round in 0..rounds() {
        println!("paused, round {round}");
        let logins = stage.network.log("login").await;
        let before = epoch(&stage).await;
        demo.process.signal(Signal::STOP);
        // The pause itself is the fault: nothing can be waited for while the product stands still.
        tokio::time::sleep(Duration::from_millis(LEASE_MS + 500)).await;
        let woken = jiff::Timestamp::now();
        demo.process.signal(Signal::CONT);
        within(AGAIN, "a new login after the pause", || async {
            (stage.network.log("login").await.len() > logins.len()).then_some(())
        })
        .await;
        let old = logins.last().unwrap()["socket"].as_u64().unwrap();
        let heard = within(LONG, "the end of the old connection", || async {
            let ended = stage.network.log("ended").await;
            let ended = ended.into_iter().find(|line| line["socket"] == old)?;
            Some(ended["heard_at"].as_str().unwrap().to_owned())
        })
        .await;
        let heard: jiff::Timestamp = heard.parse().unwrap();
        assert!(
            heard < woken,
            "the woken holder wrote to its old connection at {heard}, {woken} it woke"
        );
        assert!(epoch(&stage).await > before, "the epoch is a new one");
    }
    let promised = traffic.end().await;
    let report = promised.compared(&demo.api, &stage.network).await;
    Report {
        fault: "paused past the lease".to_owned(),
        rounds: rounds(),
        codes: stage.network.log("qr_offered").await.len() - offered,
        ..report
    }
    .judged();
    let body = json!({ "to": CUSTOMERS[0], "text": "awake" });
    let last = demo.api.post("/v1/messages", body).await;
    within(LONG, "a message after the pause", || async {
        let message = demo
            .api
            .get(&format!("/v1/messages/{}", last["id"].as_str().unwrap()))
            .await;
        (message["status"] == "delivered").then_some(())
    })
    .await;
}

/// Of the only session's lease.
async fn epoch(stage: &Stage) -> i64 {
    let rows = stage.place.data().join("switchyard.db");
    number(&rows, "select epoch from session_leases").await
}
