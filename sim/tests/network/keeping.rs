//! What survives when the simulator is killed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchyard_sim::{Network, NetworkOptions};
use whatsapp_rust::wacore::types::events::InboundMessage;
use whatsapp_rust::{Client, InboundDurabilityHook, Jid, async_trait};

use crate::client::{PATIENCE, TestClient};
use crate::control::{Control, network_with_shop};

fn options(folder: &Path) -> NetworkOptions {
    NetworkOptions {
        data_dir: Some(folder.to_owned()),
        ..NetworkOptions::default()
    }
}

/// What a killed process would leave behind: the files as they are now, copied while it runs.
fn what_is_on_disk(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for name in ["network.db", "network.db-wal"] {
        std::fs::copy(folder.join(name), copy.path().join(name)).expect("a copy");
    }
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_network_remembers_phones_links_sessions_and_what_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = Network::start(options(folder.path()))
        .await
        .expect("a network");
    let control = Control::of(&network);
    control.phone("15550001", "Shop").await;
    control.phone("15550002", "Customer").await;
    let mut shop = control.linked(&network, "15550001").await;
    control.write("15550002", "15550001", "one").await;
    assert_eq!(shop.texts(1).await, ["one"]);
    shop.client
        .send_text(Jid::pn("15550002"), "two")
        .await
        .expect("sent");
    control.ledger("15550002", |rows| rows.len() == 2).await;
    let store = shop.stop().await;
    for text in ["three", "four", "five"] {
        control.write("15550002", "15550001", text).await;
    }
    let copy = what_is_on_disk(folder.path());
    network.stop().await;

    let network = Network::start(options(copy.path()))
        .await
        .expect("the network again");
    let control = Control::of(&network);
    let mut shop = TestClient::with_store(&network, store).await;
    assert_eq!(shop.texts(3).await, ["three", "four", "five"]);
    shop.client
        .send_text(Jid::pn("15550002"), "six")
        .await
        .expect("sent");
    let rows = control.ledger("15550002", |rows| rows.len() == 6).await;
    let texts: Vec<_> = rows
        .iter()
        .map(|row| row["text"].as_str().expect("a text"))
        .collect();
    assert_eq!(texts, ["one", "two", "three", "four", "five", "six"]);
    assert!(
        rows.iter()
            .all(|row| row["shown"] == 1 && row["undecryptable"] == 0),
        "{rows:#?}"
    );
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_a_client_comes_in_order_and_once() {
    let (network, control, shop) = network_with_shop().await;
    let store = shop.stop().await;
    let wanted: Vec<String> = (0..450).map(|number| format!("message {number}")).collect();
    for text in &wanted {
        control.write("15550002", "15550001", text).await;
    }
    let mut shop = TestClient::with_store(&network, store).await;
    assert_eq!(shop.texts(wanted.len()).await, wanted);
    control.write("15550002", "15550001", "the last").await;
    assert_eq!(shop.texts(1).await, ["the last"]);
    shop.stop().await;
    network.stop().await;
}

/// Refuses to take messages over until it is told otherwise.
#[derive(Clone, Default)]
struct Reluctant(Arc<AtomicBool>);

#[async_trait]
impl InboundDurabilityHook for Reluctant {
    async fn on_messages(&self, _: Arc<Client>, _: &[InboundMessage]) -> anyhow::Result<()> {
        anyhow::ensure!(self.0.load(Ordering::SeqCst), "not yet");
        Ok(())
    }
}

/// What waits for the only device of the only shop.
async fn waiting(control: &Control) -> Value {
    control.get("/phones").await[0]["devices"][0]["waiting"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_did_not_acknowledge_is_sent_again() {
    let (network, control, shop) = network_with_shop().await;
    let store = shop.stop().await;
    let hook = Reluctant::default();
    let mut shop = TestClient::with_hook(&network, store, hook.clone()).await;
    shop.connected().await;
    control.write("15550002", "15550001", "take me").await;
    assert_eq!(waiting(&control).await, 1);
    hook.0.store(true, Ordering::SeqCst);
    let (status, _) = control
        .post("/network/faults", json!({ "kind": "cut", "count": 1 }))
        .await;
    assert_eq!(status, 201);
    assert_eq!(shop.texts(1).await, ["take me"]);
    let path = "/phones/15550001/messages";
    let end = Instant::now() + PATIENCE;
    while waiting(&control).await != 0 {
        assert!(Instant::now() < end, "{:#?}", control.get(path).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shop.stop().await;
    network.stop().await;
}
