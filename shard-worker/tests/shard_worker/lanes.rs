//! Lanes when something is slow or silent: a drain still answers in time, and one chat does not take the number down.

use std::time::Duration;

use serde_json::json;
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainAnswer, DrainOutcome, DrainRequest};
use switchyard_core::message::MessageStatus;
use switchyard_core::object::MessageObject;
use switchyard_shard_worker::{Patience, Shard};
use tokio::time::Instant;

use crate::phones::until;
use crate::stage::{OURS, Stage};

/// A customer.
const ANN: &str = "972521111111";

async fn drain(shard: &Shard, message: &MessageObject) -> DrainAnswer {
    let request = DrainRequest {
        session_id: message.session_id,
        chat_id: message.chat_id,
        max: DRAIN_MAX_MESSAGES,
    };
    shard.drain(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_answers_in_time_while_a_message_is_handed_over_slowly() {
    let (stage, shard, session) = Stage::opened(&[ANN]).await;
    // Fetching the keys takes several stanzas.
    let slow = json!({"kind": "slow", "phone": OURS, "ms": 2_000});
    stage.phones.fault(slow).await;
    let message = stage.send(session, ANN, "slowly").await;
    let before = Instant::now();
    let answer = drain(&shard, &message).await;
    let took = before.elapsed();
    assert_eq!(answer.outcome, DrainOutcome::More);
    assert!(took < Duration::from_secs(7), "{took:?}");
    stage.phones.mend().await;
    until("the message is sent", async || {
        drain(&shard, &message).await;
        let status = stage.message(message.id).await.status;
        (status.rank() >= MessageStatus::Sent.rank()).then_some(())
    })
    .await;
    assert_eq!(stage.phones.shown(ANN).await.len(), 1);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_never_acknowledged_takes_the_connection_down_once_and_not_again() {
    let patience = Patience {
        acknowledgement: Duration::from_millis(300),
        ..Patience::default()
    };
    let (stage, shard, session) = Stage::opened_with(patience, &[ANN]).await;
    let logins = stage.phones.log("login").await.len();
    let silence = json!({"kind": "drop_ack", "phone": OURS});
    stage.phones.fault(silence).await;
    let message = stage.send(session, ANN, "unheard").await;
    until("it went out six times", async || {
        drain(&shard, &message).await;
        let faults = stage.phones.faults().await;
        let hits = faults
            .iter()
            .filter_map(|it| it["hits"].as_u64())
            .sum::<u64>();
        (hits >= 6).then_some(())
    })
    .await;
    assert_eq!(stage.phones.log("login").await.len(), logins + 1);
    stage.phones.mend().await;
    until("it is acknowledged", async || {
        drain(&shard, &message).await;
        let status = stage.message(message.id).await.status;
        (status.rank() >= MessageStatus::Sent.rank()).then_some(())
    })
    .await;
    assert_eq!(stage.phones.shown(ANN).await.len(), 1);
    stage.close(shard).await;
}
