//! Calls: the flow with its faults, what was recorded in whole and in part, and the slots.

use reqwest::header::RANGE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::calls::{self, Audio, NewCall, Recorded};
use store::slots::{Admission, Ask, Mode};
use switchyard_core::call::{CallSid, CallState, Direction};
use switchyard_core::permission::Scope;
use switchyard_core::{BusinessId, Timestamp};

use crate::app::{Answer, Client, TestApp};
use crate::operating::operator;

/// A live call that has a slot, with audio that can be played.
pub(crate) async fn recorded(app: &TestApp, business: BusinessId, sid: &str, audio: &[u8]) {
    let ask = Ask {
        id: sid,
        business,
        owner: "calls-1",
        mode: Mode::New,
        limit: 1_000,
        business_limit: 1_000,
        epoch: 0,
        phase: "voicemail",
    };
    let admitted = app.slots.acquire(ask).await.unwrap();
    assert!(matches!(admitted, Admission::New { .. }), "{admitted:?}");
    let (now, sid): (_, CallSid) = (Timestamp::now(), sid.parse().unwrap());
    let recording: CallSid = format!("RE{sid}").parse().unwrap();
    let call = NewCall {
        sid: sid.clone(),
        direction: Direction::Inbound,
        from: Some("+972501234567".to_owned()),
        to: Some("+97231110000".to_owned()),
        state: CallState::InProgress,
        flow_version: 0,
        first: None,
    };
    calls::begin_call(&app.store, now, business, call)
        .await
        .unwrap();
    let told = Recorded {
        recording_sid: recording.clone(),
        duration_s: Some(4),
        is_absent: false,
    };
    let noted = calls::note_recording(&app.store, now, business, sid, told).await;
    assert!(noted.unwrap());
    let audio = Audio {
        mime: "audio/wav".to_owned(),
        duration_s: None,
        bytes: audio.to_vec(),
    };
    let kept = calls::keep_recording(&app.keys, now, business, recording, audio).await;
    assert!(kept.unwrap());
}

