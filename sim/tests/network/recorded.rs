//! What a caller says after the tone: kept as a file that the business fetches and deletes; and what is played.

use serde_json::{Value, json};

use crate::business::{CALLER, SHOP, dial, errors, network_with_business, ring};
use crate::judge::Judge;

/// A second of mu-law as a WAVE file.
fn wav(seconds: usize) -> Vec<u8> {
    let size = u32::try_from(seconds * 8_000).expect("small");
    let mut file = b"RIFF".to_vec();
    file.extend((size + 38).to_le_bytes());
    file.extend(b"WAVEfmt \x12\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0\0\0data");
    file.extend(size.to_le_bytes());
    file.resize(file.len() + seconds * 8_000, 0x7F);
    file
}

#[actix_web::test]
async fn a_voicemail_is_kept_told_of_fetched_and_deleted() {
    let (network, control, business) = network_with_business().await;
    let mut judge = Judge::start().await;
    let document = judge.document("voicemail", &business.url).await;
    business.reply("/voice", 200, "text/xml", document);
    business.twiml("/recorded", "<Say>thanks</Say><Hangup/>");
    business.reply("/kept", 204, "text/plain", "");
    let script = "expect verb Record\nsay \"please call me back about the red bicycle\"\nwait 5s\npress #\nexpect say ~ \"thanks\"";
    let sid = dial(
        &control,
        json!({ "from": CALLER, "to": SHOP, "script": script }),
    )
    .await;
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows), Vec::<&Value>::new());
    let action = business.wait("/recorded", 1).await;
    // 42 characters of 90 ms.
    assert_eq!(action.form["RecordingDuration"], "4");
    assert_eq!(action.form["Digits"], "#");
    let told = business.wait("/kept", 1).await;
    assert!(judge.trusts(&told).await);
    assert_eq!(told.form["RecordingStatus"], "completed");
    assert_eq!(told.form["RecordingSid"], action.form["RecordingSid"]);
    assert_eq!(told.form["RecordingUrl"], action.form["RecordingUrl"]);

    let name = format!("Recordings/{}", told.form["RecordingSid"]);
    let path = told.form["RecordingUrl"].replace(&network.url(), "");
    let file = control.rest_raw("GET", &format!("{path}.wav"), &[]).await;
    let file = file.bytes().await.expect("a file");
    assert!(file.starts_with(b"RIFF") && file[8..12] == *b"WAVE");
    let row = rows
        .iter()
        .find(|row| row["kind"] == "recorded")
        .expect("a recording");
    assert_eq!(row["bytes"], file.len());
    assert!(file.len() > 3 * 8_000);

    control
        .fault(json!({ "kind": "recording_missing", "count": 1 }))
        .await;
    assert_eq!(
        control.rest("GET", &format!("{name}.wav"), &[]).await.0,
        404
    );
    assert_eq!(
        control.rest("GET", &format!("{name}.wav"), &[]).await.0,
        200
    );
    assert_eq!(control.raw(&path).await.status(), 401);
    assert_eq!(
        control.rest("DELETE", &format!("{name}.json"), &[]).await.0,
        204
    );
    assert_eq!(
        control.rest("GET", &format!("{name}.wav"), &[]).await.0,
        404
    );
    network.stop().await;
}

#[actix_web::test]
async fn who_says_nothing_leaves_no_recording_and_who_hangs_up_leaves_what_was_said() {
    let (network, control, business) = network_with_business().await;
    business.twiml(
        "/voice",
        "<Record timeout=\"3\" action=\"{url}/recorded\" recordingStatusCallback=\"{url}/kept\" recordingStatusCallbackEvent=\"completed absent\"/><Say>nothing heard</Say>",
    );
    business.twiml("/recorded", "<Hangup/>");
    business.reply("/kept", 204, "text/plain", "");
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    assert!(rows.iter().any(|row| row["text"] == "nothing heard"));
    assert_eq!(
        business.wait("/kept", 1).await.form["RecordingStatus"],
        "absent"
    );
    assert!(business.asked("/recorded").is_empty());

    let script = "expect verb Record\ntone 7s\nwait 7s\nhangup";
    dial(
        &control,
        json!({ "from": CALLER, "to": SHOP, "script": script }),
    )
    .await;
    let action = business.wait("/recorded", 1).await;
    assert_eq!(action.form["Digits"], "hangup");
    assert_eq!(action.form["CallStatus"], "completed");
    assert_eq!(action.form["RecordingDuration"], "7");
    assert_eq!(
        business.wait("/kept", 2).await.form["RecordingStatus"],
        "completed"
    );
    network.stop().await;
}

#[actix_web::test]
async fn a_greeting_that_is_played_stands_in_the_ledger_by_its_bytes() {
    let (network, control, business) = network_with_business().await;
    business.twiml(
        "/voice",
        "<Play>{url}/hello.wav</Play><Play>{url}/none.wav</Play>",
    );
    business.reply("/hello.wav", 200, "audio/wav", wav(2));
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    let played = rows
        .iter()
        .find(|row| row["kind"] == "played")
        .expect("a sound");
    assert_eq!(played["bytes"], 2 * 8_000 + 46);
    assert_eq!(played["took_ms"], 2_000);
    assert_eq!(errors(&rows).len(), 1);
    network.stop().await;
}

#[actix_web::test]
async fn what_was_said_is_lost_on_purpose_and_told_of_as_absent() {
    let (network, control, business) = network_with_business().await;
    business.twiml(
        "/voice",
        "<Record timeout=\"3\" action=\"{url}/recorded\" recordingStatusCallback=\"{url}/kept\" recordingStatusCallbackEvent=\"completed absent\"/><Say>lost</Say>",
    );
    business.reply("/kept", 204, "text/plain", "");
    control
        .fault(json!({ "kind": "recording_absent", "count": 1 }))
        .await;
    let script = "expect verb Record\ntone 7s\nexpect say ~ \"lost\"";
    let sid = dial(
        &control,
        json!({ "from": CALLER, "to": SHOP, "script": script }),
    )
    .await;
    let told = business.wait("/kept", 1).await;
    assert_eq!(told.form["RecordingStatus"], "absent");
    assert_eq!(told.form["CallSid"], sid);
    control.call_ends(&sid, "completed").await;
    assert!(business.asked("/recorded").is_empty());
    let (_, list) = control.rest("GET", "Recordings.json", &[]).await;
    assert_eq!(list["recordings"], json!([]));
    network.stop().await;
}
