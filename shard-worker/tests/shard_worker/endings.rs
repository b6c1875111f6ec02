//! Every way in which a connection ends, and what is said of it:
//!
//! | what ended it | shown by |
//! |---|---|
//! | unlinked on the phone, 516 | `a_number_unlinked_on_the_phone_…`, `refusals_that_end_the_link_…` |
//! | 401, 411, 415, 418 at login | `refusals_that_end_the_link_…` |
//! | 403, 405, 406, 409, 413, 414, unknown | `refusals_that_need_a_person_…` |
//! | 402 | `a_temporary_ban_…` |
//! | 463 on a send | `messages::a_refused_first_message_…` |
//! | 429 | `troubles_that_pass_…` |
//! | 500, 503, cut, xmlstreamend | `troubles_that_pass_…`, `a_stream_that_ends_is_dialled_again_…`, `an_outage_…` |
//! | frozen, frames that cannot be read | `a_frozen_or_deaf_connection_…` |
//! | xml-not-well-formed, an owed acknowledgement | `a_malformed_stanza_…` |
//! | replaced | `a_connection_taken_over_…` |
//! | codes used up, another number, one that is here already | `codes_…`, `another_number_…`, `a_phone_that_is_linked_…` |
//! | a passkey | `a_passkey_…` |
//! | keys that cannot be read | `holding::keys_that_cannot_be_read_…`, the product's `faults::damaged` |
//! | a full disk | the product's `faults::full` |
//! | by request | `linking::a_session_is_disconnected_…` |

use std::time::Duration;

use serde_json::{Value, json};
use switchyard_core::Timestamp;
use switchyard_core::event::EventType;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_shard_worker::Patience;

use crate::phones::{until, within};
use crate::stage::{OURS, Stage};

/// Links a number, lets a fault strike the live connection, and looks what is said.
async fn struck(fault: Value, reason: SessionReason) {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.phones.fault(fault).await;
    let row = stage.ends(session, reason).await;
    assert_eq!(row.state, reason.state(), "{}", reason.code());
    stage.close(shard).await;
}

