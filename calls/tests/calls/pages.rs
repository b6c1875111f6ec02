//! Pages: a call is led through its flow, and what is asked twice is answered once.

use serde_json::json;
use switchyard_core::call::{CallState, StepKind};
use tokio::task::JoinSet;

use crate::caller::{Caller, sign};
use crate::stage::{Stage, TOKEN, another};

fn shop() -> serde_json::Value {
    json!({
        "language": "he", "time_zone": "Asia/Jerusalem",
        "entry": {"open": "greet", "closed": "vm"},
        "nodes": {
            "greet": {"kind": "say", "text": "שלום", "next": "menu"},
            "menu": {"kind": "menu", "prompt": "1 to speak", "options": {"1": "ring", "9": "bye"},
                "retries": 1, "no_input": "vm"},
            "ring": {"kind": "dial", "targets": ["+15550003333", "+15550004444"], "ring_s": 20, "whisper": true,
                "no_answer": "vm"},
            "bye": {"kind": "hangup", "text": "bye"},
            "vm": {"kind": "voicemail", "prompt": "speak", "max_s": 60},
        },
    })
}

#[actix_web::test]
async fn a_wrong_signature_is_refused_before_anything_happens() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    let path = format!("/twilio/{}/voice", stage.business);
    let forged = call
        .asks_as("another token", &path, &[("CallStatus", "ringing")])
        .await;
    assert_eq!(forged.status, 403);
    assert!(stage.row("CA1").await.is_none());
    assert_eq!(replica.metric("switchyard_calls_forged_total"), 1.0);
    assert_eq!(replica.metric("switchyard_call_admissions_total"), 0.0);
    let other = [("CallStatus", "ringing"), ("AccountSid", "AC9")];
    assert_eq!(
        call.asks_as(TOKEN, &path, &other).await.status,
        403,
        "another account"
    );
    let other = [("CallStatus", "ringing"), ("To", "+15559999999")];
    assert_eq!(
        call.asks_as(TOKEN, &path, &other).await.status,
        403,
        "nobody's number"
    );
    let path = path.replace("biz_", "biz_f");
    assert_eq!(
        call.asks_as(TOKEN, &path, &[]).await.status,
        403,
        "no such business"
    );
}

#[actix_web::test]
async fn what_the_provider_fetches_for_a_flow_ends_no_call() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    let path = format!(
        "/twilio/{}/status?CallSid=CA1&CallStatus=completed",
        stage.business
    );
    let url = format!("{}{path}", replica.url);
    stage
        .flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "tune", "closed": "tune"},
            "nodes": {"tune": {"kind": "play", "url": url, "next": "bye"}, "bye": {"kind": "hangup", "text": "bye"}},
        }))
        .await;
    let page = call.rings().await;
    assert_eq!(page.text("Say"), "bye");
    assert!(!page.body.contains("<Play"), "{}", page.body);
    let signature = sign(TOKEN, &url, &[]);
    let fetched = reqwest::Client::new()
        .get(&url)
        .header("X-Twilio-Signature", signature);
    assert_eq!(
        fetched.send().await.unwrap().status(),
        403,
        "it names no account"
    );
    let neighbour = another(&stage.store, "+15550007777").await;
    let foreign = Caller::new(&replica.url, &replica.url, neighbour, "CA1");
    foreign.ends("completed").await;
    assert!(
        stage
            .row("CA1")
            .await
            .is_some_and(|row| !row.state.is_over())
    );
    assert_eq!(
        call.rings().await.body,
        page.body,
        "it has its slot and its page"
    );
}