/// A business, and a client that may do everything in it.
pub(crate) async fn key(app: &TestApp, email: &str) -> (BusinessId, Client) {
    let business = app.business(email).await.business;
    (business, app.key(business, &Scope::ALL).await.1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_with_faults_is_not_kept_and_every_fault_is_named() {
    let app = TestApp::start().await;
    let (_, ada) = key(&app, "ada@example.com").await;
    let first = ada.get("/v1/call-flow").await.body;
    assert_eq!(
        (&first["version"], &first["since"]),
        (&json!(0), &Value::Null)
    );
    let mut flow = first["flow"].clone();
    flow["entry"]["open"] = json!("ring");
    flow["nodes"]["ring"] = json!({"kind": "dial", "targets": ["12"], "no_answer": "nowhere"});
    let body = json!({"version": 0, "flow": flow});
    let refused = ada.send("put", "/v1/call-flow", &body).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid_flow"));
    let places = refused.body["faults"].as_array().unwrap().iter();
    let places: Vec<_> = places
        .map(|it| (it["at"].clone(), it["code"].clone()))
        .collect();
    assert_eq!(
        places,
        [
            (json!("nodes.ring.targets.0"), json!("bad_number")),
            (json!("nodes.ring.no_answer"), json!("no_such_node")),
        ]
    );
    assert_eq!(ada.get("/v1/call-flow").await.body, first);
    let mut own = flow.clone();
    let url = format!("{}/twilio/x/status", app.url);
    own["nodes"]["ring"] = json!({"kind": "play", "url": url, "next": "voicemail"});
    let body = json!({"version": 0, "flow": own});
    let refused = ada.send("put", "/v1/call-flow", &body).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid_flow"));
    let fault = &refused.body["faults"][0];
    assert_eq!(fault["at"], "nodes.ring.url");
    assert_eq!(fault["code"], "own_address");

    flow["nodes"]["ring"]["targets"] = json!(["+972509999999"]);
    flow["nodes"]["ring"]["no_answer"] = json!("voicemail");
    let body = json!({"version": 0, "flow": flow});
    let kept = ada.send("put", "/v1/call-flow", &body).await;
    assert_eq!((kept.status, &kept.body["version"]), (200, &json!(1)));
    assert_eq!(ada.get("/v1/call-flow").await.body, kept.body);
    let stale = ada.send("put", "/v1/call-flow", &body).await;
    assert_eq!((stale.status, stale.code()), (409, "conflict"));
    let rung = json!({"phone": "+972509999999", "name": "Mobile"});
    let rung = ada.post("/v1/call-numbers", &rung).await;
    assert_eq!((rung.status, rung.code()), (409, "number_rung"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_played_in_whole_and_in_any_part() {
    let app = TestApp::start().await;
    let (business, ada) = key(&app, "ada@example.com").await;
    let (_, eve) = key(&app, "eve@example.com").await;
    // Three pieces, the last one short.
    let audio: Vec<u8> = (0..600_000_u32)
        .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
        .collect();
    recorded(&app, business, "CA1", &audio).await;
    let path = "/v1/calls/CA1/recording";
    assert_eq!(eve.get(path).await.status, 404);
    assert_eq!(ada.get("/v1/calls/CA2/recording").await.status, 404);
    let whole = ada.request(Method::GET, path).send().await.unwrap();
    assert_eq!(whole.headers()["content-type"], "audio/wav");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.content_length(), Some(600_000));
    assert_eq!(whole.bytes().await.unwrap(), audio);
    for (first, last) in [
        (0, 99),
        (262_100, 262_200),
        (100, 524_300),
        (599_999, 599_999),
    ] {
        let asked = ada
            .request(Method::GET, path)
            .header(RANGE, format!("bytes={first}-{last}"));
        let part = asked.send().await.unwrap();
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        let range = format!("bytes {first}-{last}/600000");
        assert_eq!(part.headers()["content-range"], range.as_str());
        assert_eq!(part.bytes().await.unwrap(), audio[first..=last]);
    }
    let beyond = ada
        .request(Method::GET, path)
        .header(RANGE, "bytes=600000-");
    assert_eq!(
        beyond.send().await.unwrap().status(),
        StatusCode::RANGE_NOT_SATISFIABLE
    );
    let call = ada.get("/v1/calls/CA1").await.body;
    assert_eq!(call["call"]["recording"]["state"], "ready");
    assert_eq!(call["call"]["recording"]["bytes"], 600_000);
    let events = ada.get("/v1/events?after=0").await.body;
    let kinds: Vec<_> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["type"])
        .collect();
    assert_eq!(kinds, ["call.started", "recording.ready"]);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_who_holds_a_slot_take_it_back_and_change_the_limit() {
    let app = TestApp::start().await;
    let (business, ada) = key(&app, "ada@example.com").await;
    let operator = operator(&app).await;
    recorded(&app, business, "CA1", &[1; 100]).await;
    let slots = operator.get("/v1/admin/calls").await.body;
    assert_eq!((&slots["live"], &slots["limit"]), (&json!(1), &json!(50)));
    assert_eq!(slots["data"][0]["call_sid"], "CA1");
    assert_eq!(slots["data"][0]["business_id"], business.to_string());
    let release = "/v1/admin/calls/CA1/release";
    assert_eq!(ada.post(release, &json!({})).await.status, 403);
    assert_eq!(operator.post(release, &json!({})).await.status, 204);
    assert_eq!(operator.post(release, &json!({})).await.status, 404);
    let slots = operator.get("/v1/admin/calls").await.body;
    assert_eq!((&slots["live"], &slots["data"]), (&json!(0), &json!([])));
    let call = ada.get("/v1/calls/CA1").await.body;
    assert_eq!(
        (&call["call"]["state"], &call["call"]["reason"]),
        (&json!("completed"), &json!("released"))
    );

    let limit = operator
        .send("put", "/v1/admin/calls/limit", &json!({"limit": 7}))
        .await;
    assert_eq!(
        (limit.status, &limit.body),
        (200, &json!({"limit": 7, "live": 0}))
    );
    assert_eq!(operator.get("/v1/admin/calls").await.body["limit"], 7);
    assert_eq!(calls::call_limit(&app.store).await.unwrap(), Some(7));
    let audit = operator.get("/v1/admin/audit").await.body.to_string();
    assert!(
        audit.contains("call.released") && audit.contains("call_limit.changed"),
        "{audit}"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_asked_for_once_by_its_key_and_keeps_the_name_that_was_answered() {
    let app = TestApp::start().await;
    let (business, ada) = key(&app, "ada@example.com").await;
    let call = json!({"to": "+972501234567", "text": "Your order is ready"});
    let refused = ada.post("/v1/calls", &call).await;
    assert_eq!(
        (refused.status, refused.code()),
        (422, "call_number_required")
    );
    let line = json!({"phone": "+97231110000", "name": "Front desk"});
    assert_eq!(ada.post("/v1/call-numbers", &line).await.status, 201);
    let named = async |call: &Value| {
        let request = ada.request(Method::POST, "/v1/calls").json(call);
        Answer::of(request.header("idempotency-key", "order-17")).await
    };
    let first = named(&call).await;
    assert_eq!(
        (first.status, &first.body["state"]),
        (202, &json!("queued")),
        "{}",
        first.body
    );
    assert_eq!(first.body["from"], "+97231110000");
    let asked_as: CallSid = first.body["call_sid"].as_str().unwrap().parse().unwrap();
    assert_eq!(first.body["asked_as"], asked_as.as_str());
    // The provider has it meanwhile.
    let (now, sid) = (Timestamp::now(), "CA77".parse().unwrap());
    let confirmed = calls::confirm_call(&app.store, now, business, asked_as.clone(), sid).await;
    assert!(
        matches!(confirmed, Ok(calls::Confirmed::Placed(..))),
        "{confirmed:?}"
    );
    let again = named(&call).await;
    assert_eq!((again.status, &again.body), (202, &first.body));
    let other = json!({"to": "+972501234567", "text": "Another word"});
    let mismatch = named(&other).await;
    assert_eq!(
        (mismatch.status, mismatch.code()),
        (422, "idempotency_mismatch")
    );
    for name in [asked_as.as_str(), "CA77"] {
        let shown = ada.get(&format!("/v1/calls/{name}")).await.body;
        assert_eq!(shown["call"]["call_sid"], "CA77", "{name}");
        assert_eq!(shown["call"]["asked_as"], asked_as.as_str());
    }
    assert_eq!(
        ada.get("/v1/calls").await.body["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_cannot_be_placed_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let (_, ada) = key(&app, "ada@example.com").await;
    let line = json!({"phone": "+97231110000", "name": "Front desk"});
    assert_eq!(ada.post("/v1/call-numbers", &line).await.status, 201);
    let to = "+972501234567";
    for (call, status, code) in [
        (json!({"to": "12", "text": "hello"}), 422, "invalid_phone"),
        (
            json!({"to": "0501234567", "text": "hello"}),
            422,
            "invalid_phone",
        ),
        (
            json!({"to": "+97231110000", "text": "hello"}),
            422,
            "invalid_recipient",
        ),
        (
            json!({"to": to, "from": "+97231110009", "text": "hello"}),
            404,
            "not_found",
        ),
        (json!({"to": to, "node": "nowhere"}), 422, "no_such_node"),
        (json!({"to": to}), 400, "invalid_request"),
        (json!({"to": to, "text": " "}), 400, "invalid_request"),
        (json!({"to": to, "text": "a\u{1}b"}), 400, "invalid_request"),
        (
            json!({"to": to, "text": "hello", "node": "voicemail"}),
            400,
            "invalid_request",
        ),
        (
            json!({"to": to, "text": "hello", "ring_s": 2}),
            400,
            "invalid_request",
        ),
        (
            json!({"to": to, "text": "hello", "expires_in": 9}),
            400,
            "invalid_request",
        ),
    ] {
        let refused = ada.post("/v1/calls", &call).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{call}");
    }
    assert_eq!(ada.get("/v1/calls").await.body["data"], json!([]));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_ended_once_by_whoever_may_and_what_is_over_stays_so() {
    let app = TestApp::start().await;
    let (business, ada) = key(&app, "ada@example.com").await;
    let (_, eve) = key(&app, "eve@example.com").await;
    let line = json!({"phone": "+97231110000", "name": "Front desk"});
    assert_eq!(ada.post("/v1/call-numbers", &line).await.status, 201);
    let asked = json!({"to": "+972501234567", "text": "Your order is ready"});
    let waiting = ada.post("/v1/calls", &asked).await.body;
    let end = async |hand: &Client, sid: &str| {
        let path = format!("/v1/calls/{sid}/hangup");
        hand.post(&path, &json!({})).await
    };
    let sid = waiting["call_sid"].as_str().unwrap();
    assert_eq!(end(&eve, sid).await.status, 404);
    let reader = app.key(business, &[Scope::CallsRead]).await.1;
    assert_eq!(end(&reader, sid).await.status, 403);
    let over = end(&ada, sid).await;
    assert_eq!(
        (over.status, &over.body["state"], &over.body["reason"]),
        (202, &json!("canceled"), &json!("hung_up"))
    );
    let again = end(&ada, sid).await;
    assert_eq!((again.status, &again.body), (202, &over.body));

    recorded(&app, business, "CA1", &[1; 100]).await;
    let noted = end(&ada, "CA1").await;
    assert_eq!(
        (noted.status, &noted.body["state"]),
        (202, &json!("in_progress"))
    );
    assert!(noted.body["hangup_at"].is_string(), "{}", noted.body);
    let (now, most) = (Timestamp::now(), 10);
    let wanted = calls::take_hangups(&app.store, now, most).await.unwrap();
    assert_eq!(wanted.len(), 1);
    assert_eq!(wanted[0].sid.as_str(), "CA1");

    recorded(&app, business, "CA2", &[1; 100]).await;
    let ending = calls::Ending {
        state: CallState::Completed,
        duration_s: None,
        reason: None,
    };
    let sid = "CA2".parse().unwrap();
    calls::end_call(&app.store, now, business, sid, ending)
        .await
        .unwrap();
    let late = end(&ada, "CA2").await;
    assert_eq!((late.status, late.code()), (409, "call_over"));
    app.end().await;
}
