//! What happens to slots when clocks, memory and processes do what they should not: nobody has a line too many, and no line
//! is lost.

use std::time::Duration;

use calls::Options;
use serde_json::Value;
use store::audit::Actor;
use store::calls::Opening;
use store::slots::Timing;
use switchyard_core::Timestamp;
use switchyard_core::reason::CallReason;

use crate::caller::Caller;
use crate::carrier::Carrier;
use crate::outbound::asks;
use crate::redis::Server;
use crate::stage::{CALM, Replica, SHOP, Stage, slots, until};

const PUBLIC: &str = "https://calls.example.test";

fn behind(stage: &Stage, server: &Server, timing: Timing) -> Replica {
    let options = Options {
        timing,
        ..stage.options(Some(server.client()))
    };
    Replica::behind(PUBLIC, options)
}

/// Race 16: a replica stood still until its leases had run out, and others took every line meanwhile.
#[actix_web::test]
async fn the_calls_of_a_replica_that_stood_still_end_politely_when_others_have_their_lines() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    stage.menu().await;
    let carrier = Carrier::start(1.0).await;
    let replica = Replica::start(Options {
        limit: 3,
        provider_url: Some(carrier.url()),
        ..stage.options(Some(server.client()))
    });
    carrier.number(&replica.url, &stage).await;
    let mut calls = Vec::new();
    for n in 0..3 {
        let sid = carrier.rings(&format!("+1555000300{n}")).await;
        carrier.entry(&sid, "verb", "verb", "Gather").await;
        calls.push(sid);
    }
    // In one step, as between two beats of the one that stands still.
    server.run(
        "for n, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do \
             local score = redis.call('ZSCORE', KEYS[1], id) + 600000 \
             redis.call('ZREM', KEYS[1], id) \
             redis.call('ZADD', KEYS[1], score, 'other' .. n) \
         end \
         return redis.call('ZCARD', KEYS[1])",
        &["sy:{calls}:slots"],
    );
    for sid in &calls {
        carrier.entry(sid, "status", "status", "completed").await;
        let rows = carrier.ledger(sid).await;
        let is_goodbye = |row: &Value| row["kind"] == "verb" && row["verb"] == "Hangup";
        assert!(rows.iter().any(is_goodbye), "{rows:#?}");
    }
    let holders = slots(server.client()).holders().await.unwrap();
    assert_eq!(holders.len(), 3);
    assert!(
        holders.iter().all(|it| it.id.starts_with("other")),
        "{holders:?}"
    );
    carrier.stop().await;
}

/// Race 25: the server that took over never heard of the last call.
#[actix_web::test]
async fn a_slot_that_a_fail_over_lost_is_its_calls_again_while_there_is_room() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let replica = behind(&stage, &server, CALM);
    for n in 0..3 {
        let call = caller(&stage, &replica, &format!("CA{n}"));
        assert_eq!(call.rings().await.status, 200);
    }
    let of_business = format!("sy:{{calls}}:slots:b:{}", stage.business.uuid());
    server.run(
        "redis.call('ZREM', KEYS[1], 'CA2') redis.call('ZREM', KEYS[2], 'CA2') return redis.call('DEL', KEYS[3])",
        &["sy:{calls}:slots", &of_business, "sy:{calls}:call:CA2"],
    );
    let counted = slots(server.client());
    until("it is back", || async {
        counted.standing(50).await.unwrap().live == 3
    })
    .await;
    let call = caller(&stage, &replica, "CA2");
    call.ends("completed").await;
    assert_eq!(counted.standing(50).await.unwrap().live, 2);
}

/// Race 24: the script is carried out when nobody waits for it any more.
#[actix_web::test]
async fn while_redis_is_slow_calls_are_refused_and_what_it_writes_late_is_free_again() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let brief = Timing {
        lease: Duration::from_secs(3),
        ..CALM
    };
    let replica = behind(&stage, &server, brief);
    let first = caller(&stage, &replica, "CA0");
    assert_eq!(first.rings().await.status, 200);
    server.order(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    // Answered though Redis is not going to for a long time.
    for sid in ["CA1", "CA2"] {
        let refused = caller(&stage, &replica, sid).rings().await;
        assert_eq!(
            (refused.status, refused.reason.as_deref()),
            (503, Some("store_unavailable"))
        );
    }
    server.order(&["CLIENT", "UNPAUSE"]);
    caller(&stage, &replica, "CA1").ends("failed").await;
    first.ends("completed").await;
    let counted = slots(server.client());
    until("what nobody waits for any more is carried out", || async {
        let written = counted.last("CA2").await;
        written.is_ok_and(|it| !it.phase.is_empty())
    })
    .await;
    // Of the second one nothing more is ever told.
    until("no slot is left", || async {
        counted.standing(50).await.is_ok_and(|it| it.live == 0)
    })
    .await;
    assert!(stage.row("CA2").await.is_none());
}

