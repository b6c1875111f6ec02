//! A row of the vault that was damaged while the product was down.

use rustix::process::Signal;
use serde_json::json;

use super::Stage;
use crate::outside::LONG;
use crate::outside::rows::{bytes, change};
use crate::story::{BUSINESS, CUSTOMERS, link_to};

/// The device's row of the session that is damaged.
const ROW: &str =
    "space = 'device' and session_id = (select id from sessions where name = 'Damaged')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_row_of_the_vault_fails_its_number_alone_and_nothing_is_written_over_it() {
    let [other, customer] = CUSTOMERS;
    let stage = Stage::new().await;
    let mut demo = stage.place.start().await;
    let damaged = link_to(&demo, "Damaged", BUSINESS).await;
    let whole = link_to(&demo, "Whole", other).await;
    demo.process.signal(Signal::TERM);
    assert!(demo.process.wait(LONG).success());

    let database = stage.place.data().join("switchyard.db");
    let select = format!("select sealed from vault where {ROW}");
    let good = bytes(&database, &select).await;
    // One bit of the sealed text, as a failing disk would leave it.
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(put(&database, &bad).await, 1);
    let offered = stage.network.log("qr_offered").await.len();

    let mut demo = stage.place.start().await;
    let row = demo.api.session_in(&damaged, "failed").await;
    assert_eq!(row["reason"], "vault_unreadable", "{row}");
    demo.api.session_in(&whole, "connected").await;
    let body = json!({ "session_id": whole, "to": customer, "text": "still here" });
    let sent = demo.api.post("/v1/messages", body).await;
    demo.api
        .message_is(sent["id"].as_str().unwrap(), "delivered")
        .await;

    // Asking again is no way round it: the keys are still there, and a new link would write over them.
    let path = format!("/v1/sessions/{damaged}");
    demo.api.post(&format!("{path}/connect"), json!({})).await;
    let answer = demo.api.get(&format!("{path}/qr?wait=3")).await;
    assert!(answer["qr"].is_null(), "a code was offered");
    let row = demo.api.session_in(&damaged, "failed").await;
    assert_eq!(row["reason"], "vault_unreadable", "{row}");
    assert_eq!(stage.network.log("qr_offered").await.len(), offered);
    demo.process.signal(Signal::TERM);
    assert!(demo.process.wait(LONG).success());
    assert_eq!(bytes(&database, &select).await, bad, "it was written over");

    // The row from a backup, and all is well, without a new code.
    assert_eq!(put(&database, &good).await, 1);
    let demo = stage.place.start().await;
    demo.api.session_in(&damaged, "connected").await;
    assert_eq!(stage.network.log("qr_offered").await.len(), offered);
}

async fn put(database: &std::path::Path, sealed: &[u8]) -> u64 {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    let hex: String = sealed
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect();
    let update = format!("update vault set sealed = x'{hex}' where {ROW}");
    change(database, &update).await
}
