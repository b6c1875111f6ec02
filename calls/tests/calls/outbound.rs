//! Calls that a business asks for: placed once whatever the provider answers, each with a line of its own.

use std::time::Duration;

use calls::Options;
use serde_json::{Value, json};
use store::calls::{NewRequest, Opening, Requested, get, request_call};
use store::events;
use switchyard_core::Timestamp;
use switchyard_core::address::Phone;
use switchyard_core::call::{CallObject, CallState};
use switchyard_core::event::EventType;
use switchyard_core::reason::CallReason;

use crate::carrier::Carrier;
use crate::stage::{Replica, Stage, until};

/// Who is called.
const GUEST: &str = "+15550004444";
/// A ring of no longer than that.
const RING: Duration = Duration::from_secs(5);

/// A shop over a network that is so many times as fast as the world.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) carrier: Carrier,
    pub(crate) replica: Replica,
}

impl Scene {
    pub(crate) async fn new(scale: f64, change: impl Fn(&mut Options)) -> Self {
        let (stage, carrier) = (Stage::new().await, Carrier::start(scale).await);
        let mut options = Options {
            provider_url: Some(carrier.url()),
            ..stage.options(None)
        };
        change(&mut options);
        let replica = Replica::start(options);
        carrier.number(&replica.url, &stage).await;
        let pace = json!({"calls_per_second": 100});
        carrier.patch("/carrier", pace).await;
        Self {
            stage,
            carrier,
            replica,
        }
    }

    pub(crate) async fn guest(&self, does: &str) {
        let person = json!({"phone": GUEST, "does": does});
        self.carrier.put("/carrier/people", person).await;
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.carrier.post("/network/faults", fault).await;
    }

    pub(crate) async fn asks(&self, opening: Opening, expires_in: Duration) -> CallObject {
        asks(&self.stage, opening, expires_in).await
    }

    pub(crate) async fn says(&self, text: &str) -> CallObject {
        let opening = Opening::Text(text.to_owned());
        self.asks(opening, Duration::from_mins(2)).await
    }

    /// The call as it stands.
    pub(crate) async fn now(&self, call: &CallObject) -> CallObject {
        let (store, business) = (&self.stage.store, self.stage.business);
        get(store, business, &call.call_sid).await.unwrap().unwrap()
    }

    pub(crate) async fn becomes(&self, call: &CallObject, state: CallState) -> CallObject {
        until(state.name(), || async {
            self.now(call).await.state == state
        })
        .await;
        self.now(call).await
    }

    pub(crate) async fn has_a_name(&self, call: &CallObject) -> CallObject {
        until("the provider's id is known", || async {
            !self.now(call).await.call_sid.is_reserved()
        })
        .await;
        self.now(call).await
    }

    pub(crate) async fn nothing_is_held(&self) {
        until("no slot is left", || async {
            self.replica.metric("switchyard_calls_in_hand") == 0.0
                && self.replica.metric("switchyard_calls_live") == 0.0
        })
        .await;
    }

    /// Calls that the network placed for anybody.
    pub(crate) async fn placed(&self) -> usize {
        let calls = self.carrier.get("/calls").await;
        calls["data"].as_array().unwrap().len()
    }

    async fn told(&self) -> Vec<(EventType, Value)> {
        let (store, business) = (&self.stage.store, self.stage.business);
        let page = events::after(store, business, 0, 200).await.unwrap();
        let events = page.events.into_iter();
        events.map(|it| (it.kind, it.data)).collect()
    }
}

/// The business asks for a call of the guest.
pub(crate) async fn asks(stage: &Stage, opening: Opening, expires_in: Duration) -> CallObject {
    let new = NewRequest {
        from: None,
        to: Phone::parse(GUEST).unwrap(),
        opening,
        ring: RING,
        expires_in,
        idempotency: None,
    };
    let asked = request_call(&stage.store, Timestamp::now(), stage.business, new);
    match asked.await.unwrap() {
        Requested::New(call) => call,
        Requested::Replay(call) => panic!("it was asked for before: {call:?}"),
    }
}

