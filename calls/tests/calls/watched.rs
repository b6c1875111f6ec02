//! What no webhook tells: calls whose last callback is lost, and calls of replicas that are gone.

use std::time::Duration;

use calls::Options;
use serde_json::json;
use store::audit::Actor;
use store::slots::Timing;
use switchyard_core::Timestamp;
use switchyard_core::call::CallState;

use crate::carrier::Carrier;
use crate::redis::Server;
use crate::stage::{CALM, Replica, Stage, slots, until};

/// A replica lives while one of three beats comes; between its end and that of its leases is time for more than one look,
/// as there is in production.
const PATIENT: Timing = Timing {
    lease: Duration::from_secs(26),
    alive: Duration::from_secs(13),
    ..CALM
};

fn options(stage: &Stage, server: &Server, carrier: &Carrier) -> Options {
    Options {
        timing: PATIENT,
        provider_url: Some(carrier.url()),
        compare_every: Duration::from_secs(2),
        ..stage.options(Some(server.client()))
    }
}

#[actix_web::test]
async fn a_call_whose_last_callback_never_comes_is_ended_by_the_providers_word() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    stage
        .flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "hello", "closed": "hello"},
            "nodes": {"hello": {"kind": "hangup", "text": "hello"}},
        }))
        .await;
    let carrier = Carrier::start(20.0).await;
    let replica = Replica::start(options(&stage, &server, &carrier));
    carrier.number(&replica.url, &stage).await;
    carrier.silence().await;
    let sid = carrier.rings("+15550002222").await;
    carrier.entry(&sid, "status", "status", "completed").await;
    let counted = slots(server.client());
    until("its slot is free", || async {
        counted.standing(50).await.unwrap().live == 0
    })
    .await;
    until("its row is ended", || async {
        let row = stage.row(&sid).await.unwrap();
        row.state == CallState::Completed && row.duration_s.is_some()
    })
    .await;
    assert!(replica.metric("switchyard_call_corrections_total") >= 1.0);
    carrier.stop().await;
}

#[actix_web::test]
async fn the_living_take_over_the_calls_of_a_replica_that_dies_and_nobody_loses_a_line() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    stage.menu().await;
    let carrier = Carrier::start(1.0).await;
    let dying = Replica::start(options(&stage, &server, &carrier));
    let living = Replica::behind(&dying.url, options(&stage, &server, &carrier));
    carrier.number(&dying.url, &stage).await;
    for n in 0..5 {
        let sid = carrier.rings(&format!("+1555000300{n}")).await;
        // A menu, which goes on at the provider whoever is there.
        carrier.entry(&sid, "verb", "verb", "Gather").await;
    }
    let counted = slots(server.client());
    assert_eq!(counted.standing(50).await.unwrap().live, 5);
    dying.dies().await;
    until("the living have them", || async {
        let holders = counted.holders().await.unwrap();
        assert_eq!(holders.len(), 5, "no line is lost on the way");
        holders.iter().all(|holder| holder.owner_lives)
            && living.metric("switchyard_calls_adopted_total") >= 5.0
    })
    .await;
    let stats = carrier.get("/calls/stats").await;
    assert_eq!(
        (&stats["live_admitted"], &stats["peak_admitted"]),
        (&json!(5), &json!(5))
    );
    carrier.stop().await;
}

#[actix_web::test]
async fn a_call_that_is_over_here_and_goes_on_at_the_provider_is_hung_up() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    stage.menu().await;
    // At half the pace the menu waits for a minute: the call does not end by itself before it is hung up.
    let carrier = Carrier::start(0.5).await;
    let replica = Replica::start(options(&stage, &server, &carrier));
    carrier.number(&replica.url, &stage).await;
    let sid = carrier.rings("+15550003000").await;
    carrier.entry(&sid, "verb", "verb", "Gather").await;
    let counted = slots(server.client());
    store::calls::note_release(
        &stage.store,
        Timestamp::now(),
        Actor::system(),
        stage.business,
        sid.parse().unwrap(),
    )
    .await
    .unwrap();
    counted
        .release(&sid, stage.business, "released")
        .await
        .unwrap();
    until("nobody is on the line", || async {
        replica.metric("switchyard_call_corrections_total") >= 1.0
            && carrier.get("/calls/stats").await["live_admitted"] == 0
    })
    .await;
    carrier.stop().await;
}
