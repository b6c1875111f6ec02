//! Who counts as missed: callers to whom nobody spoke, in whatever order that is told.

use serde_json::{Value, json};
use switchyard_core::call::{CallState, StepKind};
use switchyard_core::reason::CallReason;
use tokio_websockets::CloseCode;

use crate::caller::{Answer, Caller};
use crate::carrier::Carrier;
use crate::sockets::{Line, Program, agent, dial, next, start};
use crate::stage::{Replica, Stage, TOKEN, until};
use crate::watched::{OWNER, leg_of, rings_the_owner};

/// The call of whoever is rung, as its callbacks name it.
const LEG: [(&str, &str); 2] = [("CallSid", "CAleg"), ("ParentCallSid", "CA1")];

/// Callers are put through to somebody; `whisper`: who has to press 1 first.
fn dials(whisper: bool) -> Value {
    json!({
        "language": "en", "time_zone": "UTC", "entry": {"open": "ring", "closed": "ring"},
        "nodes": {
            "ring": {"kind": "dial", "targets": [OWNER], "whisper": whisper, "no_answer": "bye"},
            "bye": {"kind": "hangup"},
        },
    })
}

async fn rung(stage: &Stage, replica: &Replica, whisper: bool) -> (Caller, Answer) {
    stage.flow(dials(whisper)).await;
    let call = replica.caller(stage, "CA1");
    let page = call.rings().await;
    assert!(page.body.contains("<Dial"), "{}", page.body);
    (call, page)
}

/// Whoever was rung picks up.
async fn picks_up(call: &Caller, page: &Answer) {
    let form = [&LEG[..], &[("SequenceNumber", "2")]].concat();
    let told = call.goes(&page.attribute("statusCallback"), &form).await;
    assert_eq!(told.status, 204, "{}", told.body);
}

async fn reason(stage: &Stage) -> Option<CallReason> {
    let row = stage.row("CA1").await.unwrap();
    assert_eq!(row.state, CallState::Completed);
    row.reason
}

async fn answers(stage: &Stage, sid: &str) -> usize {
    let steps = stage.steps(sid).await;
    let answers = steps.iter().filter(|it| it.kind == StepKind::Answered);
    answers.count()
}

#[actix_web::test]
async fn a_caller_who_hangs_up_in_the_conversation_was_not_missed() {
    let stage = Stage::new().await;
    rings_the_owner(&stage).await;
    let (carrier, replica) = (Carrier::start(1.0).await, stage.replica());
    carrier.number(&replica.url, &stage).await;
    let owner = json!({"phone": OWNER, "does": "person"});
    carrier.put("/carrier/people", owner).await;
    let sid = carrier.rings("+15550002222").await;
    let leg = leg_of(&carrier).await;
    carrier
        .post(&format!("/calls/{leg}/answer"), json!({}))
        .await;
    until("they speak", || async { answers(&stage, &sid).await == 1 }).await;
    carrier
        .post(&format!("/calls/{sid}/hangup"), json!({}))
        .await;
    until("its row is ended", || async {
        stage.row(&sid).await.unwrap().state.is_over()
    })
    .await;
    // The page after the conversation is asked for last of all.
    carrier.entry(&sid, "request", "route", "action").await;
    assert_eq!(stage.row(&sid).await.unwrap().reason, None);
    assert_eq!(answers(&stage, &sid).await, 1, "told twice, written once");
    carrier.stop().await;
}

#[actix_web::test]
async fn who_is_asked_first_answers_by_pressing_1_and_not_by_picking_up() {
    for (digit, missed) in [("1", None), ("2", Some(CallReason::Missed))] {
        let stage = Stage::new().await;
        let replica = stage.replica();
        let (call, page) = rung(&stage, &replica, true).await;
        picks_up(&call, &page).await;
        assert_eq!(answers(&stage, "CA1").await, 0, "they are asked");
        let asked = call.goes(&page.attribute("url"), &LEG).await;
        let pressed = [&LEG[..], &[("Digits", digit)]].concat();
        call.goes(&asked.attribute("action"), &pressed).await;
        assert_eq!(call.ends("completed").await.status, 204);
        assert_eq!(reason(&stage).await, missed, "{digit}");
    }
}

#[actix_web::test]
async fn an_answer_that_is_told_after_the_end_takes_back_that_the_caller_was_missed() {
    for tells_at_pick_up in [true, false] {
        let stage = Stage::new().await;
        let replica = stage.replica();
        let (call, page) = rung(&stage, &replica, false).await;
        assert_eq!(call.ends("completed").await.status, 204);
        assert_eq!(reason(&stage).await, Some(CallReason::Missed));
        if tells_at_pick_up {
            picks_up(&call, &page).await;
        } else {
            let told = [("CallStatus", "completed"), ("DialCallStatus", "completed")];
            call.goes(&page.attribute("action"), &told).await;
        }
        assert_eq!(reason(&stage).await, None, "{tells_at_pick_up}");
    }
}

/// The provider has opened the socket of the call's audio, and says so.
async fn opens(replica: &Replica, call: &Caller, page: &Answer) -> Line {
    let started = [("StreamEvent", "stream-started"), ("StreamSid", "MZ1")];
    assert_eq!(call.asks("stream-status", &started).await.status, 204);
    let mut line = dial(replica, TOKEN).await.unwrap();
    start(&mut line, page, &call.sid).await;
    line
}

#[actix_web::test]
async fn a_program_that_is_not_there_dealt_with_nobody() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    agent(&stage, "ws://127.0.0.1:1/agent").await;
    let call = replica.caller(&stage, "CA1");
    let page = call.rings().await;
    let mut line = opens(&replica, &call, &page).await;
    assert_eq!(next(&mut line).await, Err(CloseCode::NORMAL_CLOSURE));
    call.goes(&page.text("Redirect"), &[]).await;
    assert_eq!(call.ends("completed").await.status, 204);
    assert_eq!(reason(&stage).await, Some(CallReason::Missed));
    let fault = async || {
        let steps = stage.steps("CA1").await;
        steps.into_iter().find(|it| it.kind == StepKind::Fault)
    };
    until("what went wrong is a step", || async {
        fault().await.is_some()
    })
    .await;
    let fault = fault().await.unwrap();
    let told = (fault.node.as_deref(), fault.detail.as_deref());
    assert_eq!(told, (Some("agent"), Some("unreachable")));
    let steps = stage.steps("CA1").await;
    let started = steps
        .iter()
        .filter(|it| it.detail.as_deref() == Some("started"));
    assert_eq!(
        started.count(),
        1,
        "what the provider said is noted all the same"
    );
    assert!(steps.iter().all(|it| it.kind != StepKind::Bridged));
}

#[actix_web::test]
async fn a_program_that_was_reached_dealt_with_the_caller() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    agent(&stage, &program.url()).await;
    let call = replica.caller(&stage, "CA1");
    let page = call.rings().await;
    // Nothing is told of the stream: the callback is lost.
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    program.takes().await.hears("start").await;
    until("that it took the call is a step", || async {
        let steps = stage.steps("CA1").await;
        let bridged = steps.iter().find(|it| it.kind == StepKind::Bridged);
        bridged.is_some_and(|it| it.node.as_deref() == Some("agent"))
    })
    .await;
    assert_eq!(call.ends("completed").await.status, 204);
    assert_eq!(reason(&stage).await, None);
}
