//! An account that the provider does not take: nothing is placed, nothing is lost, and it is found out when it is over.

use std::time::Duration;

use calls::Options;
use serde_json::json;
use store::calls::{Opening, get};
use switchyard_core::call::{CallObject, CallState};
use switchyard_core::reason::CallReason;

use crate::carrier::Carrier;
use crate::outbound::asks;
use crate::stage::{Replica, Stage, until};

/// A shop whose account is refused from now on.
async fn denied(compare_every: Duration) -> (Stage, Carrier, Replica) {
    let (stage, carrier) = (Stage::new().await, Carrier::start(20.0).await);
    carrier
        .post(
            "/network/faults",
            json!({"kind": "rest_error", "code": 401}),
        )
        .await;
    let replica = Replica::start(Options {
        provider_url: Some(carrier.url()),
        compare_every,
        ..stage.options(None)
    });
    carrier.number(&replica.url, &stage).await;
    let guest = json!({"phone": "+15550004444", "does": "answers after 1s"});
    carrier.put("/carrier/people", guest).await;
    (stage, carrier, replica)
}

async fn says(stage: &Stage, expires_in: Duration) -> CallObject {
    asks(stage, Opening::Text("hello".to_owned()), expires_in).await
}

async fn row(stage: &Stage, call: &CallObject) -> CallObject {
    let row = get(&stage.store, stage.business, &call.call_sid).await;
    row.unwrap().unwrap()
}

async fn is_denied(replica: &Replica, wanted: f64) {
    until("the metric says so", || async {
        replica.metric("switchyard_calls_account_denied") == wanted
    })
    .await;
}

#[actix_web::test]
async fn an_account_that_is_not_taken_is_not_tried_with_every_call() {
    let (stage, carrier, replica) = denied(Duration::from_hours(1)).await;
    let first = says(&stage, Duration::from_hours(1)).await;
    is_denied(&replica, 1.0).await;
    let second = says(&stage, Duration::from_hours(1)).await;
    let brief = says(&stage, Duration::from_secs(30)).await;
    until("nobody waits for it any more", || async {
        row(&stage, &brief).await.state == CallState::Failed
    })
    .await;
    let reason = row(&stage, &brief).await.reason;
    assert_eq!(reason, Some(CallReason::ProviderAccount));
    for waits in [&first, &second] {
        assert_eq!(row(&stage, waits).await.state, CallState::Queued);
    }
    let faults = carrier.get("/network/faults").await;
    // The first call, and the list of live calls if that was asked for at the same moment.
    let hits = faults["data"][0]["hits"].as_u64().unwrap();
    assert!((1..=2).contains(&hits), "{faults}");
    carrier.stop().await;
}

#[actix_web::test]
async fn calls_that_waited_for_the_account_are_placed_when_it_is_taken_again() {
    let (stage, carrier, replica) = denied(Duration::from_secs(1)).await;
    let asked = says(&stage, Duration::from_hours(1)).await;
    is_denied(&replica, 1.0).await;
    assert_eq!(row(&stage, &asked).await.state, CallState::Queued);
    carrier.mend().await;
    is_denied(&replica, 0.0).await;
    until("it is placed and over", || async {
        row(&stage, &asked).await.state == CallState::Completed
    })
    .await;
    carrier.stop().await;
}
