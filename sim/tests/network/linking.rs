//! Linking, logging in again, being put out.

use switchyard_sim::{Network, NetworkOptions};

use crate::client::TestClient;
use crate::control::Control;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_linked_by_a_code_and_comes_back_without_one() {
    let network = Network::start(NetworkOptions::default())
        .await
        .expect("a network");
    let control = Control::of(&network);
    control.phone("+15550001", "Shop").await;
    let client = control.linked(&network, "15550001").await;
    let store = client.stop().await;
    let mut again = TestClient::with_store(&network, store).await;
    again.connected().await;
    let offered = control.get("/network/log?kind=qr_offered").await;
    assert_eq!(offered.len(), 1, "{offered:#?}");
    let phones = control.get("/phones").await;
    assert_eq!(phones[0]["devices"][0]["connected"], true, "{phones:#?}");
    again.stop().await;
    network.stop().await;
}
