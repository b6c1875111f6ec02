//! What a provider tells or asks more than once, too early, or with a forged signature.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calls::{Options, SharedKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use store::events;
use store::jobs::{self, Ask};
use store::slots::Timing;
use switchyard_core::Timestamp;
use switchyard_core::call::{CallState, StepKind};
use switchyard_core::event::EventType;
use switchyard_core::job::Job;
use switchyard_core::reason::CallReason;

use crate::caller::{Caller, FROM};
use crate::carrier::Carrier;
use crate::redis::Server;
use crate::stage::{ACCOUNT, CALM, Replica, SHOP, Stage, TOKEN, slots, until};

const PUBLIC: &str = "https://calls.example.test";

/// The jobs of that kind that are due soon.
async fn due(stage: &Stage, kind: &'static str) -> Vec<Job> {
    let ask = Ask {
        kind,
        worker: "one".into(),
        slots: 40,
        free: 10,
        running: HashMap::new(),
        after: None,
        lease: Duration::from_mins(1),
    };
    let soon = Timestamp::now().plus(Duration::from_mins(2));
    let taken = jobs::claim(&stage.store, soon, ask).await.unwrap();
    taken.jobs.into_iter().map(|it| it.job.unwrap()).collect()
}

async fn told(stage: &Stage, kind: EventType) -> Vec<serde_json::Value> {
    let page = events::after(&stage.store, stage.business, 0, 200).await;
    let events = page.unwrap().events.into_iter();
    let told = events.filter(|it| it.kind == kind).map(|it| it.data);
    told.collect()
}

/// Race 4: the first replica did it, and its answer never arrived.
#[actix_web::test]
async fn a_webhook_that_comes_again_to_another_replica_has_the_same_answer_and_a_longer_lease() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    stage.menu().await;
    let options = || Options {
        timing: Timing {
            lease: Duration::from_mins(20),
            alive: Duration::from_mins(20),
            ..CALM
        },
        ..stage.options(Some(server.client()))
    };
    let one = Replica::behind(PUBLIC, options());
    let two = Replica::behind(PUBLIC, options());
    let call = Caller::new(&one.url, PUBLIC, stage.business, "CA1");
    let first = call.rings().await;
    assert_eq!(first.status, 200);
    // Nobody renews it any more, and half of its lease is over.
    one.dies().await;
    let of_business = format!("sy:{{calls}}:slots:b:{}", stage.business.uuid());
    server.run(
        "for _, key in ipairs(KEYS) do \
             redis.call('ZADD', key, redis.call('ZSCORE', key, 'CA1') - 600000, 'CA1') \
         end \
         return 1",
        &["sy:{calls}:slots", &of_business],
    );
    let counted = slots(server.client());
    let before = counted.holders().await.unwrap().pop().unwrap();
    assert!(before.left <= Duration::from_mins(10), "{before:?}");
    assert_eq!(call.at(&two.url).rings().await, first);
    let after = counted.holders().await.unwrap();
    assert_eq!(after.len(), 1, "{after:?}");
    assert!(after[0].left > Duration::from_mins(10), "{after:?}");
    assert_eq!(after[0].epoch, before.epoch);
    assert_eq!(told(&stage, EventType::CallStarted).await.len(), 1);
    let pages = stage.steps("CA1").await;
    let pages = pages.iter().filter(|it| it.kind == StepKind::Node);
    assert_eq!(pages.count(), 1);
}

/// Race 5.
#[actix_web::test]
async fn a_call_whose_first_answer_was_lost_hears_the_fallback_and_leaves_no_slot() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    stage.menu().await;
    let carrier = Carrier::start(20.0).await;
    let replica = Replica::start(stage.options(Some(server.client())));
    carrier.number(&replica.url, &stage).await;
    let lost = json!({"kind": "webhook_answer_lost", "count": 1});
    carrier.post("/network/faults", lost).await;
    let sid = carrier.rings("+15550002222").await;
    carrier.entry(&sid, "status", "status", "busy").await;
    until("its row is ended", || async {
        let row = stage.row(&sid).await;
        row.is_some_and(|row| row.state == CallState::Busy)
    })
    .await;
    let counted = slots(server.client());
    until("its slot is free", || async {
        counted.standing(50).await.unwrap().live == 0
    })
    .await;
    assert_eq!(told(&stage, EventType::CallEnded).await.len(), 1);
    carrier.stop().await;
}

