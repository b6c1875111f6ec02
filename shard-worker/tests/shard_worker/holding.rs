//! Who holds a session, and what becomes of one that cannot be read.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use store::leases::{self, Registration};
use store::sessions;
use switchyard_core::Timestamp;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};

use crate::flood::count;
use crate::phones::until;
use crate::stage::{LEASE, OURS, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_lost_its_lease_hangs_up_and_is_back_under_a_new_epoch() {
    let (stage, shard, session, registry) = Stage::opened_for_long(LEASE, &[]).await;
    let before = leases::holder(&stage.store, session)
        .await
        .unwrap()
        .unwrap();

    // Somebody else takes the number over and lets it go again, as after a pause of this process.
    let other = Registration {
        number: 1,
        url: "http://127.0.0.1:2".to_owned(),
        capacity: 1,
        lease: Duration::from_mins(1),
    };
    let other = leases::register(&stage.store, Timestamp::now(), other).await;
    leases::take_all(&stage.store, other.unwrap())
        .await
        .unwrap();

    let after = until("a new epoch", async || {
        let holder = leases::holder(&stage.store, session).await.unwrap();
        holder.filter(|it| it.epoch > before.epoch + 1)
    })
    .await;
    assert_ne!(after.incarnation, before.incarnation);
    until("two logins", async || {
        let logins = stage.phones.log("login").await.len();
        (logins >= 2).then_some(())
    })
    .await;
    stage.reaches(session, SessionState::Connected).await;
    let lost = count(&registry, "switchyard_leases_lost_total");
    assert!(lost >= 1.0, "{lost}");
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_read_fail_the_session_and_are_not_written_over() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;

    let options = SqliteConnectOptions::new().filename(stage.file());
    let mut file = SqliteConnection::connect_with(&options).await.unwrap();
    let damaged = sqlx::query("update vault set sealed = x'0001' where space = 'device'")
        .execute(&mut file)
        .await
        .unwrap();
    assert_eq!(damaged.rows_affected(), 1);

    let offered = stage.phones.log("qr_offered").await.len();
    stage.want(session, Wanted::Connected).await;
    let row = stage.ends(session, SessionReason::VaultUnreadable).await;
    assert_eq!(row.state, SessionState::Failed);
    assert_eq!(stage.phones.log("qr_offered").await.len(), offered);
    let (sealed,): (Vec<u8>,) = sqlx::query_as("select sealed from vault where space = 'device'")
        .fetch_one(&mut file)
        .await
        .unwrap();
    assert_eq!(sealed, [0, 1]);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_session_is_unlinked_and_gone() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Deleted).await;
    until("the session is gone", async || {
        stage.look(session).await.is_none().then_some(())
    })
    .await;
    assert_eq!(stage.phones.devices(OURS).await, 0);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_from_a_clock_that_was_ahead_hides_no_later_one() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    let tomorrow = Timestamp::now().plus(Duration::from_hours(24));
    let other = stage.session().await;
    for id in [session, other] {
        let wish = sessions::want(
            &stage.store,
            tomorrow,
            stage.business,
            id,
            Wanted::Connected,
        )
        .await;
        assert!(wish.expect("a wish").is_some());
    }
    stage.reaches(other, SessionState::AwaitingScan).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    stage.want(session, Wanted::Connected).await;
    stage.reaches(session, SessionState::Connected).await;
    stage.close(shard).await;
}
