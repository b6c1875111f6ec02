//! Limits: never one call more than there are lines, whoever counts, whatever happens to what counts.

use std::time::Duration;

use calls::{AtCapacity, Options};
use store::calls::{Opening, get};
use store::events;
use store::slots::Timing;
use switchyard_core::call::CallState;
use switchyard_core::event::EventType;
use tokio::task::JoinSet;

use crate::carrier::Carrier;
use crate::outbound::asks;
use crate::redis::Server;
use crate::stage::{CALM, Replica, Stage, another, slots, until};

const PUBLIC: &str = "https://calls.example.test";

/// Replicas of one address that share one server.
fn fleet<const N: usize>(
    stage: &Stage,
    server: &Server,
    change: impl Fn(&mut Options),
) -> [Replica; N] {
    [(); N].map(|()| {
        let mut options = stage.options(Some(server.client()));
        change(&mut options);
        Replica::behind(PUBLIC, options)
    })
}

fn caller(stage: &Stage, replica: &Replica, sid: &str) -> crate::caller::Caller {
    crate::caller::Caller::new(&replica.url, PUBLIC, stage.business, sid)
}

#[actix_web::test]
async fn of_51_calls_at_once_on_three_replicas_50_are_taken() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let replicas: [Replica; 3] = fleet(&stage, &server, |_| ());
    let mut tasks = JoinSet::new();
    for n in 0..51 {
        let call = caller(&stage, &replicas[n % 3], &format!("CA{n}"));
        tasks.spawn(async move { call.rings().await });
    }
    let answers = tasks.join_all().await;
    let refused: Vec<_> = answers.iter().filter(|it| it.status == 503).collect();
    assert_eq!(answers.iter().filter(|it| it.status == 200).count(), 50);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].reason.as_deref(), Some("at_capacity"));
    assert_eq!(refused[0].retry_after.as_deref(), Some("5"));
    assert!(refused[0].body.contains("<Reject reason=\"busy\"/>"));
    assert_eq!(slots(server.client()).standing(50).await.unwrap().live, 50);
    for n in 0..50 {
        caller(&stage, &replicas[(n + 1) % 3], &format!("CA{n}"))
            .ends("completed")
            .await;
    }
    let left = slots(server.client()).standing(50).await.unwrap().live;
    assert!(left <= 1, "{left} slots are not free");
}

#[actix_web::test]
async fn a_business_at_its_limit_is_refused_and_another_one_is_not() {
    let stage = Stage::new().await;
    let replica = Replica::start(Options {
        business_limit: 3,
        ..stage.options(None)
    });
    let other = another(&stage.store, "+15550007777").await;
    for n in 0..3 {
        assert_eq!(
            replica
                .caller(&stage, &format!("CA{n}"))
                .rings()
                .await
                .status,
            200
        );
    }
    let fourth = replica.caller(&stage, "CA3").rings().await;
    assert_eq!(
        (fourth.status, fourth.reason.as_deref()),
        (503, Some("business_limit"))
    );
    let elsewhere = crate::caller::Caller::new(&replica.url, &replica.url, other, "CA4");
    let form = [("CallStatus", "ringing"), ("To", "+15550007777")];
    assert_eq!(elsewhere.asks("voice", &form).await.status, 200);
}

#[actix_web::test]
async fn a_limit_of_its_own_counts_for_one_business_in_place_of_the_settings() {
    let stage = Stage::new().await;
    stage.lines(Some(2)).await;
    let replica = Replica::start(Options {
        business_limit: 1,
        ..stage.options(None)
    });
    let other = another(&stage.store, "+15550007777").await;
    let rings = async |sid| replica.caller(&stage, sid).rings().await;
    assert_eq!(rings("CA0").await.status, 200);
    assert_eq!(rings("CA1").await.status, 200);
    let third = rings("CA2").await;
    assert_eq!(
        (third.status, third.reason.as_deref()),
        (503, Some("business_limit"))
    );
    let elsewhere = async |sid| {
        let caller = crate::caller::Caller::new(&replica.url, &replica.url, other, sid);
        let form = [("CallStatus", "ringing"), ("To", "+15550007777")];
        caller.asks("voice", &form).await.status
    };
    assert_eq!(elsewhere("CA3").await, 200);
    assert_eq!(elsewhere("CA4").await, 503);
    // Known to a replica a few seconds later.
    stage.lines(None).await;
    replica.caller(&stage, "CA0").ends("completed").await;
    let mut n = 5;
    until("the settings count again", || {
        n += 1;
        let caller = replica.caller(&stage, &format!("CA{n}"));
        async move {
            let answer = caller.rings().await;
            if answer.status == 200 {
                caller.ends("completed").await;
            }
            answer.status == 503
        }
    })
    .await;
}

