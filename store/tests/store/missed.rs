//! Callers who were missed: written to once in a window, and only those to whom nobody spoke and who want it.

use std::collections::HashMap;
use std::time::Duration;

use store::calls::{self, Recorded};
use store::jobs::{self, Ask};
use store::sweeps;
use switchyard_core::Timestamp;
use switchyard_core::call::{CallSid, StepKind};
use switchyard_core::flow::{CallFlow, Language, Night};
use switchyard_core::job::Job;
use switchyard_core::reason::CallReason;

use crate::bench::{Bench, NOON, both_engines};
use crate::call_requests::opt_out;
use crate::calls::{CALLER, OVER, begin, put, sid, step};

fn answering() -> CallFlow {
    let mut flow = CallFlow::standard(Language::En);
    flow.missed_call.enabled = true;
    "Sorry that we missed you".clone_into(&mut flow.missed_call.text);
    flow
}

/// The jobs that are due at this instant.
async fn due(bench: &Bench, at: Timestamp) -> Vec<Job> {
    due_of(bench, "answer_missed_call", at).await
}

async fn due_of(bench: &Bench, kind: &'static str, at: Timestamp) -> Vec<Job> {
    let ask = Ask {
        kind,
        worker: "one".into(),
        slots: 40,
        free: 10,
        running: HashMap::new(),
        after: None,
        lease: Duration::from_mins(1),
    };
    let taken = jobs::claim(&bench.store, at, ask).await.unwrap();
    taken.jobs.into_iter().map(|it| it.job.unwrap()).collect()
}

