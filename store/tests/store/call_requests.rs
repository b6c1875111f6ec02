//! Calls that a business asks for: accepted once, taken by one at a time and in turn, asked for at most once, named once.

use std::time::Duration;

use futures_util::future::join_all;
use store::audit::Actor;
use store::calls::{self, Confirmed, Ending, NewRequest, Opening, Requested, Taken, WAITING_MOST};
use store::messages::Idempotency;
use store::{Engine, Error, Lane, Store, events};
use switchyard_core::address::Phone;
use switchyard_core::call::{CallObject, CallSid, CallState, Direction, StepKind};
use switchyard_core::event::EventType;
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};

use crate::bench::{Bench, NOON, both_engines};

const GUEST: &str = "972501234567";
const RING: Duration = Duration::from_secs(30);

fn phone(digits: &str) -> Phone {
    Phone::parse(digits).unwrap()
}

/// Makes the n-th number of the tests one of that business.
async fn line(store: &Store, business: BusinessId, n: u32) -> Phone {
    let line = phone(&format!("97231110{n:03}"));
    let (by, name) = (Actor::system(), "Shop".to_owned());
    let added = calls::add_number(store, NOON, by, business, line, name).await;
    added.unwrap().phone
}

fn request() -> NewRequest {
    NewRequest {
        from: None,
        to: phone(GUEST),
        opening: Opening::Text("hello".to_owned()),
        ring: RING,
        expires_in: Duration::from_mins(1),
        idempotency: None,
    }
}

async fn ask(store: &Store, business: BusinessId) -> CallObject {
    match calls::request_call(store, NOON, business, request()).await {
        Ok(Requested::New(call)) => call,
        other => panic!("{other:?}"),
    }
}

async fn refused(store: &Store, business: BusinessId, new: NewRequest) -> Error {
    calls::request_call(store, NOON, business, new)
        .await
        .unwrap_err()
}

async fn take(store: &Store, at: Timestamp) -> Option<Taken> {
    calls::take_request(store, at).await.unwrap()
}

fn sid(n: u32) -> CallSid {
    format!("CA{n:032x}").parse().unwrap()
}

async fn confirm(store: &Store, business: BusinessId, call: &CallObject, n: u32) -> Confirmed {
    let asked_as = call.call_sid.clone();
    calls::confirm_call(store, NOON, business, asked_as, sid(n))
        .await
        .unwrap()
}

/// Somebody of that business wants it ended; `None`: it has no such call.
async fn hang_up(store: &Store, business: BusinessId, call: &CallObject) -> Option<CallObject> {
    let (by, sid) = (Actor::system(), call.call_sid.clone());
    calls::hang_up(store, NOON, by, business, sid)
        .await
        .unwrap()
}

fn later(s: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(s))
}

