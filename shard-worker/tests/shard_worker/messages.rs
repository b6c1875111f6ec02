//! Messages in and out, over the real protocol.

use std::time::Duration;

use serde_json::{Value, json};
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainOutcome, DrainRequest};
use switchyard_core::event::EventType;
use switchyard_core::message::{Direction, MessageStatus, Source};
use switchyard_core::object::MessageObject;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{ChatId, SessionId, Timestamp};
use switchyard_shard_worker::{Patience, Shard};

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

/// Drains until a message to Ann is acknowledged; what her phone shows, which is this message alone.
async fn shown_once(stage: &Stage, shard: &Shard, message: &MessageObject) -> Value {
    until("the message is acknowledged", async || {
        shard
            .drain(drain(message.session_id, message.chat_id))
            .await;
        let status = stage.message(message.id).await.status;
        (status.rank() >= MessageStatus::Sent.rank()).then_some(())
    })
    .await;
    let mut shown = stage.phones.shown(ANN).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["id"], message.wa_id);
    shown.remove(0)
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
    let (stage, shard, session) = Stage::opened(&[ANN]).await;

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
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_message_from_the_phone_appears_once_as_outbound() {
    let (stage, shard, _) = Stage::opened(&[ANN]).await;

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
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_keeps_its_place_behind_those_before_it() {
    let (stage, shard, session) = Stage::opened(&[ANN]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    for n in 0..20 {
        stage.phones.write(ANN, OURS, &format!("{n}")).await;
    }
    let damaged = json!({"kind": "corrupt_message", "phone": OURS, "count": 1});
    stage.phones.fault(damaged).await;
    stage.phones.write(ANN, OURS, "damaged").await;

    stage.want(session, Wanted::Connected).await;
    stage.reaches(session, SessionState::Connected).await;
    let mut messages = until("all are read", async || {
        let ids = received(&stage).await.into_iter().map(|it| it.id);
        let ids: std::collections::BTreeSet<_> = ids.collect();
        let mut messages = Vec::new();
        for id in ids {
            messages.push(stage.message(id).await);
        }
        let read = messages.iter().filter(|it| it.text.is_some()).count();
        (read == 21).then_some(messages)
    })
    .await;
    messages.sort_by_key(|it| it.position);
    let texts: Vec<_> = messages.iter().filter_map(|it| it.text.clone()).collect();
    let expected = (0..20).map(|n| n.to_string());
    let expected: Vec<_> = expected.chain(["damaged".to_owned()]).collect();
    assert_eq!(texts, expected);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_a_session_was_down_is_there_when_it_is_back() {
    let (stage, shard, session) = Stage::opened(&[ANN]).await;
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
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_first_message_restricts_the_number_and_replies_still_go() {
    let (stage, shard, session) = Stage::opened(&[ANN, BEN]).await;
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
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_a_message_have_their_codes() {
    let (stage, shard, session) = Stage::opened(&[ANN]).await;
    for (code, failure) in [
        (400, "rejected"),
        (404, "not_on_whatsapp"),
        (475, "new_chat_limit"),
        (479, "rejected"),
        // Once more with a fresh list of devices, and then no more.
        (421, "rejected"),
    ] {
        let count = if code == 421 { 2 } else { 1 };
        let refusal = json!({"kind": "ack_error", "phone": OURS, "code": code, "count": count});
        stage.phones.fault(refusal).await;
        let message = stage.send(session, ANN, "no").await;
        let answer = shard.drain(drain(session, message.chat_id)).await;
        assert_eq!((answer.sent, answer.failed), (0, 1), "{code}");
        let error = stage.message(message.id).await.error.expect("an error");
        assert_eq!(error.code, failure, "{code}");
    }
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_stale_devices_goes_out_again_with_fresh_ones() {
    let (stage, shard, session) = Stage::opened(&[ANN]).await;
    let refusal = json!({"kind": "ack_error", "phone": OURS, "code": 421, "count": 1});
    stage.phones.fault(refusal).await;
    let message = stage.send(session, ANN, "stale").await;
    assert_eq!(drained(&shard, &message).await, 1);
    shown_once(&stage, &shard, &message).await;
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_acknowledgement_goes_out_again_under_its_id_and_then_over_a_new_connection()
 {
    let patience = Patience {
        acknowledgement: Duration::from_secs(1),
        ..Patience::default()
    };
    let opening = Stage::opened_with(patience, &[ANN]);
    let (stage, shard, session) = Box::pin(opening).await;
    let silence = json!({"kind": "drop_ack", "phone": OURS, "count": 2});
    stage.phones.fault(silence).await;
    let message = stage.send(session, ANN, "three times").await;
    let shown = shown_once(&stage, &shard, &message).await;
    assert_eq!(shown["arrivals"], 3, "{shown}");
    assert_eq!(stage.phones.log("login").await.len(), 2);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_is_seen_when_it_links_when_it_takes_what_we_wrote_and_when_it_writes() {
    let (stage, shard, session) = Stage::opened(&[ANN]).await;
    let seen = async |after: Option<Timestamp>| {
        until("the phone is seen", async || {
            let row = stage.look(session).await?;
            row.phone_seen_at.filter(|at| Some(*at) > after)
        })
        .await
    };
    // Another connection writes it down anew; on the same one, once a minute is enough.
    let anew = async || {
        stage.want(session, Wanted::Disconnected).await;
        stage.reaches(session, SessionState::Disconnected).await;
        stage.want(session, Wanted::Connected).await;
        stage.reaches(session, SessionState::Connected).await;
    };
    let linked = seen(None).await;
    anew().await;
    let message = stage.send(session, ANN, "from us").await;
    drained(&shard, &message).await;
    let taken = seen(Some(linked)).await;
    anew().await;
    stage.phones.write(OURS, ANN, "from the phone").await;
    seen(Some(taken)).await;
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_somebody_without_whatsapp_fails_as_such() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    let message = stage.send(session, BEN, "anybody?").await;
    let answer = shard.drain(drain(session, message.chat_id)).await;
    let error = stage.message(message.id).await.error;
    assert_eq!(
        error.map(|it| it.code).as_deref(),
        Some("not_on_whatsapp"),
        "{answer:?}"
    );
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_connection_is_cut_goes_out_again_under_its_id_and_is_shown_once() {
    let (stage, shard, session) = Stage::opened(&[ANN]).await;
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
    shown_once(&stage, &shard, &message).await;
    stage.close(shard).await;
}
