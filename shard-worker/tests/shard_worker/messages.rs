//! Messages in and out, over the real protocol.

use serde_json::json;
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainOutcome, DrainRequest};
use switchyard_core::event::EventType;
use switchyard_core::message::{Direction, MessageStatus, Source};
use switchyard_core::object::MessageObject;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{ChatId, SessionId};
use switchyard_shard_worker::Shard;

use crate::phones::until;
use crate::stage::{OURS, Stage};

/// A customer.
const ANN: &str = "972521111111";
/// Another one.
const BEN: &str = "972522222222";

fn drain(session_id: SessionId, chat_id: ChatId) -> DrainRequest {
    DrainRequest {
        session_id,
        chat_id,
        max: DRAIN_MAX_MESSAGES,
    }
}

/// Drains until nothing is left.
async fn drained(shard: &Shard, message: &MessageObject) -> u32 {
    let mut sent = 0;
    loop {
        let answer = shard
            .drain(drain(message.session_id, message.chat_id))
            .await;
        sent += answer.sent;
        match answer.outcome {
            DrainOutcome::More => {}
            DrainOutcome::Drained => return sent,
            other => panic!("{other:?}"),
        }
    }
}

async fn received(stage: &Stage) -> Vec<MessageObject> {
    let events = stage.events(EventType::MessageReceived).await;
    let messages = events.into_iter().map(|it| it.data);
    messages
        .map(|it| serde_json::from_value(it).expect("a message"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_message_is_stored_once_and_the_answers_arrive_once_and_in_order() {
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    stage.phones.add(ANN).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;

    let wa_id = stage.phones.write(ANN, OURS, "hello").await;
    let messages = until("the message", async || {
        let messages = received(&stage).await;
        (!messages.is_empty()).then_some(messages)
    })
    .await;
    let message = &messages[0];
    assert_eq!(message.wa_id, wa_id);
    assert_eq!(message.text.as_deref(), Some("hello"));
    assert_eq!(message.from.as_deref(), Some(&*format!("+{ANN}")));

    let mut answers = Vec::new();
    for n in 0..5 {
        answers.push(stage.send(session, ANN, &format!("answer {n}")).await);
    }
    assert_eq!(answers[0].chat_id, message.chat_id);
    assert_eq!(drained(&shard, &answers[0]).await, 5);
    for answer in &answers {
        let status = stage.message(answer.id).await.status;
        assert!(status.rank() >= MessageStatus::Sent.rank(), "{status:?}");
    }
    let shown = until("the answers", async || {
        let shown = stage.phones.shown(ANN).await;
        (shown.len() >= 6).then_some(shown)
    })
    .await;
    let texts: Vec<_> = shown.iter().filter_map(|it| it["text"].as_str()).collect();
    let expected = [
        "hello", "answer 0", "answer 1", "answer 2", "answer 3", "answer 4",
    ];
    assert_eq!(texts, expected);
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_message_from_the_phone_appears_once_as_outbound() {
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    stage.phones.add(ANN).await;
    let shard = stage.shard().await;
    stage.linked(OURS).await;

    let wa_id = stage.phones.write(OURS, ANN, "from the phone").await;
    let message: MessageObject = until("the message", async || {
        let events = stage.events(EventType::MessageStatus).await;
        let last = events.into_iter().next_back()?;
        serde_json::from_value(last.data).ok()
    })
    .await;
    assert_eq!(message.wa_id, wa_id);
    assert_eq!(message.direction, Direction::Outbound);
    assert_eq!(message.source, Some(Source::Phone));
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_a_session_was_down_is_there_when_it_is_back() {
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    stage.phones.add(ANN).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;

    for n in 0..30 {
        stage.phones.write(ANN, OURS, &format!("{n}")).await;
    }
    let waiting = stage.send(session, ANN, "waits").await;
    let answer = shard.drain(drain(session, waiting.chat_id)).await;
    assert_eq!(answer.outcome, DrainOutcome::NotConnected);

    stage.want(session, Wanted::Connected).await;
    stage.reaches(session, SessionState::Connected).await;
    let messages = until("thirty messages", async || {
        let messages = received(&stage).await;
        (messages.len() >= 30).then_some(messages)
    })
    .await;
    let texts: Vec<_> = messages.iter().filter_map(|it| it.text.clone()).collect();
    let expected: Vec<_> = (0..30).map(|n| n.to_string()).collect();
    assert_eq!(texts, expected);
    assert_eq!(drained(&shard, &waiting).await, 1);
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_first_message_restricts_the_number_and_replies_still_go() {
    let stage = Stage::set().await;
    for phone in [OURS, ANN, BEN] {
        stage.phones.add(phone).await;
    }
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    stage.phones.write(ANN, OURS, "hello").await;
    until("the message", async || received(&stage).await.pop()).await;

    let refusal = json!({"kind": "ack_error", "phone": OURS, "code": 463, "count": 1});
    stage.phones.fault(refusal).await;
    let cold = stage.send(session, BEN, "cold").await;
    let answer = shard.drain(drain(session, cold.chat_id)).await;
    assert_eq!(answer.failed, 1);
    let error = stage.message(cold.id).await.error.expect("an error");
    assert_eq!(error.code, "number_restricted");
    let row = stage.ends(session, SessionReason::NewChatsRestricted).await;
    assert_eq!(row.state, SessionState::Restricted);
    assert!(row.until.is_some());

    let held = stage.send(session, BEN, "still cold").await;
    let answer = shard.drain(drain(session, held.chat_id)).await;
    assert_eq!(answer.outcome, DrainOutcome::NotConnected);
    let reply = stage.send(session, ANN, "a reply").await;
    assert_eq!(drained(&shard, &reply).await, 1);
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_a_message_have_their_codes() {
    let stage = Stage::set().await;
    for phone in [OURS, ANN] {
        stage.phones.add(phone).await;
    }
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    for (code, failure) in [
        (400, "rejected"),
        (404, "not_on_whatsapp"),
        (475, "new_chat_limit"),
        (479, "rejected"),
    ] {
        let refusal = json!({"kind": "ack_error", "phone": OURS, "code": code, "count": 1});
        stage.phones.fault(refusal).await;
        let message = stage.send(session, ANN, "no").await;
        let answer = shard.drain(drain(session, message.chat_id)).await;
        assert_eq!((answer.sent, answer.failed), (0, 1), "{code}");
        let error = stage.message(message.id).await.error.expect("an error");
        assert_eq!(error.code, failure, "{code}");
    }
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_somebody_without_whatsapp_fails_as_such() {
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    let message = stage.send(session, BEN, "anybody?").await;
    let answer = shard.drain(drain(session, message.chat_id)).await;
    let error = stage.message(message.id).await.error;
    assert_eq!(
        error.map(|it| it.code).as_deref(),
        Some("not_on_whatsapp"),
        "{answer:?}"
    );
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_connection_is_cut_goes_out_again_under_its_id_and_is_shown_once() {
    let stage = Stage::set().await;
    for phone in [OURS, ANN] {
        stage.phones.add(phone).await;
    }
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    stage
        .phones
        .fault(json!({"kind": "drop_ack", "phone": OURS, "count": 1}))
        .await;
    let message = stage.send(session, ANN, "once").await;
    let answer = shard.drain(drain(session, message.chat_id)).await;
    assert_eq!(answer.outcome, DrainOutcome::More);
    assert_eq!(
        stage.message(message.id).await.status,
        MessageStatus::Sending
    );

    stage
        .phones
        .fault(json!({"kind": "cut", "phone": OURS, "count": 1}))
        .await;
    until("the message is acknowledged", async || {
        shard.drain(drain(session, message.chat_id)).await;
        let status = stage.message(message.id).await.status;
        (status.rank() >= MessageStatus::Sent.rank()).then_some(())
    })
    .await;
    let shown = stage.phones.shown(ANN).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    shard.stop().await;
    stage.phones.stop().await;
}
