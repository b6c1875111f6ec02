//! A replica that leaves: what becomes of the calls that it has.

use std::time::{Duration, Instant};

use switchyard_core::call::StepKind;
use tokio_websockets::CloseCode;

use crate::sockets::{Program, agent, dial, media, next, send, start};
use crate::stage::{Stage, TOKEN};

#[actix_web::test]
async fn a_call_at_a_socket_has_nearly_all_of_the_time_that_its_replica_has() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    agent(&stage, &program.url()).await;
    let call = replica.caller(&stage, "CA1");
    let page = call.rings().await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    talk.hears("start").await;
    let (begun, limit) = (Instant::now(), Duration::from_secs(6));
    let leaves = tokio::spawn(replica.stop(limit));
    // Longer than half of it.
    let mut chunk = 0;
    while begun.elapsed() < Duration::from_millis(3_500) {
        chunk += 1;
        send(&mut line, media(chunk)).await;
        let heard = talk.hears("media").await;
        assert_eq!(heard["media"]["chunk"], chunk.to_string());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(next(&mut line).await, Err(CloseCode::GOING_AWAY));
    leaves.await.unwrap();
    assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
    let steps = stage.steps("CA1").await;
    let handed = steps.iter().find(|it| it.kind == StepKind::HandedOver);
    assert_eq!(handed.unwrap().node.as_deref(), Some("agent"));
}
