//! Numbers and LIDs, and what the owner writes on the phone.

use serde_json::json;
use switchyard_sim::Network;
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::{Event, InboundMessage};
use whatsapp_rust::wacore::types::presence::ReceiptType;

use crate::client::TestClient;
use crate::control::{Control, network};

/// The next message.
async fn message(client: &mut TestClient) -> InboundMessage {
    client
        .wait(|event| match event {
            Event::Messages(batch) => batch.messages.first().cloned(),
            _ => None,
        })
        .await
}

async fn network_with(addressing: &str) -> (Network, Control, TestClient, String) {
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    let new = json!({ "phone": "15550002", "name": "Customer", "addressing": addressing });
    let (status, customer) = control.post("/phones", new).await;
    assert_eq!(status, 201, "{customer}");
    let shop = control.linked(&network, "15550001").await;
    (
        network,
        control,
        shop,
        customer["lid"].as_str().expect("a LID").to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_number_can_be_answered_and_is_known_once_it_is_revealed() {
    let (network, control, mut shop, lid) = network_with("lid_only").await;
    control.write("15550002", "15550001", "who am I?").await;
    let first = message(&mut shop).await;
    assert_eq!(first.info.source.sender, Jid::lid(lid.as_str()));
    assert_eq!(first.info.source.sender_alt, None);
    let chat = first.info.source.chat.clone();
    shop.client
        .send_text(chat, "I do not know")
        .await
        .expect("sent");
    control
        .ledger("15550002", |rows| {
            rows.iter().any(|row| row["text"] == "I do not know")
        })
        .await;

    control
        .patch("/phones/15550002", json!({ "addressing": "lid_pn" }))
        .await;
    control.write("15550002", "15550001", "now you do").await;
    let second = message(&mut shop).await;
    assert_eq!(second.info.source.sender, Jid::lid(lid.as_str()));
    assert_eq!(second.info.source.sender_alt, Some(Jid::pn("15550002")));
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_comes_with_its_lid_and_an_answer_to_either_arrives() {
    let (network, control, mut shop, lid) = network_with("pn_lid").await;
    control.write("15550002", "15550001", "hello").await;
    let hello = message(&mut shop).await;
    assert_eq!(hello.info.source.sender, Jid::pn("15550002"));
    assert_eq!(hello.info.source.sender_alt, Some(Jid::lid(lid.as_str())));
    shop.client
        .send_text(Jid::pn("15550002"), "by number")
        .await
        .expect("sent");
    shop.client
        .send_text(Jid::lid(lid.as_str()), "by LID")
        .await
        .expect("sent");
    let rows = control.ledger("15550002", |rows| rows.len() == 3).await;
    assert_eq!(rows[1]["text"], "by number");
    assert_eq!(rows[2]["text"], "by LID");
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_writes_on_the_phone_comes_to_the_client_as_its_own() {
    let (network, control, mut shop, _) = network_with("pn_lid").await;
    let id = control
        .write("15550001", "15550002", "from the phone")
        .await;
    let own = message(&mut shop).await;
    assert!(own.info.source.is_from_me);
    assert_eq!(own.info.id, id);
    assert_eq!(own.info.source.chat, Jid::pn("15550002"));
    assert_eq!(own.message.conversation.as_deref(), Some("from the phone"));
    let rows = control.ledger("15550002", |rows| rows.len() == 1).await;
    assert_eq!(rows[0]["text"], "from the phone");
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_a_number_that_is_not_on_whatsapp_is_refused() {
    let (network, _, shop, _) = network_with("pn_lid").await;
    let known = shop
        .client
        .contacts()
        .is_on_whatsapp(&[Jid::pn("15550777")])
        .await
        .expect("an answer");
    assert!(known.iter().all(|one| !one.is_registered), "{known:#?}");
    let known = shop
        .client
        .contacts()
        .is_on_whatsapp(&[Jid::pn("15550002")])
        .await
        .expect("an answer");
    assert!(known.iter().all(|one| one.is_registered), "{known:#?}");
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_network_closes_the_stream_over_a_malformed_address() {
    let (network, control, mut shop, _) = network_with("pn_lid").await;
    let malformed = whatsapp_rust::NodeBuilder::new("message")
        .attr("to", "1@lid@s.whatsapp.net")
        .attr("id", "3EB0000000000000000001")
        .attr("type", "text")
        .build();
    shop.client.send_node(malformed).await.expect("sent");
    shop.connected().await;
    let ended = control.get("/network/log?kind=ended").await;
    assert!(
        ended
            .iter()
            .any(|line| line["code"] == "xml-not-well-formed"),
        "{ended:#?}"
    );
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_reads_on_the_phone_is_read_for_the_client_too() {
    let (network, control, mut shop, _) = network_with("pn_lid").await;
    let id = control.write("15550002", "15550001", "read me").await;
    assert_eq!(shop.texts(1).await, ["read me"]);
    control
        .post("/phones/15550001/read", json!({ "chat": "15550002" }))
        .await;
    shop.wait(|event| match event {
        Event::Receipt(receipt) if receipt.r#type == ReceiptType::ReadSelf => {
            receipt.message_ids.contains(&id).then_some(())
        }
        _ => None,
    })
    .await;
    control
        .ledger("15550002", |rows| {
            rows.iter().all(|row| row["tick"] == "read")
        })
        .await;
    shop.stop().await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_held_back_can_ask_until_when() {
    let (network, control, shop, _) = network_with("pn_lid").await;
    let free = shop
        .client
        .mex()
        .fetch_reachout_timelock()
        .await
        .expect("an answer");
    assert_eq!(free.is_active, Some(false));
    control
        .post(
            "/network/faults",
            json!({ "kind": "ack_error", "code": 463 }),
        )
        .await;
    let held = shop
        .client
        .mex()
        .fetch_reachout_timelock()
        .await
        .expect("an answer");
    assert_eq!(held.is_active, Some(true));
    assert!(held.time_enforcement_ends.is_some());
    shop.stop().await;
    network.stop().await;
}
