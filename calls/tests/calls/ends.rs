//! Ends: told in any order, any number of times, they end a call once and free its slot once.

use serde_json::json;
use switchyard_core::call::{CallState, StepKind};
use switchyard_core::reason::CallReason;

use crate::stage::{Stage, until};

async fn live(stage: &Stage, replica: &crate::stage::Replica) -> u32 {
    // A call that is new is admitted by its place in a limit of one.
    let probe = replica.caller(stage, "CAprobe").rings().await;
    replica.caller(stage, "CAprobe").ends("completed").await;
    u32::from(probe.status == 503)
}

#[actix_web::test]
async fn an_end_that_comes_three_times_and_in_other_words_counts_once() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    assert_eq!(call.rings().await.status, 200);
    for status in ["busy", "completed", "busy"] {
        assert_eq!(call.ends(status).await.status, 204);
    }
    let row = stage.row("CA1").await.unwrap();
    assert_eq!(row.state, CallState::Busy, "the first end stands");
    let steps = stage.steps("CA1").await;
    let other: Vec<_> = steps
        .iter()
        .filter(|it| it.kind == StepKind::Status)
        .collect();
    assert_eq!(other.len(), 1, "the other word is noted once");
    assert_eq!(other[0].detail.as_deref(), Some("completed"));
    let late = call.rings().await;
    assert_eq!(late.status, 200);
    assert!(
        late.body.contains("<Hangup/>"),
        "a late first webhook gets no slot: {}",
        late.body
    );
}

#[actix_web::test]
async fn callbacks_in_the_wrong_order_move_nothing_backwards() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    call.rings().await;
    call.ends("completed").await;
    for status in ["in-progress", "ringing", "teleported"] {
        let told = call
            .asks("status", &[("CallStatus", status), ("SequenceNumber", "1")])
            .await;
        assert_eq!(told.status, 204, "{status}");
    }
    assert_eq!(stage.row("CA1").await.unwrap().state, CallState::Completed);
}

#[actix_web::test]
async fn an_end_that_overtakes_the_beginning_leaves_no_slot() {
    let stage = Stage::new().await;
    let options = calls::Options {
        limit: 1,
        ..stage.options(None)
    };
    let replica = crate::stage::Replica::start(options);
    let call = replica.caller(&stage, "CA1");
    assert_eq!(call.ends("completed").await.status, 204);
    let answer = call.rings().await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<Hangup/>"), "{}", answer.body);
    assert_eq!(live(&stage, &replica).await, 0);
    let row = stage.row("CA1").await.unwrap();
    assert_eq!(row.state, CallState::Completed);
    assert_eq!(row.reason, Some(CallReason::Missed), "and is written down");
}

#[actix_web::test]
async fn an_end_that_is_told_while_the_first_page_is_made_ends_the_call_too() {
    let stage = Stage::new().await;
    let options = calls::Options {
        limit: 100,
        business_limit: 100,
        ..stage.options(None)
    };
    let replica = crate::stage::Replica::start(options);
    let sids: Vec<String> = (0..60).map(|number| format!("CA{number}")).collect();
    let both = sids.iter().map(|sid| {
        let call = replica.caller(&stage, sid);
        async move {
            let (first, end) = tokio::join!(call.rings(), call.ends("completed"));
            assert_eq!((first.status, end.status), (200, 204));
        }
    });
    futures_util::future::join_all(both).await;
    for sid in &sids {
        let row = stage.row(sid).await;
        assert!(
            row.as_ref().is_none_or(|row| row.state.is_over()),
            "{row:?}"
        );
    }
}

#[actix_web::test]
async fn a_leg_neither_takes_a_slot_nor_frees_one() {
    let stage = Stage::new().await;
    let options = calls::Options {
        limit: 1,
        ..stage.options(None)
    };
    let replica = crate::stage::Replica::start(options);
    let call = replica.caller(&stage, "CA1");
    assert_eq!(call.rings().await.status, 200);
    let leg = [("CallSid", "CAleg"), ("ParentCallSid", "CA1")];
    for (n, status) in ["initiated", "ringing", "in-progress", "completed"]
        .iter()
        .enumerate()
    {
        let n = n.to_string();
        let mut form = vec![("CallStatus", *status), ("SequenceNumber", n.as_str())];
        form.extend(leg);
        assert_eq!(call.asks("status", &form).await.status, 204);
    }
    assert_eq!(
        live(&stage, &replica).await,
        1,
        "the call has its slot still"
    );
    assert!(!stage.row("CA1").await.unwrap().state.is_over());
    assert!(stage.row("CAleg").await.is_none());
}

#[actix_web::test]
async fn whoever_hangs_up_in_a_menu_without_a_last_callback_is_free_when_the_page_is_over() {
    let stage = Stage::new().await;
    stage
        .flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "menu", "closed": "menu"},
            "nodes": {
                "menu": {"kind": "menu", "prompt": "1", "options": {"1": "bye"}, "timeout_s": 1, "no_input": "bye"},
                "bye": {"kind": "hangup"},
            },
        }))
        .await;
    let mut options = calls::Options {
        limit: 1,
        ..stage.options(None)
    };
    options.timing.lease = std::time::Duration::from_millis(1_500);
    let replica = crate::stage::Replica::start(options);
    assert_eq!(replica.caller(&stage, "CA1").rings().await.status, 200);
    until("the slot is free", || async {
        replica.caller(&stage, "CA2").rings().await.status == 200
    })
    .await;
    until("the row says so", || async {
        let row = stage.row("CA1").await.unwrap();
        row.state.is_over() && row.reason.is_some_and(|it| it.code() == "lost")
    })
    .await;
}
