//! Calls: begun and ended once, moved forward only, their numbers and flows of one business each.

use std::time::Duration;

use store::audit::Actor;
use store::calls::{self, Begun, Ending, NewCall, Put, Recorded, Rejected, Step, StoredFlow};
use store::{Error, Store, events};
use switchyard_core::address::Phone;
use switchyard_core::call::{CallObject, CallSid, CallState, Direction, StepKind};
use switchyard_core::event::EventType;
use switchyard_core::flow::{CallFlow, Language, Node};
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};

use crate::bench::{Bench, NOON, both_engines};

pub(crate) const CALLER: &str = "972501234567";
const LINE: &str = "97231110000";

pub(crate) fn sid(n: u32) -> CallSid {
    format!("CA{n:032x}").parse().unwrap()
}

fn inbound(n: u32) -> NewCall {
    NewCall {
        sid: sid(n),
        direction: Direction::Inbound,
        from: Some(format!("+{CALLER}")),
        to: Some(format!("+{LINE}")),
        state: CallState::Ringing,
        flow_version: 0,
        first: None,
    }
}

pub(crate) fn step(told: &str, kind: StepKind, state: Option<CallState>) -> Step {
    Step {
        told: told.to_owned(),
        kind,
        node: Some("menu".to_owned()),
        detail: None,
        state,
    }
}

pub(crate) const OVER: Ending = Ending {
    state: CallState::Completed,
    duration_s: Some(42),
    reason: None,
};

pub(crate) async fn begin(store: &Store, business: BusinessId, n: u32) -> CallObject {
    match calls::begin_call(store, NOON, business, inbound(n))
        .await
        .unwrap()
    {
        Begun::New(call) => call,
        Begun::Known(_) => panic!("the call {n} began before"),
    }
}

async fn told(store: &Store, business: BusinessId) -> Vec<EventType> {
    let page = events::after(store, business, 0, 100).await.unwrap();
    page.events.iter().map(|event| event.kind).collect()
}

fn number() -> Phone {
    Phone::parse(LINE).unwrap()
}

async fn add(
    store: &Store,
    business: BusinessId,
    phone: Phone,
) -> store::Result<calls::CallNumber> {
    calls::add_number(
        store,
        NOON,
        Actor::system(),
        business,
        phone,
        "Shop".to_owned(),
    )
    .await
}

pub(crate) async fn put(
    store: &Store,
    business: BusinessId,
    expected: i64,
    flow: CallFlow,
) -> store::Result<Put> {
    calls::put_flow(store, NOON, Actor::system(), business, expected, flow).await
}

fn ringing(target: &str) -> CallFlow {
    let mut flow = CallFlow::standard(Language::He);
    let node = serde_json::json!({"kind": "dial", "targets": [target], "no_answer": "voicemail"});
    let node: Node = serde_json::from_value(node).unwrap();
    flow.nodes.insert("ring".to_owned(), node);
    "ring".clone_into(&mut flow.entry.open);
    flow
}

