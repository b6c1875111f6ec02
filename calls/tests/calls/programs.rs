//! Programs of businesses that are there and say nothing.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use tokio_websockets::CloseCode;

use crate::sockets::{Line, Program, bridged, dial, media, next, send, start};
use crate::stage::{PATIENCE, Stage, TOKEN};

/// A caller from whom audio comes all the time, until the socket is closed; how, and after how long.
async fn speaks(line: &mut Line, most: Duration) -> Option<(CloseCode, Duration)> {
    let begun = Instant::now();
    let mut chunk = 0;
    while begun.elapsed() < most {
        chunk += 1;
        send(line, media(chunk)).await;
        match timeout(Duration::from_millis(20), next(line)).await {
            Ok(Err(code)) => return Some((code, begun.elapsed())),
            Ok(Ok(said)) => panic!("{said}"),
            Err(_elapsed) => {}
        }
    }
    None
}

#[actix_web::test]
async fn a_program_that_hangs_is_given_up_and_the_caller_goes_on() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, &program.url()).await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let hangs = tokio::spawn(async move { program.hangs().await });
    let ended = speaks(&mut line, PATIENCE).await;
    let (code, after) = ended.expect("nobody gives it up");
    assert_eq!(code, CloseCode::NORMAL_CLOSURE);
    assert!(after < Duration::from_secs(15), "{after:?}");
    let after = call.goes(&page.text("Redirect"), &[]).await;
    assert_eq!(after.text("Say"), "failed");
    assert_eq!(replica.metric("switchyard_call_streams_ended_total"), 1.0);
    hangs.abort();
}

#[actix_web::test]
async fn a_program_that_only_listens_keeps_its_caller() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    let replica = stage.replica();
    let (call, page) = bridged(&stage, &replica, &program.url()).await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    let ended = speaks(&mut line, Duration::from_secs(13)).await;
    assert_eq!(
        ended, None,
        "it answers when it is asked whether it is there"
    );
    talk.hears("media").await;
}
