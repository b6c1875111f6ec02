//! Every fault that strikes a connection: the client is disconnected, or stays, and the network goes
//! on for everybody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchyard_sim::{Network, NetworkOptions};

use crate::client::TestClient;
use crate::control::Control;

async fn network_with_shop() -> (Network, Control, TestClient) {
    let network = Network::start(NetworkOptions::default())
        .await
        .expect("a network");
    let control = Control::of(&network);
    control.phone("15550001", "Shop").await;
    control.phone("15550002", "Customer").await;
    let shop = control.linked(&network, "15550001").await;
    (network, control, shop)
}

async fn add(control: &Control, fault: Value) -> String {
    let (status, answer) = control.post("/network/faults", fault).await;
    assert_eq!(status, 201, "{answer}");
    format!("/network/faults/{}", answer["id"])
}

/// Strikes the only client and waits until it is back.
async fn strike(control: &Control, shop: &mut TestClient, mut fault: Value) {
    fault["count"] = json!(1);
    fault["phone"] = json!("+15550001");
    let path = add(control, fault.clone()).await;
    shop.connected().await;
    let faults = control.get("/network/faults").await;
    assert!(
        faults.iter().any(|one| one["hits"] == 1),
        "{fault}: {faults:#?}"
    );
    assert_eq!(control.delete(&path).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_survives_every_kind_of_broken_stream() {
    let (network, control, mut shop) = network_with_shop().await;
    for fault in [
        json!({ "kind": "stream_error", "code": 515 }),
        json!({ "kind": "stream_error", "code": 503 }),
        json!({ "kind": "xmlstreamend" }),
    ] {
        strike(&control, &mut shop, fault).await;
    }
    // After these the client is deaf until it notices; the cut spares the test the wait.
    for kind in ["bad_frame", "huge_frame"] {
        add(&control, json!({ "kind": kind, "count": 1 })).await;
        strike(&control, &mut shop, json!({ "kind": "cut" })).await;
    }
    control.write("15550002", "15550001", "still there?").await;
    assert_eq!(shop.texts(1).await, ["still there?"]);
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_delays_and_a_slow_network_is_slow() {
    let (network, control, mut shop) = network_with_shop().await;
    let frozen = add(&control, json!({ "kind": "freeze", "phone": "15550001" })).await;
    control.write("15550002", "15550001", "held back").await;
    let early = tokio::time::timeout(Duration::from_millis(300), shop.texts(1)).await;
    assert!(early.is_err(), "a frozen connection let a message through");
    assert_eq!(control.delete(&frozen).await, 204);
    assert_eq!(shop.texts(1).await, ["held back"]);
    let slow = add(&control, json!({ "kind": "slow", "ms": 200 })).await;
    let start = Instant::now();
    control.write("15550002", "15550001", "slow").await;
    assert_eq!(shop.texts(1).await, ["slow"]);
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(control.delete(&slow).await, 204);
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_can_be_cut_without_an_answer_and_the_end_of_what_waited_be_withheld() {
    let (network, control, shop) = network_with_shop().await;
    let store = shop.stop().await;
    control.write("15550002", "15550001", "while away").await;
    add(&control, json!({ "kind": "refuse_login", "count": 1 })).await;
    add(
        &control,
        json!({ "kind": "withhold_offline_end", "count": 1 }),
    )
    .await;
    let mut shop = TestClient::with_store(&network, store).await;
    assert_eq!(shop.texts(1).await, ["while away"]);
    control.write("15550002", "15550001", "live").await;
    assert_eq!(shop.texts(1).await, ["live"]);
    let faults = control.get("/network/faults").await;
    assert!(faults.iter().all(|fault| fault["hits"] == 1), "{faults:#?}");
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_with_a_misspelt_word_is_refused() {
    let network = Network::start(NetworkOptions::default())
        .await
        .expect("a network");
    let control = Control::of(&network);
    for wrong in [
        json!({ "kind": "cutt" }),
        json!({ "kind": "cut", "phones": "1" }),
        json!({}),
    ] {
        let (status, answer) = control.post("/network/faults", wrong).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_from_elsewhere_may_not_use_the_control_api() {
    let network = Network::start(NetworkOptions::default())
        .await
        .expect("a network");
    let http = reqwest::Client::new();
    let url = network.url();
    for (name, value, status) in [
        ("Host", "evil.example", 403),
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", url.as_str(), 200),
    ] {
        let request = http.get(format!("{url}/phones")).header(name, value);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{name}: {value}");
    }
    network.stop().await;
}
