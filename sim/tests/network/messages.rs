//! Texts both ways, with real sessions, acknowledgements and receipts.

use serde_json::Value;
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;

use crate::control::network_with_shop;

fn has_text(rows: &[Value], text: &str, tick: &str) -> bool {
    rows.iter()
        .any(|row| row["text"] == text && row["tick"] == tick && row["shown"] == 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_go_both_ways_and_are_acknowledged_delivered_and_read() {
    let (network, control, mut shop) = network_with_shop().await;

    control.write("15550002", "15550001", "Is it open?").await;
    assert_eq!(shop.texts(1).await, ["Is it open?"]);
    control
        .ledger("15550002", |rows| {
            has_text(rows, "Is it open?", "delivered")
        })
        .await;

    let sent = shop
        .client
        .send_text(Jid::pn("15550002"), "Yes, until six")
        .await
        .expect("sent");
    let id = sent.message_id.clone();
    // The client tells of acknowledgements and receipts in any order.
    let (mut acknowledged, mut delivered) = (None, false);
    let refused = shop
        .wait(|event| {
            match event {
                Event::ServerAck(ack) if ack.id == id => acknowledged = Some(ack.error.clone()),
                Event::Receipt(receipt) => delivered |= receipt.message_ids.contains(&id),
                _ => {}
            }
            acknowledged.clone().filter(|_| delivered)
        })
        .await;
    assert_eq!(refused, None);
    let rows = control
        .ledger("15550002", |rows| has_text(rows, "Yes, until six", "sent"))
        .await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1]["id"], id.as_str());
    assert_eq!(rows[1]["from"], "15550001");
    control
        .post(
            "/phones/15550002/read",
            serde_json::json!({ "chat": "15550001" }),
        )
        .await;
    control
        .ledger("15550001", |rows| has_text(rows, "Yes, until six", "read"))
        .await;
    shop.stop().await;
    network.stop().await;
}