#[actix_web::test]
async fn a_call_is_led_by_its_digits_and_every_step_is_written_down() {
    let stage = Stage::new().await;
    stage.flow(shop()).await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    let first = call.rings().await;
    assert_eq!(first.status, 200);
    assert!(
        first
            .body
            .contains("<Say language=\"he-IL\">שלום</Say><Gather"),
        "{}",
        first.body
    );
    let action = first.attribute("action");
    assert_eq!(
        first.text("Redirect"),
        action,
        "nothing pressed is answered there too"
    );
    // Nothing, then nothing that is offered: the retry, then the way without input.
    let again = call.goes(&action, &[]).await;
    assert!(
        again.body.contains("<Gather") && !again.body.contains("שלום"),
        "{}",
        again.body
    );
    let dial = call
        .goes(&again.attribute("action"), &[("Digits", "1")])
        .await;
    assert_eq!(dial.text("Number"), "+15550003333");
    let whisper = call
        .goes(
            &dial.attribute("url"),
            &[("ParentCallSid", "CA1"), ("CallSid", "CA2")],
        )
        .await;
    let accepted = [
        ("ParentCallSid", "CA1"),
        ("CallSid", "CA2"),
        ("Digits", "1"),
    ];
    let accepted = call.goes(&whisper.attribute("action"), &accepted).await;
    assert!(
        accepted.body.ends_with("<Response></Response>"),
        "{}",
        accepted.body
    );
    let next = call
        .goes(
            &dial.attribute("action"),
            &[("DialCallStatus", "no-answer")],
        )
        .await;
    assert_eq!(next.text("Number"), "+15550004444", "the next one is rung");
    let vm = call
        .goes(&next.attribute("action"), &[("DialCallStatus", "busy")])
        .await;
    assert!(vm.body.contains("<Record"), "{}", vm.body);
    let thanks = call
        .goes(&vm.attribute("action"), &[("RecordingSid", "RE1")])
        .await;
    assert!(thanks.body.contains("<Hangup/>"), "{}", thanks.body);
    let recorded = [
        ("RecordingSid", "RE1"),
        ("RecordingDuration", "7"),
        ("RecordingStatus", "completed"),
    ];
    for _ in 0..2 {
        assert_eq!(call.asks("recording", &recorded).await.status, 204);
    }
    assert_eq!(call.ends("completed").await.status, 204);
    let row = stage.row("CA1").await.unwrap();
    assert_eq!(
        (row.state, row.duration_s),
        (CallState::Completed, Some(42))
    );
    assert_eq!(row.recording.unwrap().recording_sid, "RE1");
    let kinds: Vec<StepKind> = stage.steps("CA1").await.iter().map(|it| it.kind).collect();
    use StepKind::{Answered, Digits, Node, Recorded, Unanswered};
    let wanted = [
        Node, Node, Digits, Node, Answered, Unanswered, Node, Unanswered, Node, Recorded, Node,
    ];
    assert_eq!(kinds, wanted);
}

#[actix_web::test]
async fn a_conversation_ends_the_call_and_a_refused_whisper_does_not_count_as_one() {
    let stage = Stage::new().await;
    stage.flow(shop()).await;
    let replica = stage.replica();
    for (sid, bridged, part) in [
        ("CA1", "true", "<Hangup/>"),
        ("CA2", "false", "+15550004444"),
    ] {
        let call = replica.caller(&stage, sid);
        let first = call.rings().await;
        let dial = call
            .goes(&first.attribute("action"), &[("Digits", "1")])
            .await;
        let form = [("DialCallStatus", "completed"), ("DialBridged", bridged)];
        let after = call.goes(&dial.attribute("action"), &form).await;
        assert!(after.body.contains(part), "{}", after.body);
    }
}

#[actix_web::test]
async fn one_call_asked_for_64_times_at_once_has_one_slot_and_one_page() {
    let stage = Stage::new().await;
    stage.flow(shop()).await;
    let replica = stage.replica();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let call = replica.caller(&stage, "CA1");
        tasks.spawn(async move { call.rings().await });
    }
    let answers = tasks.join_all().await;
    assert!(
        answers.iter().all(|answer| answer == &answers[0]),
        "{answers:?}"
    );
    assert_eq!(answers[0].status, 200);
    assert_eq!(stage.steps("CA1").await.len(), 1);
}

#[actix_web::test]
async fn a_step_that_is_asked_again_or_late_is_answered_with_the_page_there_is() {
    let stage = Stage::new().await;
    stage.flow(shop()).await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    let action = call.rings().await.attribute("action");
    let second = call.goes(&action, &[("Digits", "1")]).await;
    assert_eq!(call.goes(&action, &[("Digits", "9")]).await, second);
    let third = call
        .goes(&second.attribute("action"), &[("DialCallStatus", "busy")])
        .await;
    assert_eq!(
        call.goes(&action, &[("Digits", "1")]).await,
        third,
        "a late one"
    );
    assert_eq!(
        stage
            .steps("CA1")
            .await
            .iter()
            .filter(|it| it.kind == StepKind::Node)
            .count(),
        3
    );
}

#[actix_web::test]
async fn a_flow_that_changes_during_a_call_is_the_next_calls() {
    let stage = Stage::new().await;
    stage.flow(shop()).await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    let action = call.rings().await.attribute("action");
    let mut changed = shop();
    changed["nodes"]["bye"]["text"] = json!("other words");
    stage.flow(changed).await;
    let bye = call.goes(&action, &[("Digits", "9")]).await;
    assert_eq!(bye.text("Say"), "bye");
}

#[actix_web::test]
async fn a_page_that_was_lost_is_heard_again_by_way_of_the_fallback() {
    let stage = Stage::new().await;
    stage.flow(shop()).await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    let first = call.rings().await;
    let lost = call
        .asks(
            "fallback",
            &[("CallStatus", "in-progress"), ("ErrorCode", "11200")],
        )
        .await;
    assert_eq!(lost.body, first.body);
    let new = replica.caller(&stage, "CA2");
    let busy = new
        .asks(
            "fallback",
            &[("CallStatus", "ringing"), ("ErrorCode", "11200")],
        )
        .await;
    assert!(busy.body.contains("<Reject reason=\"busy\"/>"));
}
