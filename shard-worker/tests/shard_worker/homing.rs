//! Two shards on one Postgres: what was adopted goes home, and is shown on its way.

use std::time::Duration;

use prometheus::Registry;
use store::audit::Actor;
use store::businesses::{self, NewTenant};
use store::quota::Limits;
use switchyard_core::event::EventType;
use switchyard_core::session::SessionState;
use switchyard_core::{SessionId, Timestamp};
use switchyard_shard_worker::Patience;

use crate::bench::Bench;
use crate::phones::until;
use crate::stage::{OURS, Stage};

async fn connected_by(stage: &Stage, session: SessionId, shard: u16) {
    until("it is connected there", async || {
        let found = stage.look(session).await?;
        let there = found.shard == Some(shard) && found.state == SessionState::Connected;
        there.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_session_goes_home_once_its_shard_has_been_well_for_a_while() {
    let bench = Bench::postgres().await;
    let new = NewTenant {
        name: "Bakery".to_owned(),
        shard: None,
        limits: Limits::default(),
        owner_email: None,
        invitation_life: Duration::from_mins(1),
    };
    let made = businesses::create(&bench.store, Timestamp::now(), Actor::system(), new).await;
    let patience = Patience {
        home_again: Duration::from_secs(2),
        ..Patience::default()
    };
    let stage = Stage::over(bench.store.clone(), made.unwrap().0.id, patience).await;
    stage.phones.add(OURS).await;
    let home = Box::pin(stage.shard_numbered(1, Registry::new())).await;
    let session = Box::pin(stage.linked(OURS)).await;
    let offered = stage.phones.log("qr_offered").await.len();
    let other = Box::pin(stage.shard_numbered(2, Registry::new())).await;
    home.stop().await;
    connected_by(&stage, session, 2).await;

    let home = Box::pin(stage.shard_numbered(1, Registry::new())).await;
    connected_by(&stage, session, 1).await;
    let told = stage.events(EventType::SessionStatus).await;
    let moving = told.iter().filter(|it| it.data["state"] == "moving");
    assert_eq!(moving.count(), 1, "on the way home alone");
    assert_eq!(stage.phones.log("qr_offered").await.len(), offered);
    assert!(stage.phones.log("replaced").await.is_empty());
    other.stop().await;
    stage.close(home).await;
    bench.end().await;
}