/// Links a number, and refuses its next logins.
async fn refused(code: u16, reason: SessionReason) {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let fault = json!({"kind": "failure", "phone": OURS, "code": code});
    stage.phones.fault(fault).await;
    stage.want(session, Wanted::Connected).await;
    let row = stage.ends(session, reason).await;
    assert_eq!(row.state, reason.state(), "{code}");
    let paired = reason.state() != SessionState::LoggedOut;
    assert_eq!(row.paired, paired, "{code}");
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_unlinked_on_the_phone_is_logged_out() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.phones.remove_devices(OURS).await;
    let row = stage.ends(session, SessionReason::UnlinkedOnPhone).await;
    assert_eq!(row.state, SessionState::LoggedOut);
    assert!(!row.paired && row.phone.is_some());
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_end_the_link_log_the_session_out() {
    refused(401, SessionReason::UnlinkedWhileAway).await;
    for code in [411, 415, 418] {
        refused(code, SessionReason::LinkInvalid).await;
    }
    let gone = json!({"kind": "stream_error", "phone": OURS, "code": 516, "count": 1});
    struck(gone, SessionReason::UnlinkedOnPhone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_need_a_person_fail_the_session() {
    refused(403, SessionReason::AccountLocked).await;
    refused(405, SessionReason::ClientOutdated).await;
    refused(406, SessionReason::AccountBanned).await;
    for code in [409, 413, 414, 499] {
        refused(code, SessionReason::RefusedByWhatsapp).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_ban_has_an_end_that_is_told_and_the_number_comes_back_then() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let logins = stage.phones.log("login").await.len();
    let ban = json!({"kind": "failure", "phone": OURS, "code": 402, "ms": 3_000, "count": 1});
    stage.phones.fault(ban).await;
    let before = Timestamp::now();
    stage.want(session, Wanted::Connected).await;
    let row = stage.ends(session, SessionReason::TemporaryBan).await;
    assert_eq!(row.state, SessionState::Restricted);
    assert!(row.paired);
    let until = row.until.expect("an end");
    assert!(until > before && until < Timestamp::now().plus(Duration::from_secs(4)));

    stage.reaches(session, SessionState::Connected).await;
    assert!(Timestamp::now() >= until, "it came back too early");
    // Nobody knocked before the end.
    assert_eq!(stage.phones.log("login").await.len(), logins + 1);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn troubles_that_pass_keep_the_session_connecting() {
    refused(429, SessionReason::RateLimited).await;
    refused(503, SessionReason::Network).await;
    refused(500, SessionReason::Network).await;
    let rate = json!({"kind": "stream_error", "phone": OURS, "code": 429, "count": 1});
    struck(rate, SessionReason::RateLimited).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_shown_after_a_while_and_mends_by_itself() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    stage
        .phones
        .fault(json!({"kind": "refuse_login", "phone": OURS}))
        .await;
    stage
        .phones
        .fault(json!({"kind": "cut", "phone": OURS, "count": 1}))
        .await;
    let row = stage.ends(session, SessionReason::Network).await;
    assert_eq!(row.state, SessionState::Connecting);
    stage.phones.mend().await;
    stage.reaches(session, SessionState::Connected).await;
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_stanza_or_a_missing_acknowledgement_is_a_protocol_error() {
    for kind in ["xml_not_well_formed", "stream_ack"] {
        let fault = json!({"kind": kind, "phone": OURS, "count": 1});
        struck(fault, SessionReason::ProtocolError).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_is_dialled_again_at_once() {
    let (stage, shard, session) = Stage::opened(&[]).await;
    let ends = [
        json!({"kind": "cut"}),
        json!({"kind": "xmlstreamend"}),
        json!({"kind": "stream_error", "code": 500}),
        json!({"kind": "stream_error", "code": 503}),
        json!({"kind": "stream_error", "code": 515}),
    ];
    for mut end in ends {
        let logins = stage.phones.log("login").await.len();
        end["phone"] = json!(OURS);
        end["count"] = json!(1);
        stage.phones.fault(end.clone()).await;
        until(&format!("a login after {end}"), async || {
            let now = stage.phones.log("login").await.len();
            (now > logins).then_some(())
        })
        .await;
        let row = stage.reaches(session, SessionState::Connected).await;
        assert_eq!(row.reason, None, "{end}");
        assert_eq!(stage.phones.log("login").await.len(), logins + 1, "{end}");
    }
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_or_deaf_connection_is_noticed_and_what_it_held_back_comes_over_the_next_one() {
    const ANN: &str = "972521111111";
    // Silence: 1 s here, and 20 s for a sign of life. Bytes that nobody can read: 2 s and 5 s. And the next connection.
    const SILENT: Duration = Duration::from_mins(1);
    const UNREADABLE: Duration = Duration::from_secs(30);
    let patience = Patience {
        silence: Duration::from_secs(1),
        ..Patience::default()
    };
    let (stage, shard, session) = Stage::opened_with(patience, &[ANN]).await;
    let faults = [
        ("freeze", SILENT, SessionReason::Network),
        ("bad_frame", UNREADABLE, SessionReason::ProtocolError),
        ("huge_frame", UNREADABLE, SessionReason::ProtocolError),
    ];
    for (round, (kind, noticed, reason)) in (2..).zip(faults) {
        let told = stage.events(EventType::SessionStatus).await.len();
        let fault = json!({"kind": kind, "phone": OURS, "count": 1});
        stage.phones.fault(fault).await;
        stage.phones.write(ANN, OURS, "held back").await;
        within(noticed, &format!("the message after {kind}"), async || {
            let events = stage.events(EventType::MessageReceived).await;
            (events.len() >= round - 1).then_some(())
        })
        .await;
        assert_eq!(stage.phones.log("login").await.len(), round, "{kind}");
        stage.reaches(session, SessionState::Connected).await;
        let since = stage.events(EventType::SessionStatus).await.split_off(told);
        let why = since
            .first()
            .and_then(|event| event.data["reason"].as_str());
        assert_eq!(why, Some(reason.code()), "{kind}");
    }
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_taken_over_is_shown_so_and_taken_back_three_times_in_an_hour_then_a_person_must()
 {
    const PAUSE: Duration = Duration::from_millis(200);
    let patience = Patience {
        taken_over: PAUSE,
        ..Patience::default()
    };
    let (stage, shard, session) = Stage::opened_with(patience, &[]).await;
    let replaced = json!({"kind": "conflict_replaced", "phone": OURS, "count": 1});
    for _ in 0..3 {
        stage.phones.fault(replaced.clone()).await;
        let row = stage.ends(session, SessionReason::OpenedElsewhere).await;
        assert_eq!(row.state, SessionState::Replaced);
        stage.reaches(session, SessionState::Connected).await;
    }
    stage.phones.fault(replaced).await;
    stage.ends(session, SessionReason::OpenedElsewhere).await;
    let logins = stage.phones.log("login").await.len();
    // That nothing happens can only be seen by waiting.
    tokio::time::sleep(5 * PAUSE).await;
    assert_eq!(stage.phones.log("login").await.len(), logins);
    let row = stage.look(session).await.expect("a session");
    assert_eq!(row.state, SessionState::Replaced);

    stage.want(session, Wanted::Connected).await;
    stage.reaches(session, SessionState::Connected).await;
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_nobody_scans_run_out() {
    let stage = Stage::set_with(0.01).await;
    stage.phones.add(OURS).await;
    let shard = stage.shard().await;
    let session = stage.session().await;
    stage.want(session, Wanted::Connected).await;
    let row = stage.ends(session, SessionReason::LinkExpired).await;
    assert_eq!(row.state, SessionState::Disconnected);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_number_is_refused_and_unlinked_again() {
    const OTHER: &str = "972500000002";
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    stage.phones.add(OTHER).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    stage.want(session, Wanted::LoggedOut).await;
    stage.reaches(session, SessionState::LoggedOut).await;

    stage.want(session, Wanted::Connected).await;
    stage.reaches(session, SessionState::AwaitingScan).await;
    let code = stage.code(session).await;
    assert!(stage.phones.scan(OTHER, &code).await);
    let row = stage.ends(session, SessionReason::DifferentNumber).await;
    assert_eq!(row.state, SessionState::Failed);
    assert_eq!(row.phone.unwrap().digits(), OURS);
    assert_eq!(stage.phones.devices(OTHER).await, 0);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_linked_here_already_is_refused_as_a_second_number_and_unlinked_again() {
    let (stage, shard, first) = Box::pin(Stage::opened(&[])).await;
    let second = stage.session().await;
    stage.want(second, Wanted::Connected).await;
    let code = stage.code(second).await;
    assert!(stage.phones.scan(OURS, &code).await);
    let row = stage.ends(second, SessionReason::NumberAlreadyLinked).await;
    assert_eq!((row.state, row.paired), (SessionState::Failed, false));
    assert_eq!(row.phone, None);
    assert_eq!(
        stage.phones.devices(OURS).await,
        1,
        "the first is still linked"
    );
    let kept = stage.look(first).await.expect("a session");
    assert_eq!(kept.state, SessionState::Connected);

    stage.want(first, Wanted::LoggedOut).await;
    stage.reaches(first, SessionState::LoggedOut).await;
    stage.want(second, Wanted::Connected).await;
    stage.reaches(second, SessionState::AwaitingScan).await;
    let code = stage.code(second).await;
    assert!(stage.phones.scan(OURS, &code).await);
    stage.reaches(second, SessionState::Connected).await;
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_a_new_connection_without_a_scan_and_connect_is_none() {
    let (stage, shard, session) = Box::pin(Stage::opened(&[])).await;
    let logins = async || stage.phones.log("login").await.len();
    let before = logins().await;
    stage.want(session, Wanted::Connected).await;
    for restart in 1..=2 {
        stage.want(session, Wanted::Restarted).await;
        until("another login", async || {
            (logins().await == before + restart).then_some(())
        })
        .await;
        stage.reaches(session, SessionState::Connected).await;
    }
    stage.want(session, Wanted::Connected).await;
    let asked = stage.phones.log("qr_offered").await.len();
    assert_eq!(asked, 1, "of the first link");
    assert_eq!(logins().await, before + 2);
    stage.close(shard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_is_asked_for_is_named() {
    let stage = Stage::set_with(0.05).await;
    stage.phones.add(OURS).await;
    let shard = stage.shard().await;
    let session = stage.session().await;
    stage.phones.fault(json!({"kind": "passkey_request"})).await;
    stage.want(session, Wanted::Connected).await;
    let code = stage.code(session).await;
    stage.phones.scan(OURS, &code).await;
    let row = stage.ends(session, SessionReason::PasskeyRequired).await;
    assert!(matches!(
        row.state,
        SessionState::AwaitingPasskey | SessionState::Disconnected
    ));
    stage.reaches(session, SessionState::Disconnected).await;
    stage.close(shard).await;
}
