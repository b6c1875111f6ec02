//! Slots when Redis forgets everything or is away, and who of the replicas leads.

use std::time::Duration;

use store::slots::{Admission, Ask, Holding, Mode, Pulse, Slots, Timing};
use switchyard_core::BusinessId;

use super::{CALM, ask, holding, live};
use crate::redis::{Server, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_flush_owners_get_their_slots_back_before_anybody_new() {
    let server = Server::start().await;
    let timing = Timing {
        grace: Duration::from_millis(600),
        ..CALM
    };
    let slots = Slots::new(Some(server.client()), timing);
    let business = BusinessId::generate();
    let ids: Vec<String> = (0..40).map(|n| format!("CA{n}")).collect();
    for id in &ids {
        let known = Ask {
            mode: Mode::Reassert,
            limit: 40,
            ..ask(id, business)
        };
        slots.acquire(known).await.unwrap();
    }
    server.command(&["FLUSHALL"]);
    let newcomer = Ask {
        limit: 40,
        ..ask("CA99", business)
    };
    assert!(matches!(
        slots.acquire(newcomer).await.unwrap(),
        Admission::Warming { .. }
    ));
    let held: Vec<Holding> = ids.iter().map(|id| holding(id, business, 1)).collect();
    let lost = slots.beat("one", &held).await.unwrap();
    assert!(lost.iter().all(|pulse| *pulse == Pulse::Lost));
    for id in &ids {
        let known = Ask {
            mode: Mode::Reassert,
            limit: 40,
            epoch: 1,
            ..ask(id, business)
        };
        let back = slots.acquire(known).await.unwrap();
        assert!(matches!(back, Admission::New { epoch: 2, .. }), "{back:?}");
    }
    until("the window closes", || async {
        slots.acquire(newcomer).await.unwrap() == Admission::Full
    })
    .await;
    assert_eq!(live(&slots).await, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_replica_leads_no_other_does() {
    let server = Server::start().await;
    let slots = Slots::new(Some(server.client()), CALM);
    let long = Duration::from_hours(1);
    assert!(slots.lead("one", long).await.unwrap());
    assert!(!slots.lead("two", long).await.unwrap());
    slots.leave("one").await.unwrap();
    let brief = Duration::from_millis(80);
    assert!(slots.lead("two", brief).await.unwrap());
    until("its time is over", || async {
        slots.lead("one", long).await.unwrap()
    })
    .await;
    assert!(!slots.lead("two", long).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_nobody_is_let_in_and_everybody_is_answered() {
    let mut server = Server::start().await;
    let slots = Slots::new(Some(server.client()), CALM);
    let business = BusinessId::generate();
    slots.acquire(ask("CA1", business)).await.unwrap();
    server.stop();
    for _ in 0..3 {
        let answer =
            tokio::time::timeout(Duration::from_mins(1), slots.acquire(ask("CA2", business)));
        assert!(answer.await.unwrap().is_err());
    }
}