#[actix_web::test]
async fn refusals_are_told_of_once_a_second_with_their_number() {
    let stage = Stage::new().await;
    let options = Options {
        limit: 0,
        at_capacity: AtCapacity::Reject,
        ..stage.options(None)
    };
    let replica = Replica::start(options);
    for n in 0..30 {
        let answer = replica.caller(&stage, &format!("CA{n}")).rings().await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.body.contains("<Reject reason=\"busy\"/>"),
            "{}",
            answer.body
        );
    }
    let told = || async {
        let page = events::after(&stage.store, stage.business, 0, 200)
            .await
            .unwrap();
        let told = page
            .events
            .into_iter()
            .filter(|it| it.kind == EventType::CallRejected);
        told.map(|it| it.data["count"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    until("all are told of", || async {
        told().await.iter().sum::<i64>() == 30
    })
    .await;
    assert!(told().await.len() <= 3, "{:?}", told().await);
}

#[actix_web::test]
async fn without_redis_calls_are_refused_with_a_reason_and_those_under_way_go_on() {
    let (stage, mut server) = (Stage::new().await, Server::start().await);
    let [replica] = fleet::<1>(&stage, &server, |_| ());
    let call = caller(&stage, &replica, "CA1");
    let first = call.rings().await;
    server.stop();
    for n in 2..5 {
        let answer = caller(&stage, &replica, &format!("CA{n}")).rings().await;
        assert_eq!(
            (answer.status, answer.reason.as_deref()),
            (503, Some("store_unavailable"))
        );
    }
    let thanks = call
        .goes(&first.attribute("action"), &[("RecordingSid", "RE1")])
        .await;
    assert_eq!(thanks.status, 200);
    assert!(thanks.body.contains("<Hangup/>"), "{}", thanks.body);
    assert_eq!(call.ends("completed").await.status, 204);
    assert!(stage.row("CA1").await.unwrap().state.is_over());
    server.start_again().await;
    until("calls are taken again", || async {
        caller(&stage, &replica, "CA9").rings().await.status == 200
    })
    .await;
}

#[actix_web::test]
async fn after_a_flush_with_40_calls_never_more_than_50_are_taken_and_all_40_keep_theirs() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let [replica] = fleet::<1>(&stage, &server, |options| {
        options.timing = Timing {
            grace: Duration::from_secs(5),
            ..CALM
        };
    });
    until("calls are taken", || async {
        caller(&stage, &replica, "CA0").rings().await.status == 200
    })
    .await;
    for n in 1..40 {
        assert_eq!(
            caller(&stage, &replica, &format!("CA{n}"))
                .rings()
                .await
                .status,
            200
        );
    }
    server.flush();
    let newcomer = caller(&stage, &replica, "CA100").rings().await;
    assert_eq!(newcomer.reason.as_deref(), Some("warming"));
    let counted = slots(server.client());
    until("all have their slots back", || async {
        counted.standing(50).await.unwrap().live == 40
    })
    .await;
    let mut admitted = 0;
    until("newcomers are taken", || async {
        counted.standing(50).await.unwrap().warming.is_zero()
    })
    .await;
    for n in 200..230 {
        let answer = caller(&stage, &replica, &format!("CA{n}")).rings().await;
        admitted += u32::from(answer.status == 200);
    }
    assert_eq!(admitted, 10);
    assert_eq!(counted.standing(50).await.unwrap().live, 50);
}

#[actix_web::test]
async fn the_calls_of_a_replica_that_dies_are_free_and_those_of_others_untouched() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let brief = Timing {
        lease: Duration::from_secs(15),
        alive: Duration::from_secs(15),
        ..CALM
    };
    let [dying, living] = fleet::<2>(&stage, &server, |options| options.timing = brief);
    for n in 0..20 {
        let replica = if n < 10 { &dying } else { &living };
        assert_eq!(
            caller(&stage, replica, &format!("CA{n}"))
                .rings()
                .await
                .status,
            200
        );
    }
    // It leaves its calls as they are, and beats no more.
    dying.stop(Duration::ZERO).await;
    let counted = slots(server.client());
    until("its slots are free", || async {
        counted.standing(50).await.unwrap().live == 10
    })
    .await;
    let holders = counted.holders().await.unwrap();
    assert!(holders.iter().all(|it| it.owner_lives), "{holders:?}");
}

#[actix_web::test]
async fn whoever_answers_the_next_step_has_the_call_and_the_former_owner_lets_it_go() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let [one, two] = fleet::<2>(&stage, &server, |_| ());
    let call = caller(&stage, &one, "CA1");
    let first = call.rings().await;
    let counted = slots(server.client());
    let before = counted.holders().await.unwrap().pop().unwrap();
    let there = call
        .at(&two.url)
        .goes(&first.attribute("action"), &[("RecordingSid", "RE1")])
        .await;
    assert_eq!(there.status, 200);
    let after = counted.holders().await.unwrap().pop().unwrap();
    assert_ne!(after.owner, before.owner);
    assert_eq!(after.epoch, before.epoch + 1);
    until("the former owner finds out", || async {
        one.metric("switchyard_call_leases_total") == 1.0
    })
    .await;
    assert_eq!(counted.standing(50).await.unwrap().live, 1);
}

#[actix_web::test]
async fn a_call_that_waits_for_the_provider_keeps_no_line_from_those_who_call() {
    let (stage, carrier) = (Stage::new().await, Carrier::start(20.0).await);
    let gone = carrier.url();
    carrier.stop().await;
    let replica = Replica::start(Options {
        provider_url: Some(gone),
        limit: 1,
        ..stage.options(None)
    });
    let text = Opening::Text("hello".to_owned());
    let asked = asks(&stage, text, Duration::from_hours(1)).await;
    until("it was tried", || async {
        replica.metric("switchyard_call_placements_total") >= 1.0
    })
    .await;
    // But for the moment of another try.
    until("the line is a caller's", || async {
        replica.caller(&stage, "CA1").rings().await.status == 200
    })
    .await;
    let row = get(&stage.store, stage.business, &asked.call_sid).await;
    assert_eq!(row.unwrap().unwrap().state, CallState::Queued);
}
