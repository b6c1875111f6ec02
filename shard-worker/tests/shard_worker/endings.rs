//! Every way in which a connection ends, and what is said of it.

#![expect(
    clippy::large_futures,
    reason = "a test holds a whole stage in its future"
)]

use serde_json::{Value, json};
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};

use crate::stage::{OURS, Stage};

/// Links a number, lets a fault strike the live connection, and looks what is said.
async fn struck(fault: Value, reason: SessionReason) {
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    stage.phones.fault(fault).await;
    let row = stage.ends(session, reason).await;
    assert_eq!(row.state, reason.state(), "{}", reason.code());
    shard.stop().await;
    stage.phones.stop().await;
}

/// Links a number, and refuses its next logins.
async fn refused(code: u16, reason: SessionReason) {
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    stage.want(session, Wanted::Disconnected).await;
    stage.reaches(session, SessionState::Disconnected).await;
    let fault = json!({"kind": "failure", "phone": OURS, "code": code});
    stage.phones.fault(fault).await;
    stage.want(session, Wanted::Connected).await;
    let row = stage.ends(session, reason).await;
    assert_eq!(row.state, reason.state(), "{code}");
    let paired = reason.state() != SessionState::LoggedOut;
    assert_eq!(row.paired, paired, "{code}");
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_unlinked_on_the_phone_is_logged_out() {
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
    stage.phones.remove_devices(OURS).await;
    let row = stage.ends(session, SessionReason::UnlinkedOnPhone).await;
    assert_eq!(row.state, SessionState::LoggedOut);
    assert!(!row.paired && row.phone.is_some());
    shard.stop().await;
    stage.phones.stop().await;
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
async fn a_temporary_ban_has_an_end() {
    refused(402, SessionReason::TemporaryBan).await;
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
    let stage = Stage::set().await;
    stage.phones.add(OURS).await;
    let shard = stage.shard().await;
    let session = stage.linked(OURS).await;
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
    shard.stop().await;
    stage.phones.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_stanza_or_a_missing_acknowledgement_is_a_protocol_error() {
    for kind in ["xml_not_well_formed", "stream_ack"] {
        let fault = json!({"kind": kind, "phone": OURS, "count": 1});
        struck(fault, SessionReason::ProtocolError).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_taken_over_while_the_epoch_is_ours_is_shown_as_replaced() {
    let fault = json!({"kind": "conflict_replaced", "phone": OURS, "count": 1});
    struck(fault, SessionReason::OpenedElsewhere).await;
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
    shard.stop().await;
    stage.phones.stop().await;
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
    shard.stop().await;
    stage.phones.stop().await;
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
    shard.stop().await;
    stage.phones.stop().await;
}