#[actix_web::test]
async fn whoever_is_called_hears_the_text_and_the_call_goes_by_both_of_its_names() {
    let scene = Scene::new(20.0, |_| ()).await;
    scene.guest("answers after 2s").await;
    let asked = scene.says("Your order & more is ready").await;
    assert_eq!(asked.state, CallState::Queued);
    assert!(asked.call_sid.is_reserved());
    let named = scene.has_a_name(&asked).await;
    let sid = named.call_sid.as_str();
    scene
        .carrier
        .entry(sid, "said", "text", "Your order & more is ready")
        .await;
    let over = scene.becomes(&asked, CallState::Completed).await;
    assert_eq!(over.asked_as.as_ref(), Some(&asked.call_sid));
    assert!(over.answered_at.is_some() && over.duration_s.is_some());
    assert_eq!(scene.stage.row(sid).await, Some(over.clone()));
    assert_eq!((over.from, over.to), (asked.from, asked.to));
    let told = scene.told().await;
    let kinds: Vec<_> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [EventType::CallStarted, EventType::CallEnded]);
    assert!(told.iter().all(|(_, data)| data["call_sid"] == sid));
    scene.nothing_is_held().await;
    assert_eq!(scene.placed().await, 1);
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn whoever_is_called_begins_at_the_node_that_was_asked_for() {
    let scene = Scene::new(20.0, |_| ()).await;
    let flow = json!({
        "language": "en", "time_zone": "UTC", "entry": {"open": "greet", "closed": "greet"},
        "nodes": {
            "greet": {"kind": "say", "text": "welcome", "next": "menu"},
            "menu": {"kind": "menu", "prompt": "press 1", "options": {"1": "bye"}, "timeout_s": 30, "no_input": "bye"},
            "bye": {"kind": "hangup", "text": "goodbye"},
        },
    });
    scene.stage.flow(flow).await;
    scene
        .guest("answers after 1s, expect verb Gather, press 1")
        .await;
    let opening = Opening::Node("menu".to_owned());
    let asked = scene.asks(opening, Duration::from_mins(2)).await;
    let over = scene.becomes(&asked, CallState::Completed).await;
    let rows = scene.carrier.ledger(over.call_sid.as_str()).await;
    let said: Vec<_> = rows.iter().filter(|row| row["kind"] == "said").collect();
    assert!(said.iter().any(|row| row["text"] == "goodbye"), "{rows:#?}");
    assert!(said.iter().all(|row| row["text"] != "welcome"), "{rows:#?}");
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_call_that_nobody_takes_ends_as_the_provider_says() {
    let scene = Scene::new(50.0, |_| ()).await;
    for (does, state) in [
        ("busy", CallState::Busy),
        ("no-answer", CallState::NoAnswer),
        ("unknown", CallState::Failed),
    ] {
        scene.guest(does).await;
        let asked = scene.says("hello").await;
        let over = scene.becomes(&asked, state).await;
        assert_eq!(over.answered_at, None, "{does}");
    }
    scene.nothing_is_held().await;
    scene.carrier.stop().await;
}

/// Race 28.
#[actix_web::test]
async fn an_answer_of_the_provider_that_is_lost_places_no_second_call() {
    let scene = Scene::new(20.0, |_| ()).await;
    scene.guest("answers after 2s").await;
    scene
        .fault(json!({"kind": "rest_answer_lost", "count": 1}))
        .await;
    let asked = scene.says("hello").await;
    scene.becomes(&asked, CallState::Completed).await;
    scene.nothing_is_held().await;
    assert_eq!(scene.placed().await, 1);
    scene.carrier.stop().await;
}

/// Race 28, when the callbacks are lost too.
#[actix_web::test]
async fn a_call_whose_answer_and_callbacks_are_lost_is_known_by_the_providers_list() {
    let scene = Scene::new(1.0, |options| {
        options.compare_every = Duration::from_secs(2);
    })
    .await;
    scene.guest("person").await;
    scene
        .fault(json!({"kind": "rest_answer_lost", "count": 1}))
        .await;
    scene.fault(json!({"kind": "callback_drop"})).await;
    let asked = scene.says("hello").await;
    scene.has_a_name(&asked).await;
    assert_eq!(scene.placed().await, 1);
    assert!(scene.replica.metric("switchyard_call_corrections_total") >= 1.0);
    scene.carrier.stop().await;
}

/// Race 29.
#[actix_web::test]
async fn callbacks_that_come_before_the_providers_answer_name_the_call_and_it_has_one_slot() {
    let scene = Scene::new(1.0, |_| ()).await;
    scene.guest("person").await;
    scene
        .fault(json!({"kind": "rest_answer_late", "ms": 3_000, "count": 1}))
        .await;
    let asked = scene.says("hello").await;
    let named = scene.has_a_name(&asked).await;
    until("the provider has answered", || async {
        scene.replica.metric("switchyard_call_placements_total") == 1.0
    })
    .await;
    until("the call has its slot and the reservation none", || async {
        scene.replica.metric("switchyard_calls_live") == 1.0
    })
    .await;
    let path = format!("/calls/{}/decline", named.call_sid);
    scene.carrier.post(&path, json!({})).await;
    scene.becomes(&asked, CallState::Busy).await;
    scene.nothing_is_held().await;
    scene.carrier.stop().await;
}

/// Race 30.
#[actix_web::test]
async fn an_end_that_is_told_before_the_providers_answer_leaves_no_reservation() {
    let scene = Scene::new(50.0, |_| ()).await;
    scene.guest("unknown").await;
    scene
        .fault(json!({"kind": "rest_answer_late", "ms": 3_000, "count": 1}))
        .await;
    let asked = scene.says("hello").await;
    let over = scene.becomes(&asked, CallState::Failed).await;
    assert!(!over.call_sid.is_reserved());
    until("the provider has answered", || async {
        scene.replica.metric("switchyard_call_placements_total") == 1.0
    })
    .await;
    scene.nothing_is_held().await;
    assert_eq!(scene.now(&asked).await, over);
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_call_waits_for_a_line_and_is_given_up_with_the_reason_when_none_becomes_free() {
    let scene = Scene::new(20.0, |options| options.limit = 1).await;
    scene.guest("answers after 1s").await;
    let caller = scene.replica.caller(&scene.stage, "CA1");
    assert_eq!(caller.rings().await.status, 200);
    let text = || Opening::Text("hello".to_owned());
    let brief = scene.asks(text(), Duration::from_secs(10)).await;
    let patient = scene.asks(text(), Duration::from_mins(2)).await;
    let over = scene.becomes(&brief, CallState::Failed).await;
    assert_eq!(over.reason.map(CallReason::code), Some("at_capacity"));
    assert_eq!(scene.placed().await, 0);
    assert_eq!(scene.now(&patient).await.state, CallState::Queued);
    caller.ends("completed").await;
    scene.becomes(&patient, CallState::Completed).await;
    assert_eq!(scene.placed().await, 1);
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_provider_that_asks_to_come_later_is_asked_again_and_places_one_call() {
    let scene = Scene::new(20.0, |_| ()).await;
    scene.guest("answers after 1s").await;
    scene
        .fault(json!({"kind": "rest_error", "code": 429}))
        .await;
    let asked = scene.says("hello").await;
    until("it was refused for the moment", || async {
        scene.replica.metric("switchyard_call_placements_total") >= 1.0
    })
    .await;
    assert_eq!(scene.now(&asked).await.state, CallState::Queued);
    scene.carrier.mend().await;
    scene.becomes(&asked, CallState::Completed).await;
    assert_eq!(scene.placed().await, 1);
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_refusal_of_the_provider_ends_the_call_with_its_reason() {
    let (stage, carrier) = (Stage::new().await, Carrier::start(20.0).await);
    // The network does not know the number of the shop.
    let replica = Replica::start(Options {
        provider_url: Some(carrier.url()),
        ..stage.options(None)
    });
    let text = Opening::Text("hello".to_owned());
    let asked = asks(&stage, text, Duration::from_mins(2)).await;
    let row = || async {
        let row = get(&stage.store, stage.business, &asked.call_sid).await;
        row.unwrap().unwrap()
    };
    until("it is over", || async { row().await.state.is_over() }).await;
    let over = row().await;
    assert_eq!(over.state, CallState::Failed);
    assert_eq!(
        over.reason.map(CallReason::code),
        Some("caller_not_allowed")
    );
    assert!(over.call_sid.is_reserved());
    until("no slot is left", || async {
        replica.metric("switchyard_calls_in_hand") == 0.0
    })
    .await;
    carrier.stop().await;
}

#[actix_web::test]
async fn without_the_provider_calls_wait_and_say_so_when_they_are_given_up() {
    let (stage, carrier) = (Stage::new().await, Carrier::start(20.0).await);
    let gone = carrier.url();
    carrier.stop().await;
    let replica = Replica::start(Options {
        provider_url: Some(gone),
        ..stage.options(None)
    });
    let text = Opening::Text("hello".to_owned());
    let asked = asks(&stage, text, Duration::from_secs(10)).await;
    until("it is given up", || async {
        let row = get(&stage.store, stage.business, &asked.call_sid).await;
        let row = row.unwrap().unwrap();
        row.state == CallState::Failed && row.reason == Some(CallReason::ProviderAway)
    })
    .await;
    assert!(replica.metric("switchyard_call_placements_total") >= 1.0);
}

/// Race 11.
#[actix_web::test]
async fn a_call_whose_last_callback_is_lost_is_over_when_it_can_ring_no_longer() {
    let scene = Scene::new(50.0, |_| ()).await;
    scene.guest("no-answer").await;
    scene.fault(json!({"kind": "callback_drop"})).await;
    let asked = scene.says("hello").await;
    let named = scene.has_a_name(&asked).await;
    scene
        .carrier
        .entry(named.call_sid.as_str(), "status", "status", "no-answer")
        .await;
    // What it may ring and what the provider may take to say so are longer than a test waits otherwise.
    tokio::time::timeout(Duration::from_mins(4), async {
        while !scene.now(&asked).await.state.is_over() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(scene.now(&asked).await.state, CallState::NoAnswer);
    scene.nothing_is_held().await;
    scene.carrier.stop().await;
}
