//! What no webhook tells: calls whose last callback is lost, and calls of replicas that are gone.

use std::time::Duration;

use calls::Options;
use serde_json::json;
use store::audit::Actor;
use store::slots::Timing;
use switchyard_core::Timestamp;
use switchyard_core::call::{CallState, StepKind};
use switchyard_core::reason::CallReason;

use crate::caller::Caller;
use crate::carrier::Carrier;
use crate::front::Front;
use crate::redis::Server;
use crate::stage::{CALM, Replica, Stage, slots, until};

/// Who is rung for the shop.
pub(crate) const OWNER: &str = "+15550003333";
const PUBLIC: &str = "https://calls.example.test";

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
    let mut sids = Vec::new();
    for n in 0..5 {
        let sid = carrier.rings(&format!("+1555000300{n}")).await;
        // A menu, which goes on at the provider whoever is there.
        carrier.entry(&sid, "verb", "verb", "Gather").await;
        sids.push(sid);
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
    for sid in sids {
        until("its steps say so", || async {
            let steps = stage.steps(&sid).await;
            steps.iter().any(|it| it.kind == StepKind::HandedOver)
        })
        .await;
    }
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

/// Race 14.
#[actix_web::test]
async fn a_conversation_goes_on_when_its_replica_dies_and_its_end_leads_on_elsewhere() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    rings_the_owner(&stage).await;
    let (carrier, front) = (Carrier::start(1.0).await, Front::start().await);
    let options = || Options {
        timing: Timing {
            lease: Duration::from_secs(45),
            ..PATIENT
        },
        ..options(&stage, &server, &carrier)
    };
    let dying = Replica::behind(&front.url, options());
    let living = Replica::behind(&front.url, options());
    front.leads_to(&dying);
    carrier.number(&front.url, &stage).await;
    let owner = json!({"phone": OWNER, "does": "person"});
    carrier.put("/carrier/people", owner).await;
    let sid = carrier.rings("+15550002222").await;
    let leg = leg_of(&carrier).await;
    carrier
        .post(&format!("/calls/{leg}/answer"), json!({}))
        .await;
    until("they speak", || async {
        let steps = stage.steps(&sid).await;
        steps.iter().any(|it| it.kind == StepKind::Answered)
    })
    .await;
    front.leads_to(&living);
    dying.dies().await;
    let counted = slots(server.client());
    until("the living has it", || async {
        let holders = counted.holders().await.unwrap();
        assert_eq!(holders.len(), 1, "the line is kept");
        holders[0].owner_lives && living.metric("switchyard_calls_adopted_total") == 1.0
    })
    .await;
    assert!(!stage.row(&sid).await.unwrap().state.is_over());
    carrier
        .post(&format!("/calls/{leg}/hangup"), json!({}))
        .await;
    carrier.entry(&sid, "status", "status", "completed").await;
    until("its row is ended and its slot free", || async {
        let row = stage.row(&sid).await.unwrap();
        row.state == CallState::Completed && counted.standing(50).await.unwrap().live == 0
    })
    .await;
    assert_eq!(
        stage.row(&sid).await.unwrap().reason,
        None,
        "somebody spoke to the caller"
    );
    carrier.stop().await;
}

/// Race 15: nobody can be asked how the call stands.
#[actix_web::test]
async fn a_call_that_was_given_up_comes_back_to_a_line_or_hears_a_goodbye() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    rings_the_owner(&stage).await;
    let brief = || Options {
        limit: 2,
        timing: Timing {
            lease: Duration::from_secs(15),
            ..CALM
        },
        ..stage.options(Some(server.client()))
    };
    let dying = Replica::behind(PUBLIC, brief());
    let living = Replica::behind(PUBLIC, brief());
    let at = |replica: &Replica, sid: &str| Caller::new(&replica.url, PUBLIC, stage.business, sid);
    let mut pages = Vec::new();
    for sid in ["CA1", "CA2"] {
        let page = at(&dying, sid).rings().await;
        assert!(page.body.contains("<Dial"), "{}", page.body);
        pages.push(page.attribute("action"));
    }
    dying.dies().await;
    for sid in ["CA1", "CA2"] {
        until("it is given up", || async {
            let row = stage.row(sid).await.unwrap();
            row.reason == Some(CallReason::Lost)
        })
        .await;
    }
    let counted = slots(server.client());
    assert_eq!(counted.standing(2).await.unwrap().live, 0);
    // Nobody answered: it goes on with the message.
    let missed = [("DialCallStatus", "no-answer")];
    let first = at(&living, "CA1");
    let after = first.goes(&pages[0], &missed).await;
    assert!(after.body.contains("<Record"), "{}", after.body);
    assert_eq!(counted.standing(2).await.unwrap().live, 1);
    let row = stage.row("CA1").await.unwrap();
    assert_eq!((row.state, row.reason), (CallState::InProgress, None));
    let other = at(&living, "CA3");
    assert_eq!(other.rings().await.status, 200);
    let second = at(&living, "CA2");
    let after = second.goes(&pages[1], &missed).await;
    assert!(
        after.body.contains("<Say") && after.body.contains("<Hangup/>"),
        "{}",
        after.body
    );
    assert_eq!(counted.standing(2).await.unwrap().live, 2);
    assert_eq!(first.ends("completed").await.status, 204);
    assert_eq!(counted.standing(2).await.unwrap().live, 1);
    assert!(stage.row("CA1").await.unwrap().state.is_over());
}

/// Callers are put through to somebody, or leave a message.
pub(crate) async fn rings_the_owner(stage: &Stage) {
    stage
        .flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "ring", "closed": "ring"},
            "nodes": {
                "ring": {"kind": "dial", "targets": [OWNER], "ring_s": 60, "no_answer": "vm"},
                "vm": {"kind": "voicemail", "prompt": "speak", "max_s": 60},
            },
        }))
        .await;
}

/// The call of the one who is rung.
pub(crate) async fn leg_of(carrier: &Carrier) -> String {
    let path = format!("/calls?live=true&phone={}", OWNER.replace('+', "%2B"));
    let leg = async || {
        let calls = carrier.get(&path).await;
        let leg = calls["data"].as_array().unwrap().first();
        leg.map(|leg| leg["sid"].as_str().unwrap().to_owned())
    };
    until("somebody is rung", || async { leg().await.is_some() }).await;
    leg().await.unwrap()
}
