//! Calls that somebody of the business wants ended: cut at the provider whatever they are doing, or never placed.

use std::time::Duration;

use serde_json::{Value, json};
use store::audit::Actor;
use store::calls::{Opening, hang_up};
use store::events;
use switchyard_core::Timestamp;
use switchyard_core::call::{CallObject, CallState};
use switchyard_core::event::EventType;
use switchyard_core::reason::CallReason;

use crate::outbound::Scene;
use crate::stage::until;

/// Somebody of the shop wants it ended.
async fn ends(scene: &Scene, call: &CallObject) -> CallObject {
    let (stage, sid) = (&scene.stage, call.call_sid.clone());
    let by = Actor::system();
    let ended = hang_up(&stage.store, Timestamp::now(), by, stage.business, sid);
    ended.await.unwrap().unwrap()
}

/// It is over, for the reason that somebody wanted it.
async fn is_over(scene: &Scene, call: &CallObject) -> CallObject {
    until("it is over", || async {
        scene.now(call).await.state.is_over()
    })
    .await;
    let over = scene.now(call).await;
    assert_eq!(over.reason, Some(CallReason::HungUp), "{over:?}");
    over
}

#[actix_web::test]
async fn a_live_call_is_cut_at_the_provider_and_nobody_counts_as_missed() {
    let scene = Scene::new(1.0, |_| ()).await;
    scene.stage.menu().await;
    let sid = scene.carrier.rings("+15550002222").await;
    let row = async || scene.stage.row(&sid).await;
    until("it is live", || async {
        row()
            .await
            .is_some_and(|call| call.state == CallState::InProgress)
    })
    .await;
    let live = row().await.unwrap();
    let noted = ends(&scene, &live).await;
    assert!(noted.hangup_at.is_some() && noted.ended_at.is_none());
    let again = ends(&scene, &live).await;
    assert_eq!(again.hangup_at, noted.hangup_at);
    let over = is_over(&scene, &live).await;
    assert_eq!(over.state, CallState::Completed);
    scene
        .carrier
        .entry(&sid, "status", "status", "completed")
        .await;
    scene.nothing_is_held().await;
    assert!(scene.replica.metric("switchyard_call_hangups_total") >= 1.0);
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_call_that_rings_is_taken_back_at_the_provider() {
    let scene = Scene::new(1.0, |_| ()).await;
    scene.guest("person").await;
    let asked = scene.says("hello").await;
    let named = scene.has_a_name(&asked).await;
    // By the name that it was asked for as.
    let noted = ends(&scene, &asked).await;
    assert_eq!(noted.call_sid, named.call_sid);
    let over = is_over(&scene, &asked).await;
    assert_eq!(over.answered_at, None);
    scene.nothing_is_held().await;
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_call_that_waits_for_a_line_is_over_at_once_and_never_placed() {
    let scene = Scene::new(20.0, |options| options.limit = 1).await;
    scene.guest("answers after 1s").await;
    let caller = scene.replica.caller(&scene.stage, "CA1");
    assert_eq!(caller.rings().await.status, 200);
    let unwanted = scene.says("hello").await;
    assert!(unwanted.waits_until.is_some());
    until("it is told why it waits", || async {
        scene.now(&unwanted).await.waits_for == Some(CallReason::AtCapacity)
    })
    .await;
    let over = ends(&scene, &unwanted).await;
    assert_eq!(
        (over.state, over.reason, over.waits_until),
        (CallState::Canceled, Some(CallReason::HungUp), None)
    );
    assert_eq!(ends(&scene, &unwanted).await, over);
    // It came first, and would have been placed before this one.
    let wanted = scene.says("hello").await;
    caller.ends("completed").await;
    scene.becomes(&wanted, CallState::Completed).await;
    assert_eq!(scene.placed().await, 1);
    scene.nothing_is_held().await;
    let (store, business) = (&scene.stage.store, scene.stage.business);
    let page = events::after(store, business, 0, 200).await.unwrap();
    let is_its_end = |kind: EventType, data: &Value| {
        kind == EventType::CallEnded && data["call_sid"] == unwanted.call_sid.as_str()
    };
    let told = page.events.iter();
    assert_eq!(told.filter(|it| is_its_end(it.kind, &it.data)).count(), 1);
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_call_whose_name_is_not_known_yet_is_cut_as_soon_as_it_is() {
    let scene = Scene::new(1.0, |options| {
        options.compare_every = Duration::from_secs(2);
    })
    .await;
    scene.guest("person").await;
    let fault = json!({"kind": "rest_answer_lost", "count": 1});
    scene.carrier.post("/network/faults", fault).await;
    let fault = json!({"kind": "callback_drop"});
    scene.carrier.post("/network/faults", fault).await;
    let opening = Opening::Text("hello".to_owned());
    let asked = scene.asks(opening, Duration::from_mins(10)).await;
    until("the provider was asked", || async {
        scene.placed().await == 1
    })
    .await;
    ends(&scene, &asked).await;
    let over = is_over(&scene, &asked).await;
    assert!(!over.call_sid.is_reserved());
    scene.nothing_is_held().await;
    scene.carrier.stop().await;
}

#[actix_web::test]
async fn a_provider_that_fails_is_told_again_until_the_call_is_over() {
    let scene = Scene::new(1.0, |_| ()).await;
    scene.guest("person").await;
    let asked = scene.says("hello").await;
    scene.has_a_name(&asked).await;
    let fault = json!({"kind": "rest_error", "code": 503});
    scene.carrier.post("/network/faults", fault).await;
    ends(&scene, &asked).await;
    until("it was told in vain", || async {
        scene.replica.metric("switchyard_call_hangups_total") >= 1.0
    })
    .await;
    assert!(!scene.now(&asked).await.state.is_over());
    scene.carrier.mend().await;
    is_over(&scene, &asked).await;
    scene.nothing_is_held().await;
    scene.carrier.stop().await;
}
