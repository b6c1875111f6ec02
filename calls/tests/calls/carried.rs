//! Calls over the telephone network of `sim`: what its callers hear, and how many it saw taken.

use calls::Options;
use serde_json::{Value, json};
use switchyard_core::call::{CallState, StepKind, StepObject};

use crate::carrier::Carrier;
use crate::sockets::Program;
use crate::stage::{Replica, Stage, until};

#[actix_web::test]
async fn a_caller_hears_the_greeting_presses_a_digit_and_is_bidden_goodbye() {
    let stage = Stage::new().await;
    stage
        .flow(json!({
            "language": "he", "time_zone": "Asia/Jerusalem", "entry": {"open": "greet", "closed": "greet"},
            "nodes": {
                "greet": {"kind": "say", "text": "שלום & ברוכים הבאים", "next": "menu"},
                "menu": {"kind": "menu", "prompt": "יש להקיש 1", "options": {"1": "bye"}, "timeout_s": 30,
                    "no_input": "no"},
                "bye": {"kind": "hangup", "text": "להתראות"},
                "no": {"kind": "hangup"},
            },
        }))
        .await;
    let replica = stage.replica();
    let carrier = Carrier::start(50.0).await;
    carrier.number(&replica.url, &stage).await;
    let sid = carrier.rings("+15550002222").await;
    carrier
        .entry(&sid, "said", "text", "שלום & ברוכים הבאים")
        .await;
    carrier.entry(&sid, "said", "text", "יש להקיש 1").await;
    carrier
        .post(&format!("/calls/{sid}/digits"), json!({"digits": "1"}))
        .await;
    carrier.entry(&sid, "said", "text", "להתראות").await;
    carrier.entry(&sid, "status", "status", "completed").await;
    let rows = carrier.ledger(&sid).await;
    let errors: Vec<&Value> = rows.iter().filter(|row| row["kind"] == "error").collect();
    assert_eq!(errors, Vec::<&Value>::new());
    until("the row says so", || async {
        stage
            .row(&sid)
            .await
            .is_some_and(|row| row.state == CallState::Completed)
    })
    .await;
    carrier.stop().await;
}

#[actix_web::test]
async fn the_network_never_sees_more_calls_taken_than_there_are_lines() {
    let stage = Stage::new().await;
    let replica = Replica::start(Options {
        limit: 5,
        ..stage.options(None)
    });
    let carrier = Carrier::start(50.0).await;
    carrier.number(&replica.url, &stage).await;
    for n in 0..40 {
        carrier.rings(&format!("+1555000{:04}", 3_000 + n)).await;
    }
    until("all are answered", || async {
        let stats = carrier.get("/calls/stats").await;
        stats["refused"].as_i64().unwrap() + stats["admitted"].as_i64().unwrap() >= 40
    })
    .await;
    let stats = carrier.get("/calls/stats").await;
    assert!(stats["peak_admitted"].as_i64().unwrap() <= 5, "{stats}");
    assert!(stats["refused"].as_i64().unwrap() >= 1, "{stats}");
    until("nothing is left", || async {
        carrier.get("/calls/stats").await["live_admitted"] == 0
    })
    .await;
    until("no slot is left", || async {
        replica.metric("switchyard_calls_in_hand") == 0.0
            && replica.metric("switchyard_calls_live") == 0.0
    })
    .await;
    carrier.stop().await;
}

#[actix_web::test]
async fn the_audio_of_a_call_goes_to_the_program_and_what_it_says_is_heard() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    stage
        .flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "agent", "closed": "agent"},
            "nodes": {
                "agent": {"kind": "bridge", "url": program.url(), "done": "bye", "failed": "sorry"},
                "bye": {"kind": "hangup", "text": "goodbye from the flow"}, "sorry": {"kind": "hangup"},
            },
        }))
        .await;
    let replica = stage.replica();
    let carrier = Carrier::start(1.0).await;
    carrier.number(&replica.url, &stage).await;
    let sid = carrier.rings("+15550002222").await;
    let mut talk = program.takes().await;
    assert_eq!(talk.hears("start").await["start"]["callSid"], sid);
    for _ in 0..5 {
        assert_eq!(talk.hears("media").await["media"]["track"], "inbound");
    }
    carrier
        .post(&format!("/calls/{sid}/digits"), json!({"digits": "7"}))
        .await;
    assert_eq!(talk.hears("dtmf").await["dtmf"]["digit"], "7");
    // 100 ms of silence, and a mark that comes back when it has been heard.
    let silence = format!("{}w==", "/".repeat(1_065));
    talk.says(json!({"event": "media", "media": {"payload": silence}}))
        .await;
    talk.says(json!({"event": "mark", "mark": {"name": "heard"}}))
        .await;
    assert_eq!(talk.hears("mark").await["mark"]["name"], "heard");
    talk.says(json!({"event": "stop"})).await;
    talk.hears("stop").await;
    carrier
        .entry(&sid, "said", "text", "goodbye from the flow")
        .await;
    carrier.entry(&sid, "status", "status", "completed").await;
    let rows = carrier.ledger(&sid).await;
    let errors: Vec<&Value> = rows.iter().filter(|row| row["kind"] == "error").collect();
    assert_eq!(errors, Vec::<&Value>::new());
    let begun = |it: &StepObject| it.kind == StepKind::Bridged;
    until("its steps say so", || async {
        stage.steps(&sid).await.iter().any(begun)
    })
    .await;
    carrier.stop().await;
}