/// Whoever has the call in hand keeps it, whatever another replica is told of it, and in whatever order.
#[actix_web::test]
async fn a_callback_that_comes_late_elsewhere_takes_no_call_from_its_owner() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let (one, two) = (behind(&stage, &server, CALM), behind(&stage, &server, CALM));
    let text = Opening::Text("hello".to_owned());
    let asked = asks(&stage, text, Duration::from_mins(2)).await;
    let call = caller(&stage, &one, "CA1");
    let at = |route: &str| format!("{route}?rid={}", asked.call_sid);
    let form = |status| {
        let numbers = [("From", SHOP), ("To", "+15550004444")];
        let rest = [("CallStatus", status), ("Direction", "outbound-api")];
        [numbers, rest].concat()
    };
    let page = call.asks(&at("voice"), &form("in-progress")).await;
    assert!(page.body.contains("hello"), "{}", page.body);
    let counted = slots(server.client());
    let before = counted.holders().await.unwrap().pop().unwrap();
    for status in ["ringing", "in-progress", "initiated"] {
        let there = call.at(&two.url);
        assert_eq!(there.asks(&at("status"), &form(status)).await.status, 204);
    }
    let after = counted.holders().await.unwrap().pop().unwrap();
    assert_eq!(
        (after.owner, after.epoch, after.phase),
        (before.owner, before.epoch, before.phase)
    );
}

/// The half of race 32 that has no socket.
#[actix_web::test]
async fn a_message_that_is_being_left_while_its_replica_goes_is_ended_by_another_one() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let (going, staying) = (behind(&stage, &server, CALM), behind(&stage, &server, CALM));
    let call = caller(&stage, &going, "CA1");
    let page = call.rings().await;
    assert!(page.body.contains("<Record"), "{}", page.body);
    let counted = slots(server.client());
    going.stop(Duration::from_secs(1)).await;
    assert_eq!(
        counted.standing(50).await.unwrap().live,
        1,
        "it keeps its line"
    );
    let there = call.at(&staying.url);
    let recorded = [("RecordingSid", "RE1"), ("RecordingDuration", "4")];
    let thanks = there.goes(&page.attribute("action"), &recorded).await;
    assert_eq!(thanks.status, 200);
    assert!(thanks.body.contains("<Hangup/>"), "{}", thanks.body);
    assert_eq!(counted.standing(50).await.unwrap().live, 1);
    let told = [
        ("RecordingSid", "RE1"),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "4"),
    ];
    assert_eq!(there.asks("recording", &told).await.status, 204);
    assert_eq!(there.ends("completed").await.status, 204);
    assert_eq!(counted.standing(50).await.unwrap().live, 0);
    let row = stage.row("CA1").await.unwrap();
    assert_eq!(row.reason, Some(CallReason::Voicemail));
}

/// Race 22.
#[actix_web::test]
async fn when_redis_comes_back_empty_those_who_are_in_have_their_lines_before_anybody_new() {
    let (stage, mut server) = (Stage::new().await, Server::start().await);
    stage.menu().await;
    let replica = Replica::behind(
        PUBLIC,
        Options {
            limit: 5,
            timing: Timing {
                grace: Duration::from_secs(15),
                ..CALM
            },
            ..stage.options(Some(server.client()))
        },
    );
    let mut first = Vec::new();
    for n in 0..5 {
        let call = caller(&stage, &replica, &format!("CA{n}"));
        until("calls are taken", || async {
            call.rings().await.status == 200
        })
        .await;
        first.push(call.rings().await);
    }
    let newcomer = caller(&stage, &replica, "CA9");
    server.stop();
    until("it is known that Redis is away", || async {
        newcomer.rings().await.reason.as_deref() == Some("store_unavailable")
    })
    .await;
    server.start_again().await;
    until("every line is taken again", || async {
        let answer = newcomer.rings().await;
        assert_eq!(answer.status, 503, "{answer:?}");
        answer.reason.as_deref() == Some("at_capacity")
    })
    .await;
    assert_eq!(slots(server.client()).standing(5).await.unwrap().live, 5);
    for (n, page) in first.iter().enumerate() {
        let again = caller(&stage, &replica, &format!("CA{n}")).rings().await;
        assert_eq!(again.status, 200);
        assert_eq!(again.body, page.body);
    }
}

/// Race 26.
#[actix_web::test]
async fn a_limit_that_is_lowered_drops_nobody_and_lets_nobody_in_until_enough_have_gone() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let replica = behind(&stage, &server, CALM);
    let calls: Vec<Caller> = (0..5)
        .map(|n| caller(&stage, &replica, &format!("CA{n}")))
        .collect();
    let mut pages = Vec::new();
    for call in &calls {
        pages.push(call.rings().await);
    }
    let (now, by) = (Timestamp::now(), Actor::system());
    store::calls::set_call_limit(&stage.store, now, by, stage.business, 3)
        .await
        .unwrap();
    let counted = slots(server.client());
    until("the limit is in force", || async {
        counted.standing(50).await.unwrap().limit == 3
    })
    .await;
    let newcomer = caller(&stage, &replica, "CA9");
    for ended in &calls[..3] {
        let refused = newcomer.rings().await;
        assert_eq!(refused.reason.as_deref(), Some("at_capacity"));
        // Whoever is in is asked for again, and has the page that it had.
        assert_eq!(calls[4].rings().await, pages[4]);
        assert_eq!(ended.ends("completed").await.status, 204);
    }
    assert_eq!(counted.standing(50).await.unwrap().live, 2);
    assert_eq!(newcomer.rings().await.status, 200);
    assert_eq!(counted.standing(50).await.unwrap().live, 3);
}

fn caller(stage: &Stage, replica: &Replica, sid: &str) -> Caller {
    Caller::new(&replica.url, PUBLIC, stage.business, sid)
}