both_engines! {
    async fn whoever_is_missed_is_written_to_once_in_a_window(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        put(store, business, 0, answering()).await.unwrap();
        for n in 1..=3 {
            begin(store, business, n).await;
            calls::end_call(store, NOON, business, sid(n), OVER).await.unwrap();
        }
        assert_eq!(due(bench, NOON).await, [], "a message may have been left");
        let soon = NOON.plus(Duration::from_secs(10));
        let jobs = due(bench, soon).await;
        let [Job::AnswerMissedCall { caller, call: Some(call) }] = jobs.as_slice() else {
            panic!("{jobs:?}");
        };
        assert_eq!(*call, sid(1));
        let ask = async |at| calls::missed_caller(store, at, business, *caller, Some(call)).await;
        let tell = ask(soon).await.unwrap().unwrap();
        assert_eq!((tell.phone.digits(), tell.text.as_str()), (CALLER, "Sorry that we missed you"));
        calls::told_caller(store, soon, business, *caller).await.unwrap();
        assert!(ask(soon).await.unwrap().is_none());
        let later = soon.plus(Duration::from_hours(6));
        let again = ask(later).await.unwrap().unwrap();
        assert_ne!(again.key, tell.key);
        let mut quiet = answering();
        quiet.missed_call.quiet = Some(Night { from: "12:00".to_owned(), to: "20:00".to_owned() });
        put(store, business, 1, quiet).await.unwrap();
        // NOON is one of UTC, as the flow's zone is.
        let tell = ask(later).await.unwrap().unwrap();
        assert_eq!((tell.wait, again.wait), (Duration::from_hours(2), Duration::ZERO));
        let left = Recorded {
            recording_sid: "RE1".parse().unwrap(),
            duration_s: Some(5),
            is_absent: false,
        };
        calls::note_recording(store, NOON, business, sid(1), left).await.unwrap();
        assert!(ask(later).await.unwrap().is_none(), "a message was left after all");
    }

    async fn who_was_missed_is_forgotten_a_month_after_the_last_call_and_message(bench: &Bench) {
        const MONTH: Duration = Duration::from_hours(30 * 24);
        let (store, business) = (&bench.store, bench.business());
        put(store, business, 0, answering()).await.unwrap();
        begin(store, business, 1).await;
        calls::end_call(store, NOON, business, sid(1), OVER).await.unwrap();
        let soon = NOON.plus(Duration::from_secs(10));
        let jobs = due(bench, soon).await;
        let [Job::AnswerMissedCall { caller, .. }] = jobs.as_slice() else {
            panic!("{jobs:?}");
        };
        let is_known = async || {
            let now = NOON.plus(MONTH * 2);
            calls::missed_caller(store, now, business, *caller, None).await.unwrap().is_some()
        };
        let pruned = async |at: Timestamp| while sweeps::prune(store, at).await.unwrap() > 0 {};
        // Written to later than missed, as after quiet hours.
        calls::told_caller(store, soon, business, *caller).await.unwrap();
        pruned(soon.plus(MONTH)).await;
        assert!(is_known().await, "the last message is not a month old");
        pruned(soon.plus(MONTH).plus(Duration::from_millis(1))).await;
        assert!(!is_known().await);
    }

    async fn nobody_is_written_to_while_the_flow_does_not_say_so(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        begin(store, business, 1).await;
        calls::end_call(store, NOON, business, sid(1), OVER).await.unwrap();
        assert_eq!(due(bench, NOON.plus(Duration::from_hours(1))).await, []);
    }

    async fn an_answer_that_is_told_after_the_end_keeps_the_caller_from_being_written_to(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        put(store, business, 0, answering()).await.unwrap();
        begin(store, business, 1).await;
        let ended = calls::end_call(store, NOON, business, sid(1), OVER).await.unwrap().unwrap();
        assert_eq!(ended.reason, Some(CallReason::Missed));
        let soon = NOON.plus(Duration::from_secs(10));
        let jobs = due(bench, soon).await;
        let [Job::AnswerMissedCall { caller, call: Some(call) }] = jobs.as_slice() else {
            panic!("{jobs:?}");
        };
        let answered = step("answered:2", StepKind::Answered, None);
        calls::step_call(store, soon, business, sid(1), answered).await.unwrap();
        let tell = calls::missed_caller(store, soon, business, *caller, Some(call)).await.unwrap();
        assert!(tell.is_none(), "{tell:?}");
        let call = calls::get(store, business, &sid(1)).await.unwrap().unwrap();
        assert_eq!((call.state, call.reason), (ended.state, None));
    }

    async fn whoever_asked_for_no_messages_is_written_to_by_nobody(bench: &Bench) {
        let (store, business, other) = (&bench.store, bench.business(), bench.business());
        for business in [business, other] {
            put(store, business, 0, answering()).await.unwrap();
            begin(store, business, 1).await;
            calls::end_call(store, NOON, business, sid(1), OVER).await.unwrap();
        }
        opt_out(store, business, CALLER).await;
        let soon = NOON.plus(Duration::from_secs(10));
        let mut told = Vec::new();
        for job in due(bench, soon).await {
            let Job::AnswerMissedCall { caller, call } = job else {
                panic!("{job:?}");
            };
            for business in [business, other] {
                let tell = calls::missed_caller(store, soon, business, caller, call.as_ref()).await;
                told.extend(tell.unwrap().map(|_| business));
            }
        }
        assert_eq!(told, [other], "what one business was asked binds no other one");
    }

    async fn the_providers_copy_of_what_is_not_kept_goes_if_the_flow_says_so(bench: &Bench) {
        const DAY: Duration = Duration::from_hours(24);
        let store = &bench.store;
        for (deletes, keep_days, dropped_after) in [
            (true, None, [Some(0), Some(30)]),
            (true, Some(7), [Some(0), Some(7)]),
            (false, None, [None, None]),
        ] {
            let business = bench.business();
            let mut flow = answering();
            (flow.recording.delete_at_provider, flow.recording.keep_days) = (deletes, keep_days);
            put(store, business, 0, flow).await.unwrap();
            begin(store, business, 1).await;
            for (days, (recording, duration_s)) in dropped_after.into_iter().zip([("REshort", 1), ("REfull", 9)]) {
                let recording: CallSid = format!("{recording}{deletes}{keep_days:?}").replace(['(', ')'], "-").parse().unwrap();
                let told = Recorded { recording_sid: recording.clone(), duration_s: Some(duration_s), is_absent: false };
                calls::note_recording(store, NOON, business, sid(1), told).await.unwrap();
                calls::fail_recording(store, NOON, business, recording.clone()).await.unwrap();
                let wanted: Vec<_> = days.map(|_| Job::DropRecording { recording }).into_iter().collect();
                let at = NOON.plus(DAY * days.unwrap_or(365));
                let before = due_of(bench, "drop_recording", at.minus(Duration::from_millis(1))).await;
                assert_eq!(before, []);
                assert_eq!(due_of(bench, "drop_recording", at).await, wanted);
            }
        }
    }
}