/// Race 33: whoever forges requests reaches neither what counts nor the rows.
#[actix_web::test]
async fn a_hundred_forged_requests_are_refused_though_there_is_no_redis() {
    let (stage, mut server) = (Stage::new().await, Server::start().await);
    let replica = Replica::start(stage.options(Some(server.client())));
    server.stop();
    let routes = ["voice", "fallback", "step", "status", "recording"];
    let forged = (0..100).map(|n| {
        let call = replica.caller(&stage, &format!("CA{n}"));
        let route = routes[n % routes.len()];
        let path = format!("/twilio/{}/{route}?v=1&p=2&n=menu&r=0", stage.business);
        async move {
            let form = [("CallStatus", "ringing"), ("RecordingSid", "RE1")];
            call.asks_as("another token", &path, &form).await.status
        }
    });
    let answers = futures_util::future::join_all(forged).await;
    assert!(answers.iter().all(|status| *status == 403), "{answers:?}");
    assert_eq!(replica.metric("switchyard_calls_forged_total"), 100.0);
    assert_eq!(replica.metric("switchyard_call_admissions_total"), 0.0);
    for n in 0..100 {
        assert!(stage.row(&format!("CA{n}")).await.is_none());
    }
    assert_eq!(told(&stage, EventType::CallRejected).await.len(), 0);
}

#[actix_web::test]
async fn a_webhook_that_is_signed_by_the_shared_key_is_taken_and_by_another_one_refused() {
    let stage = Stage::new().await;
    let replica = Replica::start(Options {
        shared_key: Some(SharedKey {
            id: "webhooks_sharedkey_1".to_owned(),
            secret: TOKEN.into(),
        }),
        ..stage.options(None)
    });
    let form = [
        ("AccountSid", ACCOUNT),
        ("CallSid", "CA1"),
        ("CallStatus", "ringing"),
        ("From", FROM),
        ("To", SHOP),
    ];
    let url = format!("{}/twilio/{}/voice", replica.url, stage.business);
    let asks = async |key: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).unwrap();
        mac.update(url.as_bytes());
        for (name, value) in form {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        let request = reqwest::Client::new()
            .post(&url)
            .header(
                "X-Twilio-Signature",
                STANDARD.encode(mac.finalize().into_bytes()),
            )
            .header(
                "X-Twilio-Webhooks-Signature-Settings",
                format!("key={key},algorithm=HMAC_SHA256"),
            )
            .form(&form);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(asks("webhooks_sharedkey_2").await, 403);
    assert_eq!(asks("webhooks_sharedkey_1").await, 200);
}

/// Race 34.
#[actix_web::test]
async fn a_caller_for_whom_there_is_no_line_hears_busy_and_is_written_to_once() {
    let stage = Stage::new().await;
    stage
        .flow(json!({
            "language": "en", "time_zone": "UTC", "entry": {"open": "bye", "closed": "bye"},
            "nodes": {"bye": {"kind": "hangup"}},
            "missed_call": {"enabled": true, "text": "Sorry that we missed you"},
        }))
        .await;
    let carrier = Carrier::start(20.0).await;
    let replica = Replica::start(Options {
        limit: 0,
        ..stage.options(None)
    });
    carrier.number(&replica.url, &stage).await;
    for _ in 0..2 {
        let sid = carrier.rings("+15550002222").await;
        carrier.entry(&sid, "status", "status", "busy").await;
        assert!(stage.row(&sid).await.is_none());
    }
    let counted = || async {
        let told = told(&stage, EventType::CallRejected).await;
        told.iter()
            .map(|it| it["count"].as_i64().unwrap())
            .sum::<i64>()
    };
    until("both are told of", || async { counted().await >= 2 }).await;
    assert_eq!(counted().await, 2);
    let jobs = due(&stage, "answer_missed_call").await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    assert_eq!(told(&stage, EventType::CallEnded).await.len(), 0);
    carrier.stop().await;
}

/// Race 35.
#[actix_web::test]
async fn a_recording_that_is_told_of_early_and_twice_is_one_message_and_fetched_once() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let call = replica.caller(&stage, "CA1");
    let page = call.rings().await;
    assert!(page.body.contains("<Record"), "{}", page.body);
    let recorded = [
        ("RecordingSid", "RE1"),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "4"),
    ];
    for _ in 0..2 {
        assert_eq!(call.asks("recording", &recorded).await.status, 204);
    }
    let thanks = call.goes(&page.attribute("action"), &recorded).await;
    assert!(thanks.body.contains("<Hangup/>"), "{}", thanks.body);
    assert_eq!(call.asks("recording", &recorded).await.status, 204);
    assert_eq!(call.ends("completed").await.status, 204);
    let row = stage.row("CA1").await.unwrap();
    assert_eq!(row.reason, Some(CallReason::Voicemail));
    assert_eq!(row.recording.unwrap().recording_sid, "RE1");
    let jobs = due(&stage, "fetch_recording").await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    assert_eq!(due(&stage, "drop_recording").await, []);
}