both_engines! {
    async fn a_call_begins_once_however_often_it_is_told(bench: &Bench) {
        let business = bench.business();
        let begun = begin(&bench.store, business, 1).await;
        assert_eq!(begun.state, CallState::Ringing);
        assert_eq!(begun.from.as_deref(), Some("+972501234567"));
        let again = calls::begin_call(&bench.store, NOON, business, inbound(1)).await.unwrap();
        assert_eq!(again, Begun::Known(begun));
        assert_eq!(told(&bench.store, business).await, [EventType::CallStarted]);
    }

    async fn of_sixteen_tellings_at_once_one_is_the_first(bench: &Bench) {
        let business = bench.business();
        let tellings = (0..16).map(|_| calls::begin_call(&bench.store, NOON, business, inbound(1)));
        let begun = futures_util::future::join_all(tellings).await;
        let firsts = begun.iter().filter(|it| matches!(it, Ok(Begun::New(_)))).count();
        assert_eq!(firsts, 1, "{begun:?}");
        assert_eq!(told(&bench.store, business).await, [EventType::CallStarted]);
    }

    async fn steps_are_written_once_and_the_state_only_moves_forward(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        begin(store, business, 1).await;
        let up = Some(CallState::InProgress);
        let add = async |told, kind, state| {
            calls::step_call(store, NOON, business, sid(1), step(told, kind, state)).await.unwrap()
        };
        assert_eq!(add("a", StepKind::Node, up).await, Some(true));
        assert_eq!(add("a", StepKind::Node, up).await, Some(false));
        assert_eq!(add("b", StepKind::Digits, Some(CallState::Ringing)).await, Some(true));
        let unknown = calls::step_call(store, NOON, business, sid(2), step("a", StepKind::Node, up));
        assert_eq!(unknown.await.unwrap(), None);
        let call = calls::get(store, business, &sid(1)).await.unwrap().unwrap();
        assert_eq!((call.state, call.answered_at), (CallState::InProgress, Some(NOON)));
        let steps = calls::steps(store, business, &sid(1)).await.unwrap();
        let shown: Vec<_> = steps.iter().map(|it| (it.n, it.kind)).collect();
        assert_eq!(shown, [(1, StepKind::Node), (2, StepKind::Digits)]);
    }

    async fn the_first_end_of_a_call_stands_and_is_told_once(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        begin(store, business, 1).await;
        let answered = step("a", StepKind::Answered, Some(CallState::InProgress));
        calls::step_call(store, NOON, business, sid(1), answered).await.unwrap();
        let busy = Ending { state: CallState::Busy, duration_s: None, reason: None };
        calls::end_call(store, NOON, business, sid(1), busy).await.unwrap().unwrap();
        let later = calls::end_call(store, NOON, business, sid(1), OVER).await.unwrap().unwrap();
        assert_eq!((later.state, later.duration_s), (CallState::Busy, Some(42)));
        assert_eq!(later.reason, None, "somebody spoke to the caller");
        assert!(calls::end_call(store, NOON, business, sid(2), OVER).await.unwrap().is_none());
        let late = step("z", StepKind::Status, Some(CallState::InProgress));
        calls::step_call(store, NOON, business, sid(1), late).await.unwrap();
        let call = calls::get(store, business, &sid(1)).await.unwrap().unwrap();
        assert_eq!(call.state, CallState::Busy);
        assert_eq!(told(store, business).await, [EventType::CallStarted, EventType::CallEnded]);
    }

    async fn a_lost_call_that_gets_a_page_goes_on_and_ends_anew(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        begin(store, business, 1).await;
        let page = step("page:1", StepKind::Node, Some(CallState::InProgress));
        let step = async |it: &Step| calls::step_call(store, NOON, business, sid(1), it.clone()).await.unwrap();
        step(&page).await;
        let lost = Ending { reason: Some(CallReason::Lost), duration_s: None, ..OVER };
        calls::end_call(store, NOON, business, sid(1), lost).await.unwrap();
        let told_late = Step { told: "status".to_owned(), kind: StepKind::Status, ..page.clone() };
        step(&told_late).await;
        let call = async || calls::get(store, business, &sid(1)).await.unwrap().unwrap();
        assert_eq!(call().await.reason, Some(CallReason::Lost), "a callback proves nothing");
        step(&Step { told: "page:2".to_owned(), ..page.clone() }).await;
        let back = call().await;
        assert_eq!((back.state, back.reason, back.ended_at), (CallState::InProgress, None, None));
        let over = calls::end_call(store, NOON, business, sid(1), OVER).await.unwrap().unwrap();
        assert_eq!((over.state, over.duration_s), (CallState::Completed, Some(42)));
        step(&Step { told: "page:3".to_owned(), ..page }).await;
        assert!(call().await.state.is_over(), "what is known to be over stays so");
    }

    async fn a_caller_to_whom_nobody_spoke_was_missed_unless_a_message_was_left(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        for (n, duration_s, reason) in [
            (1, None, CallReason::Missed),
            (2, Some(7), CallReason::Voicemail),
            (3, Some(1), CallReason::Missed),
        ] {
            begin(store, business, n).await;
            if duration_s.is_some() {
                let recorded = Recorded {
                    recording_sid: format!("RE{n}").parse().unwrap(),
                    duration_s,
                    is_absent: false,
                };
                let note = |it| calls::note_recording(store, NOON, business, sid(n), it);
                assert!(note(recorded.clone()).await.unwrap());
                assert!(!note(recorded).await.unwrap(), "told twice");
            }
            let ended = calls::end_call(store, NOON, business, sid(n), OVER).await.unwrap().unwrap();
            assert_eq!(ended.reason, Some(reason), "{n}");
        }
        let late = Recorded {
            recording_sid: "RE9".parse().unwrap(),
            duration_s: Some(9),
            is_absent: false,
        };
        calls::note_recording(store, NOON, business, sid(1), late).await.unwrap();
        let call = calls::get(store, business, &sid(1)).await.unwrap().unwrap();
        assert_eq!(call.reason, Some(CallReason::Voicemail));
        assert_eq!(call.recording.unwrap().recording_sid, "RE9");
    }

    async fn calls_turned_away_are_told_of_once_a_second_with_their_count(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        let away = async |at: Timestamp, count| {
            let rejected = Rejected { reason: CallReason::AtCapacity, count, callers: Vec::new() };
            calls::call_rejected(store, at, business, rejected).await.unwrap()
        };
        assert_eq!(away(NOON, 3).await, 0);
        assert_eq!(away(NOON.plus(Duration::from_millis(400)), 2).await, 2);
        assert_eq!(away(NOON.plus(Duration::from_millis(999)), 1).await, 3);
        assert_eq!(away(NOON.plus(Duration::from_secs(1)), 0).await, 0);
        assert_eq!(away(NOON.plus(Duration::from_secs(5)), 0).await, 0, "nothing to tell");
        let page = events::after(store, business, 0, 10).await.unwrap();
        let counts: Vec<_> = page.events.iter().map(|it| it.data["count"].as_i64()).collect();
        assert_eq!(counts, [Some(3), Some(3)]);
        assert_eq!(page.events[0].data["reason"], "at_capacity");
    }

    async fn a_number_takes_calls_for_one_business(bench: &Bench) {
        let (store, one, other) = (&bench.store, bench.business(), bench.business());
        let added = add(store, one, number()).await.unwrap();
        assert_eq!(calls::numbers(store, one).await.unwrap(), std::slice::from_ref(&added));
        for business in [one, other] {
            let refused = add(store, business, number()).await;
            assert!(matches!(refused, Err(Error::Conflict("number_taken"))), "{refused:?}");
        }
        let owner = calls::Owner { business: one, most: None };
        assert_eq!(calls::business_of(store, &number()).await.unwrap(), Some(owner));
        let remove = |business| calls::remove_number(store, NOON, Actor::system(), business, added.id);
        assert!(!remove(other).await.unwrap());
        assert!(remove(one).await.unwrap());
        assert_eq!(calls::business_of(store, &number()).await.unwrap(), None);
    }

    async fn a_flow_is_changed_by_who_read_the_one_in_force(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        let first = calls::flow(store, business).await.unwrap();
        assert_eq!((first.version, first.since), (0, None));
        let flow = ringing("+972509999999");
        let stored = StoredFlow { version: 1, flow: flow.clone(), since: Some(NOON) };
        let stored = Put::Stored(Box::new(stored));
        assert_eq!(put(store, business, 0, flow.clone()).await.unwrap(), stored);
        let stale = put(store, business, 0, flow).await;
        assert!(matches!(stale, Err(Error::Conflict("flow_changed"))), "{stale:?}");
        assert_eq!(calls::flow(store, business).await.unwrap().version, 1);
    }

    async fn a_flow_never_rings_a_number_that_takes_calls_here(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        let added = add(store, business, number()).await.unwrap();
        let faulty = put(store, business, 0, ringing("+97231110000")).await.unwrap();
        let Put::Faulty(faults) = faulty else {
            panic!("{faulty:?}");
        };
        assert_eq!(faults[0].at, "nodes.ring.targets.0");
        calls::remove_number(store, NOON, Actor::system(), business, added.id).await.unwrap();
        put(store, business, 0, ringing("+97231110000")).await.unwrap();
        let refused = add(store, business, number()).await;
        assert!(matches!(refused, Err(Error::Conflict("number_rung"))), "{refused:?}");
    }

    async fn calls_are_listed_newest_first_page_by_page_and_of_one_business(bench: &Bench) {
        let (store, business, other) = (&bench.store, bench.business(), bench.business());
        begin(store, other, 99).await;
        for n in 0..5 {
            let at = NOON.plus(Duration::from_secs(u64::from(n / 2)));
            calls::begin_call(store, at, business, inbound(n)).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = calls::list(store, business, cursor.as_deref(), 2).await.unwrap();
            seen.extend(page.data.into_iter().map(|call| call.call_sid));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [4, 3, 2, 1, 0].map(sid));
        assert!(calls::get(store, business, &sid(99)).await.unwrap().is_none());
    }
}
