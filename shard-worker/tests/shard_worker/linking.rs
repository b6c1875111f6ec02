//! Linking a number, and what stays of it.

use switchyard_core::session::{SessionState, Wanted};

use crate::stage::{OURS, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_linked_by_a_code_dropped_and_connected_again_without_one() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    let row = stage.look(session).await.unwrap();
    assert!(row.paired);
    assert_eq!(row.phone.unwrap().digits(), OURS);
    shard.stop().await;
    assert_eq!(
        stage.look(session).await.unwrap().state,
        SessionState::Connecting
    );

    let offered = stage.phones.log("qr_offered").await.len();
    let shard = stage.shard().await;
    stage.reaches(session, SessionState::Connected).await;
    assert_eq!(stage.phones.log("qr_offered").await.len(), offered);
    assert!(stage.phones.log("replaced").await.is_empty());
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_disconnected_connected_and_logged_out_as_its_business_wants() {
    let (stage, shard, session) = Stage::opened(&[]).await;

    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    stage.want(session, Wanted::Connected).await;
    stage.reaches(session, SessionState::Connected).await;
    assert_eq!(stage.phones.devices(OURS).await, 1);

    stage.want(session, Wanted::LoggedOut).await;
    let row = stage.reaches(session, SessionState::LoggedOut).await;
    assert!(!row.paired);
    assert_eq!(stage.phones.devices(OURS).await, 0);
    stage.close(shard).await;
}
