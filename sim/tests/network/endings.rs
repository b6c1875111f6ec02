//! Every fault that strikes a connection: the client is disconnected, or stays, and the network goes
//! on for everybody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchyard_sim::{Network, NetworkOptions};

use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::{Jid, NodeFilter};

use crate::client::TestClient;
use crate::control::{Control, network, network_with_shop};

/// Strikes the only client and waits until it is back.
async fn strike(control: &Control, shop: &mut TestClient, mut fault: Value) {
    fault["count"] = json!(1);
    fault["phone"] = json!("+15550001");
    let path = control.fault(fault.clone()).await;
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
    // This one is passed over, and the connection goes on.
    control
        .fault(json!({ "kind": "bad_stanza", "count": 1 }))
        .await;
    control.write("15550002", "15550001", "undisturbed").await;
    assert_eq!(shop.texts(1).await, ["undisturbed"]);
    // After these the client is deaf until it notices; the cut spares the test the wait.
    for kind in ["bad_frame", "huge_frame"] {
        control.fault(json!({ "kind": kind, "count": 1 })).await;
        strike(&control, &mut shop, json!({ "kind": "cut" })).await;
    }
    control.write("15550002", "15550001", "still there?").await;
    assert_eq!(shop.texts(1).await, ["still there?"]);
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_that_another_one_took_its_place() {
    let (network, control, mut shop) = network_with_shop().await;
    let fault = json!({ "kind": "conflict_replaced", "phone": "15550001", "count": 1 });
    control.fault(fault).await;
    shop.wait(|event| matches!(event, Event::StreamReplaced(_)).then_some(()))
        .await;
    // Nobody did: the log names no other connection, so that it is not taken for a real take-over.
    let replaced = control.get("/network/log?kind=replaced").await;
    assert_eq!(replaced.len(), 1, "{replaced:#?}");
    assert!(replaced[0].get("kicked_by").is_none(), "{replaced:#?}");
    let store = shop.stop().await;
    let mut again = TestClient::with_store(&network, store).await;
    again.connected().await;
    again.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_the_phone_unlinks_is_told_and_its_device_is_gone() {
    let (network, control, mut shop) = network_with_shop().await;
    let fault = json!({ "kind": "device_removed", "phone": "15550001", "count": 1 });
    control.fault(fault).await;
    let at_login = |event: &Event| match event {
        Event::LoggedOut(out) => Some(out.on_connect),
        _ => None,
    };
    assert!(!shop.wait(at_login).await);
    let phones = control.get("/phones").await;
    assert_eq!(phones[0]["devices"], json!([]), "{phones:#?}");
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_owes_an_acknowledgement_is_told_which_and_comes_back() {
    let (network, control, mut shop) = network_with_shop().await;
    let owed = shop.client.wait_for_node(NodeFilter::tag("stream:error"));
    let fault = json!({ "kind": "stream_ack", "phone": "15550001", "count": 1 });
    control.fault(fault).await;
    let node = owed.await.expect("a stanza");
    let ack = node.get().get_optional_child("ack").expect("an ack");
    let class = ack
        .get_attr("class")
        .map(|class| class.as_str().into_owned());
    assert_eq!(class.as_deref(), Some("message"));
    shop.connected().await;
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_keys_gets_nothing_until_it_has_some_again() {
    let (network, control, shop) = network_with_shop().await;
    let mut customer = control.linked(&network, "15550002").await;
    let fault = json!({ "kind": "missing_prekeys", "phone": "15550002", "device": 1 });
    let fault = control.fault(fault).await;
    let to = Jid::pn("15550002");
    let send = async |text: &str| {
        let sent = shop.client.send_text(to.clone(), text).await;
        sent.expect("sent");
    };
    // The phone itself has keys and shows it; its linked device, which has none, gets no copy.
    send("to the phone alone").await;
    control.ledger("15550002", |rows| rows.len() == 1).await;
    let faults = control.get("/network/faults").await;
    assert!(faults[0]["hits"].as_u64() > Some(0), "{faults:#?}");
    assert_eq!(control.delete(&fault).await, 204);
    send("to both").await;
    assert_eq!(customer.texts(1).await, ["to both"]);
    shop.stop().await;
    customer.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_delays_and_a_slow_network_is_slow() {
    let (network, control, mut shop) = network_with_shop().await;
    let frozen = control
        .fault(json!({ "kind": "freeze", "phone": "15550001" }))
        .await;
    control.write("15550002", "15550001", "held back").await;
    let early = tokio::time::timeout(Duration::from_millis(300), shop.texts(1)).await;
    assert!(early.is_err(), "a frozen connection let a message through");
    assert_eq!(control.delete(&frozen).await, 204);
    assert_eq!(shop.texts(1).await, ["held back"]);
    let slow = control.fault(json!({ "kind": "slow", "ms": 200 })).await;
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
    control
        .fault(json!({ "kind": "refuse_login", "count": 1 }))
        .await;
    control
        .fault(json!({ "kind": "withhold_offline_end", "count": 1 }))
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
    let (network, control) = network().await;
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
    let http = crate::control::http();
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
