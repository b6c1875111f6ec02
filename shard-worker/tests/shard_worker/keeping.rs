//! What outlasts a connection and a process: what WhatsApp restricts, and what a business wants.

use serde_json::json;
use store::chats;
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainAnswer, DrainOutcome, DrainRequest};
use switchyard_core::event::EventType;
use switchyard_core::object::MessageObject;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{ChatId, SessionId, Timestamp};
use switchyard_shard_worker::Shard;

use crate::phones::until;
use crate::stage::{OURS, Stage};

/// A customer.
const BEN: &str = "972522222222";

async fn drain(shard: &Shard, message: &MessageObject) -> DrainAnswer {
    drain_chat(shard, message.session_id, message.chat_id).await
}

async fn drain_chat(shard: &Shard, session_id: SessionId, chat_id: ChatId) -> DrainAnswer {
    let request = DrainRequest {
        session_id,
        chat_id,
        max: DRAIN_MAX_MESSAGES,
    };
    shard.drain(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_of_new_chats_outlasts_outages_and_restarts() {
    let (stage, shard, session) = Stage::opened(&[BEN]).await;
    let refusal = json!({"kind": "ack_error", "phone": OURS, "code": 463, "count": 1});
    stage.phones.fault(refusal).await;
    let cold = stage.send(session, BEN, "cold").await;
    drain(&shard, &cold).await;
    let row = stage.ends(session, SessionReason::NewChatsRestricted).await;
    let end = row.new_chats_until.expect("an end");
    let held = stage.send(session, BEN, "still cold").await;

    // Away for so long that the connection is shown as lost.
    let refusal = json!({"kind": "refuse_login", "phone": OURS});
    stage.phones.fault(refusal).await;
    let cut = json!({"kind": "cut", "phone": OURS, "count": 1});
    stage.phones.fault(cut).await;
    stage.ends(session, SessionReason::Network).await;
    stage.phones.mend().await;
    let row = stage.reaches(session, SessionState::Restricted).await;
    assert_eq!(row.until, row.new_chats_until);
    assert_eq!(
        drain(&shard, &held).await.outcome,
        DrainOutcome::NotConnected
    );

    // Disconnected and connected again by another process.
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    shard.stop().await;
    let shard = stage.shard().await;
    stage.want(session, Wanted::Connected).await;
    let row = stage.reaches(session, SessionState::Restricted).await;
    assert_eq!(row.reason, Some(SessionReason::NewChatsRestricted));
    // WhatsApp says it in whole seconds.
    let second = std::time::Duration::from_secs(1);
    assert!(row.until.is_some_and(|until| until.plus(second) >= end));
    assert_eq!(
        drain(&shard, &held).await.outcome,
        DrainOutcome::NotConnected
    );
    assert!(stage.phones.shown(BEN).await.is_empty());

    // Once the person has written, it is an answer.
    stage.phones.write(BEN, OURS, "hello").await;
    until("the message", async || {
        stage.events(EventType::MessageReceived).await.pop()
    })
    .await;
    assert_eq!(drain(&shard, &held).await.sent, 1);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_is_waited_out_over_a_restart_and_against_a_new_wish() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let ban = json!({"kind": "failure", "phone": OURS, "code": 402, "ms": 10_000, "count": 1});
    stage.phones.fault(ban).await;
    stage.want(session, Wanted::Connected).await;
    let row = stage.ends(session, SessionReason::TemporaryBan).await;
    let end = row.until.expect("an end");
    shard.stop().await;
    let logins = stage.phones.log("login").await.len();

    let shard = stage.shard().await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    stage.want(session, Wanted::Connected).await;
    let row = stage.ends(session, SessionReason::TemporaryBan).await;
    assert_eq!(row.until, Some(end));
    stage.reaches(session, SessionState::Connected).await;
    assert!(Timestamp::now() >= end, "it came back too early");
    assert_eq!(stage.phones.log("login").await.len(), logins + 1);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_dials_again_until_whatsapp_has_unlinked_the_device() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let refusal = json!({"kind": "refuse_login", "phone": OURS, "count": 2});
    stage.phones.fault(refusal).await;
    stage.want(session, Wanted::LoggedOut).await;
    let row = stage.reaches(session, SessionState::LoggedOut).await;
    assert_eq!(row.reason, Some(SessionReason::ByUser));
    assert_eq!(stage.phones.devices(OURS).await, 0);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_whatsapp_did_not_confirm_says_so() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let refusal = json!({"kind": "refuse_login", "phone": OURS});
    stage.phones.fault(refusal).await;
    stage.want(session, Wanted::LoggedOut).await;
    let row = stage.reaches(session, SessionState::LoggedOut).await;
    assert_eq!(row.reason, Some(SessionReason::UnlinkUnconfirmed));
    assert!(!row.paired);
    assert_eq!(stage.phones.devices(OURS).await, 1);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_leaves_an_unlinking_to_the_next_one() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let refusal = json!({"kind": "refuse_login", "phone": OURS});
    stage.phones.fault(refusal).await;
    stage.want(session, Wanted::Deleted).await;
    until("a refused login", async || {
        let faults = stage.phones.faults().await;
        faults.iter().any(|it| it["hits"] != 0).then_some(())
    })
    .await;
    shard.stop().await;
    let row = stage.look(session).await.expect("it is not gone");
    assert!(row.paired);
    assert_eq!(stage.phones.devices(OURS).await, 1);

    stage.phones.mend().await;
    let shard = stage.shard().await;
    until("the session is gone", async || {
        stage.look(session).await.is_none().then_some(())
    })
    .await;
    assert_eq!(stage.phones.devices(OURS).await, 0);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_while_a_number_was_down_is_told_when_it_is_back() {
    let (stage, shard, session) = Stage::opened(&[BEN]).await;
    stage.phones.write(BEN, OURS, "read me").await;
    let event = until("the message", async || {
        stage.events(EventType::MessageReceived).await.pop()
    })
    .await;
    let message: MessageObject = serde_json::from_value(event.data).expect("a message");
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let now = Timestamp::now();
    let read = chats::mark_read(&stage.store, now, stage.business, message.chat_id).await;
    assert!(read.expect("an answer").is_some());
    let answer = drain_chat(&shard, session, message.chat_id).await;
    assert_eq!(answer.outcome, DrainOutcome::NotConnected);

    stage.want(session, Wanted::Connected).await;
    stage.reaches(session, SessionState::Connected).await;
    let answer = drain_chat(&shard, session, message.chat_id).await;
    assert_eq!(answer.outcome, DrainOutcome::Drained);
    until("the phone shows it as read", async || {
        let shown = stage.phones.shown(BEN).await;
        shown.iter().any(|it| it["tick"] == "read").then_some(())
    })
    .await;
    stage.close(shard).await;
}