both_engines! {
    async fn a_call_that_is_asked_for_waits_with_its_row(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        let from = line(store, business, 1).await;
        let call = ask(store, business).await;
        assert_eq!((call.state, call.direction), (CallState::Queued, Direction::Outbound));
        assert!(call.call_sid.is_reserved());
        assert_eq!(call.asked_as.as_ref(), Some(&call.call_sid));
        let numbers = (call.from.as_deref(), call.to.as_deref());
        assert_eq!(numbers, (Some(from.e164().as_str()), Some("+972501234567")));
        assert_eq!(calls::get(store, business, &call.call_sid).await.unwrap(), Some(call.clone()));
        let taken = take(store, NOON).await.unwrap();
        assert_eq!((taken.asked_as, taken.to.as_str()), (call.call_sid, "+972501234567"));
        assert_eq!((taken.ring, taken.expires_at), (RING, later(60)));
    }

    async fn asking_again_with_the_same_key_asks_for_nothing_more(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        let named = |body: u8| NewRequest {
            idempotency: Some(Idempotency {
                actor: uuid::Uuid::nil(),
                key: "order-17".to_owned(),
                body_sha256: [body; 32],
            }),
            ..request()
        };
        let asked = (0..8).map(|_| calls::request_call(store, NOON, business, named(1)));
        let asked: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(asked.iter().filter(|it| matches!(it, Requested::New(_))).count(), 1);
        assert!(matches!(refused(store, business, named(2)).await, Error::IdempotencyMismatch));
        assert!(take(store, NOON).await.is_some());
        assert!(take(store, NOON).await.is_none());
    }

    async fn what_cannot_be_placed_is_refused(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        let conflict = async |new| match refused(store, business, new).await {
            Error::Conflict(name) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(conflict(request()).await, "call_number_required");
        let first = line(store, business, 1).await;
        let to_us = NewRequest { to: first.clone(), ..request() };
        assert_eq!(conflict(to_us).await, "own_number");
        let nowhere = NewRequest { opening: Opening::Node("nowhere".to_owned()), ..request() };
        assert_eq!(conflict(nowhere).await, "no_such_node");
        line(store, business, 2).await;
        assert_eq!(conflict(request()).await, "call_number_required");
        let foreign = NewRequest { from: Some(phone("97231119999")), ..request() };
        assert_eq!(conflict(foreign).await, "no_such_call_number");
        let voicemail = Opening::Node("voicemail".to_owned());
        let named = NewRequest { from: Some(first), opening: voicemail, ..request() };
        calls::request_call(store, NOON, business, named).await.unwrap();
    }

    async fn whoever_asked_not_to_be_contacted_is_not_called(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        let from = line(store, business, 1).await;
        opt_out(store, business, GUEST).await;
        let refused = refused(store, business, NewRequest { from: Some(from), ..request() }).await;
        assert!(matches!(refused, Error::Conflict("opted_out")), "{refused:?}");
    }

    async fn one_business_neither_fills_the_queue_nor_keeps_others_waiting(bench: &Bench) {
        let (store, busy, other) = (&bench.store, bench.business(), bench.business());
        line(store, busy, 1).await;
        line(store, other, 2).await;
        for _ in 0..WAITING_MOST {
            ask(store, busy).await;
        }
        let full = refused(store, busy, request()).await;
        assert!(matches!(full, Error::QuotaExceeded("waiting_calls")), "{full:?}");
        ask(store, other).await;
        ask(store, other).await;
        let mut order = Vec::new();
        for _ in 0..4 {
            order.push(take(store, NOON).await.unwrap().business);
        }
        assert_eq!(order.iter().filter(|it| **it == other).count(), 2, "{order:?}");
    }

    async fn of_sixteen_that_look_at_once_each_request_is_taken_by_one(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        for _ in 0..5 {
            ask(store, business).await;
        }
        let looks = join_all((0..16).map(|_| calls::take_request(store, NOON))).await;
        let mut taken: Vec<_> = looks.into_iter().filter_map(Result::unwrap).collect();
        // On one of the engines, whoever looks while another one takes may find nothing.
        while let Some(more) = take(store, NOON).await {
            taken.push(more);
        }
        let ids: std::collections::BTreeSet<_> = taken.iter().map(|it| &it.asked_as).collect();
        assert_eq!((ids.len(), taken.len()), (5, 5));
    }

    async fn the_provider_is_asked_once_whoever_took_the_request(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        ask(store, business).await;
        let first = take(store, NOON).await.unwrap();
        // The first one was gone for too long.
        let second = take(store, later(50)).await.unwrap();
        assert!(!calls::ask_for(store, later(50), &first, later(170)).await.unwrap());
        assert!(calls::ask_for(store, later(50), &second, later(170)).await.unwrap());
        assert!(!calls::ask_for(store, later(50), &first, later(170)).await.unwrap());
        // It knows nothing of the second one, which is asking at this moment.
        calls::put_back(store, NOON, &first, later(51), CallReason::ProviderAway).await.unwrap();
        assert!(take(store, later(55)).await.is_none());
        calls::put_back(store, NOON, &second, later(56), CallReason::ProviderAway).await.unwrap();
        assert!(take(store, later(55)).await.is_none());
        let third = take(store, later(56)).await.unwrap();
        assert_eq!((third.asked_as, third.expires_at), (second.asked_as, second.expires_at));
    }

    async fn what_waits_too_long_is_given_up_with_its_reason(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        let (asked, full, idle) =
            (ask(store, business).await, ask(store, business).await, ask(store, business).await);
        let lost = take(store, NOON).await.unwrap();
        assert!(calls::ask_for(store, NOON, &lost, later(100)).await.unwrap());
        let back = take(store, NOON).await.unwrap();
        calls::put_back(store, NOON, &back, later(2), CallReason::AtCapacity).await.unwrap();
        assert_eq!(calls::lapsed_requests(store, later(59)).await.unwrap(), []);
        let lapsed = calls::lapsed_requests(store, later(60)).await.unwrap();
        let waited = [
            (business, full.call_sid, CallReason::AtCapacity),
            (business, idle.call_sid, CallReason::NotPlaced),
        ];
        assert!(lapsed.len() == 2 && waited.iter().all(|it| lapsed.contains(it)), "{lapsed:?}");
        let lapsed = calls::lapsed_requests(store, later(100)).await.unwrap();
        let unsure = (business, asked.call_sid.clone(), CallReason::Unconfirmed);
        assert!(lapsed.contains(&unsure), "{lapsed:?}");
        assert_eq!(calls::give_up_requests(store, later(100)).await.unwrap(), 3);
        let over = calls::get(store, business, &asked.call_sid).await.unwrap().unwrap();
        assert_eq!((over.state, over.reason), (CallState::Failed, Some(CallReason::Unconfirmed)));
        assert_eq!(calls::lapsed_requests(store, later(100)).await.unwrap(), []);
        // A callback that comes after all finds nobody who waits for it.
        assert_eq!(confirm(store, business, &asked, 1).await, Confirmed::Over);
    }

    async fn whoever_is_asking_is_not_given_up_and_nobody_asks_for_what_is_over(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        let (first, _) = (ask(store, business).await, ask(store, business).await);
        let (asking, late) = (take(store, NOON).await.unwrap(), take(store, NOON).await.unwrap());
        let lapsed = calls::lapsed_requests(store, later(60)).await.unwrap();
        assert_eq!((asking.asked_as.clone(), lapsed.len()), (first.call_sid, 2));
        // Between the look of those who give up and what they do.
        assert!(calls::ask_for(store, later(59), &asking, later(100)).await.unwrap());
        assert!(!calls::ask_for(store, later(60), &late, later(100)).await.unwrap());
        for (business, asked_as, reason) in lapsed {
            let is_late = asked_as == late.asked_as;
            let given_up = calls::give_up_request(store, later(60), business, asked_as, reason);
            assert_eq!(given_up.await.unwrap(), is_late);
        }
        let state = async |taken: &Taken| {
            calls::get(store, business, &taken.asked_as).await.unwrap().unwrap().state
        };
        assert_eq!((state(&asking).await, state(&late).await), (CallState::Queued, CallState::Failed));
    }

    async fn a_call_has_the_providers_id_from_whoever_says_it_first(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        let asked = ask(store, business).await;
        let opening = Confirmed::Placed(Opening::Text("hello".to_owned()), RING);
        let words = join_all((0..8).map(|_| confirm(store, business, &asked, 1))).await;
        assert!(words.iter().all(|it| *it == opening), "{words:?}");
        assert_eq!(confirm(store, business, &asked, 2).await, Confirmed::Over);
        let call = calls::get(store, business, &sid(1)).await.unwrap().unwrap();
        assert_eq!(call.asked_as.as_ref(), Some(&asked.call_sid));
        let by_first_name = calls::get(store, business, &asked.call_sid).await.unwrap();
        assert_eq!(by_first_name.as_ref(), Some(&call));
        assert!(take(store, NOON).await.is_none());
        let up = calls::Step {
            told: "a".to_owned(),
            kind: StepKind::Node,
            node: None,
            detail: None,
            state: Some(CallState::InProgress),
        };
        calls::step_call(store, NOON, business, sid(1), up).await.unwrap();
        let ending = Ending { state: CallState::Completed, duration_s: Some(3), reason: None };
        calls::end_call(store, NOON, business, sid(1), ending).await.unwrap();
        assert_eq!(confirm(store, business, &asked, 1).await, Confirmed::Over);
        let page = events::after(store, business, 0, 100).await.unwrap();
        let told: Vec<_> = page.events.iter().map(|it| it.kind).collect();
        assert_eq!(told, [EventType::CallStarted, EventType::CallEnded]);
    }

    async fn a_call_that_waits_is_taken_back_and_whoever_has_it_in_hand_does_not_ask(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        let asked = ask(store, business).await;
        assert_eq!(asked.waits_until, Some(later(60)));
        assert_eq!(calls::load(store, NOON, business).await.unwrap().live, 0, "it takes no line");
        let taken = take(store, NOON).await.unwrap();
        let over = hang_up(store, business, &asked).await.unwrap();
        assert_eq!((over.state, over.reason), (CallState::Canceled, Some(CallReason::HungUp)));
        assert_eq!((over.waits_until, over.hangup_at), (None, Some(NOON)));
        assert_eq!(hang_up(store, business, &asked).await.unwrap(), over);
        assert!(!calls::ask_for(store, NOON, &taken, later(100)).await.unwrap());
        calls::put_back(store, NOON, &taken, NOON, CallReason::AtCapacity).await.unwrap();
        assert!(take(store, later(50)).await.is_none());
        assert_eq!(calls::take_hangups(store, NOON, 10).await.unwrap(), []);
        let page = events::after(store, business, 0, 100).await.unwrap();
        let told: Vec<_> = page.events.iter().map(|it| it.kind).collect();
        assert_eq!(told, [EventType::CallEnded]);
    }

    async fn a_call_that_was_taken_back_while_the_provider_was_asked_is_over_once_it_was_not_placed(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        let asked = ask(store, business).await;
        let taken = take(store, NOON).await.unwrap();
        assert!(calls::ask_for(store, NOON, &taken, later(100)).await.unwrap());
        let noted = hang_up(store, business, &asked).await.unwrap();
        assert_eq!(noted.state, CallState::Queued);
        calls::put_back(store, NOON, &taken, NOON, CallReason::ProviderAway).await.unwrap();
        assert!(take(store, later(50)).await.is_none(), "it is placed after all");
        let over = calls::get(store, business, &asked.call_sid).await.unwrap().unwrap();
        assert_eq!((over.state, over.reason), (CallState::Canceled, Some(CallReason::HungUp)));
    }

    async fn a_call_that_the_provider_may_have_is_ended_under_the_name_that_it_gets(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        line(store, business, 1).await;
        let asked = ask(store, business).await;
        let taken = take(store, NOON).await.unwrap();
        assert!(calls::ask_for(store, NOON, &taken, later(100)).await.unwrap());
        let noted = hang_up(store, business, &asked).await.unwrap();
        assert_eq!((noted.state, noted.hangup_at), (CallState::Queued, Some(NOON)));
        let named = |sid: &CallSid| vec![calls::Hangup { business, sid: sid.clone() }];
        let looks = join_all((0..8).map(|_| calls::take_hangups(store, NOON, 10))).await;
        let found: Vec<_> = looks.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(found, named(&asked.call_sid), "one of all who look has it");
        confirm(store, business, &asked, 1).await;
        assert_eq!(calls::load(store, NOON, business).await.unwrap().live, 1);
        assert_eq!(calls::take_hangups(store, later(3), 10).await.unwrap(), named(&sid(1)));
        let ending = Ending { state: CallState::Completed, duration_s: Some(3), reason: None };
        calls::end_call(store, NOON, business, sid(1), ending).await.unwrap();
        assert_eq!(calls::take_hangups(store, later(9), 10).await.unwrap(), []);
        let over = hang_up(store, business, &asked).await.unwrap();
        assert_eq!((over.call_sid, over.reason), (sid(1), Some(CallReason::HungUp)));
    }

    async fn what_is_over_or_nobodys_is_not_hung_up(bench: &Bench) {
        let (store, business, other) = (&bench.store, bench.business(), bench.business());
        line(store, business, 1).await;
        let asked = ask(store, business).await;
        assert_eq!(hang_up(store, other, &asked).await, None);
        assert_eq!(calls::give_up_requests(store, later(60)).await.unwrap(), 1);
        let by = Actor::system();
        let late = calls::hang_up(store, NOON, by, business, asked.call_sid.clone()).await;
        assert!(matches!(late, Err(Error::Conflict("call_over"))), "{late:?}");
    }

    async fn a_lost_answer_is_recognised_by_its_numbers_when_only_one_call_fits(bench: &Bench) {
        let (store, business) = (&bench.store, bench.business());
        let from = line(store, business, 1).await;
        let to = phone(GUEST);
        let known = async || calls::asked_for(store, business, &from, &to).await.unwrap();
        let first = ask(store, business).await;
        assert_eq!(known().await, None, "the provider was not asked yet");
        let taken = take(store, NOON).await.unwrap();
        calls::ask_for(store, NOON, &taken, later(100)).await.unwrap();
        assert_eq!(known().await, Some(first.call_sid));
        ask(store, business).await;
        let taken = take(store, NOON).await.unwrap();
        calls::ask_for(store, NOON, &taken, later(100)).await.unwrap();
        assert_eq!(known().await, None, "it may be either of two");
    }
}

/// Whoever has that number does not want to be contacted.
pub(crate) async fn opt_out(store: &Store, business: BusinessId, phone: &'static str) {
    store
        .write(Lane::Rest, (business, phone), |tx, (business, phone)| {
            Box::pin(async move {
                let (id, b) = (uuid::Uuid::now_v7(), business.uuid());
                let sql = "insert into contacts (id, business_id, phone, labels, opted_out_at, created_at, updated_at)
                    values ($1, $2, $3, '[]', 1, 1, 1)";
                match tx.engine() {
                    Engine::Sqlite(on) => {
                        let query = sqlx::query(sql).bind(id).bind(b).bind(*phone);
                        query.execute(on).await?;
                    }
                    Engine::Postgres(on) => {
                        let query = sqlx::query(sql).bind(id).bind(b).bind(*phone);
                        query.execute(on).await?;
                    }
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}
