//! Faults, each as the real client sees it.

use serde_json::json;
use switchyard_sim::{Network, NetworkOptions};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::{ConnectFailureReason, Event};

use crate::client::TestClient;
use crate::control::{Control, network, network_with_shop};

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_client_comes_back_by_itself() {
    let (network, control, mut shop) = network_with_shop().await;
    control
        .fault(json!({ "kind": "cut", "phone": "15550001", "count": 1 }))
        .await;
    shop.wait(|event| matches!(event, Event::Disconnected(_)).then_some(()))
        .await;
    shop.connected().await;
    let faults = control.get("/network/faults").await;
    assert_eq!(faults[0]["hits"], 1, "{faults:#?}");
    assert_eq!(control.delete("/network/faults").await, 204);
    assert!(control.get("/network/faults").await.is_empty());
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlinked_client_is_told_and_refused_afterwards() {
    let (network, control, mut shop) = network_with_shop().await;
    assert_eq!(control.delete("/phones/15550001/devices/1").await, 204);
    let at_login = |event: &Event| match event {
        Event::LoggedOut(out) => Some(out.on_connect),
        _ => None,
    };
    assert!(!shop.wait(at_login).await);
    let store = shop.stop().await;
    let mut again = TestClient::with_store(&network, store).await;
    assert!(again.wait(at_login).await);
    again.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_refused_for_the_reason_that_is_asked_for() {
    let (network, control, shop) = network_with_shop().await;
    let store = shop.stop().await;
    control
        .fault(json!({ "kind": "failure", "code": 403, "count": 1 }))
        .await;
    let mut locked = TestClient::with_store(&network, store).await;
    let reason = locked
        .wait(|event| match event {
            Event::LoggedOut(out) => Some(out.reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, ConnectFailureReason::AccountLocked);
    let store = locked.stop().await;
    control
        .fault(json!({ "kind": "failure", "code": 402, "count": 1 }))
        .await;
    let mut banned = TestClient::with_store(&network, store).await;
    banned
        .wait(|event| matches!(event, Event::TemporaryBan(_)).then_some(()))
        .await;
    banned.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_login_of_a_device_puts_the_first_one_out() {
    let (network, control, mut shop) = network_with_shop().await;
    let second = TestClient::with_store(&network, std::sync::Arc::clone(&shop.store)).await;
    shop.wait(|event| matches!(event, Event::StreamReplaced(_)).then_some(()))
        .await;
    let replaced = control.get("/network/log?kind=replaced").await;
    assert_eq!(replaced.len(), 1, "{replaced:#?}");
    let logins = control.get("/network/log?kind=login").await;
    assert_eq!(
        replaced[0]["kicked_by"],
        logins.last().expect("a login")["socket"]
    );
    second.stop().await;
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_not_relayed_and_a_lost_acknowledgement_changes_nothing_else() {
    let (network, control, mut shop) = network_with_shop().await;
    control
        .fault(json!({ "kind": "ack_error", "code": 463, "count": 1 }))
        .await;
    control
        .fault(json!({ "kind": "drop_ack", "count": 1 }))
        .await;
    let customer = Jid::pn("15550002");
    let refused = shop
        .client
        .send_text(customer.clone(), "refused")
        .await
        .expect("sent");
    shop.client
        .send_text(customer.clone(), "never acknowledged")
        .await
        .expect("sent");
    let last = shop
        .client
        .send_text(customer, "acknowledged")
        .await
        .expect("sent");
    let acks = shop
        .wait({
            let mut acks = Vec::new();
            move |event| {
                if let Event::ServerAck(ack) = event
                    && ack.class.as_deref() == Some("message")
                {
                    acks.push((ack.id.clone(), ack.error.clone()));
                }
                (acks.len() == 2).then(|| acks.clone())
            }
        })
        .await;
    assert_eq!(
        acks[0],
        (refused.message_id.clone(), Some("463".to_owned()))
    );
    assert_eq!(acks[1], (last.message_id.clone(), None));
    let rows = control.ledger("15550002", |rows| rows.len() == 2).await;
    assert_eq!(rows[0]["text"], "never acknowledged");
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_message_is_asked_for_again_and_arrives() {
    let (network, control, mut shop) = network_with_shop().await;
    control.write("15550002", "15550001", "first").await;
    assert_eq!(shop.texts(1).await, ["first"]);
    control
        .fault(json!({ "kind": "corrupt_message", "count": 1 }))
        .await;
    control.write("15550002", "15550001", "damaged").await;
    shop.wait(|event| matches!(event, Event::UndecryptableMessage(_)).then_some(()))
        .await;
    assert_eq!(shop.texts(1).await, ["damaged"]);
    control.write("15550002", "15550001", "after it").await;
    assert_eq!(shop.texts(1).await, ["after it"]);
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_can_be_refreshed_by_the_scan_and_the_old_one_is_dead() {
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    control.fault(json!({ "kind": "refresh_qr" })).await;
    let mut shop = TestClient::new(&network).await;
    let old = shop.code().await;
    let (status, answer) = control
        .post("/phones/15550001/scan", json!({ "qr": old }))
        .await;
    assert_eq!(status, 409, "{answer}");
    let fresh = shop.code().await;
    assert_ne!(old, fresh);
    let (status, _) = control
        .post("/phones/15550001/scan", json!({ "qr": old }))
        .await;
    assert_eq!(status, 409);
    control.scan("15550001", &fresh).await;
    shop.connected().await;
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_end_after_their_scaled_life() {
    let options = NetworkOptions {
        qr_scale: 0.002,
        ..NetworkOptions::default()
    };
    let network = Network::start(options).await.expect("a network");
    let control = Control::of(&network);
    control.phone("15550001", "Shop").await;
    let mut shop = TestClient::new(&network).await;
    let code = shop.code().await;
    shop.wait(|event| matches!(event, Event::Disconnected(_)).then_some(()))
        .await;
    let (status, answer) = control
        .post("/phones/15550001/scan", json!({ "qr": code }))
        .await;
    assert_eq!(status, 409, "{answer}");
    let ended = control.get("/network/log?kind=ended").await;
    assert_eq!(ended[0]["code"], "codes_used_up", "{ended:#?}");
    shop.stop().await;
    network.stop().await;
}
