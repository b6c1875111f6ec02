//! Linking, logging in again, being put out.

use serde_json::json;
use switchyard_sim::{Network, NetworkOptions};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::TestClient;
use crate::control::network;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_linked_by_a_code_and_comes_back_without_one() {
    let (network, control) = network().await;
    control.phone("+15550001", "Shop").await;
    let client = control.linked(&network, "15550001").await;
    let store = client.stop().await;
    let mut again = TestClient::with_store(&network, store).await;
    again.connected().await;
    let offered = control.get("/network/log?kind=qr_offered").await;
    assert_eq!(offered.len(), 1, "{offered:#?}");
    let logins = control.get("/network/log?kind=login").await;
    let handshakes: Vec<_> = logins.iter().map(|line| &line["handshake"]).collect();
    assert_eq!(handshakes, ["xx", "ik"], "{logins:#?}");
    let phones = control.get("/phones").await;
    assert_eq!(phones[0]["devices"][0]["connected"], true, "{phones:#?}");
    again.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_knows_an_old_key_falls_back_and_is_told_that_it_is_not_linked() {
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    let store = control.linked(&network, "15550001").await.stop().await;
    network.stop().await;

    let other = Network::start(NetworkOptions::default())
        .await
        .expect("another network");
    let mut stranger = TestClient::with_store(&other, store).await;
    let at_login = |event: &Event| match event {
        Event::LoggedOut(out) => Some(out.on_connect),
        _ => None,
    };
    assert!(stranger.wait(at_login).await);
    stranger.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_can_be_asked_for_instead_of_linking() {
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    let (status, _) = control
        .post("/network/faults", json!({ "kind": "passkey_request" }))
        .await;
    assert_eq!(status, 201);
    let mut shop = TestClient::new(&network).await;
    let code = shop.code().await;
    let (status, answer) = control
        .post("/phones/15550001/scan", json!({ "qr": code }))
        .await;
    assert_eq!(status, 409, "{answer}");
    shop.wait(|event| matches!(event, Event::PairPasskeyRequest(_)).then_some(()))
        .await;
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_device_puts_the_oldest_one_out() {
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    let mut first = control.linked(&network, "15550001").await;
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(control.linked(&network, "15550001").await);
    }
    first
        .wait(|event| matches!(event, Event::LoggedOut(_)).then_some(()))
        .await;
    let phones = control.get("/phones").await;
    let devices = phones[0]["devices"].as_array().expect("devices");
    let numbers: Vec<_> = devices.iter().map(|device| &device["device"]).collect();
    assert_eq!(numbers, [2, 3, 4, 5], "{devices:#?}");
    first.stop().await;
    for other in others {
        other.stop().await;
    }
    network.stop().await;
}
