//! Webhooks and callbacks that are lost, late, doubled, in the wrong order, or repeated as their terms say.

use serde_json::json;

use crate::business::{Reply, SHOP, errors, network_with_business, ring};

#[actix_web::test]
async fn a_webhook_is_repeated_as_its_fragment_says_with_the_same_token() {
    let (network, control, business) = network_with_business().await;
    let url = format!("{}/voice#rc=3&rp=5xx", business.url);
    control
        .post(
            "/carrier/numbers",
            json!({ "phone": SHOP, "voice_url": url }),
        )
        .await;
    let reply = |status, body: &str| Reply {
        status,
        content_type: "text/xml",
        body: business.document(body).into_bytes(),
        held: false,
    };
    business.set(
        "/voice",
        vec![
            reply(500, ""),
            reply(503, ""),
            reply(200, "<Say>at last</Say>"),
        ],
    );
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    assert!(rows.iter().any(|row| row["text"] == "at last"));
    let asked = business.asked("/voice");
    assert_eq!(asked.len(), 3);
    assert!(
        asked
            .iter()
            .all(|one| one.token == asked[0].token && one.path == "/voice")
    );
    network.stop().await;
}

#[actix_web::test]
async fn an_answer_that_does_not_come_in_its_time_leads_to_the_fallback() {
    let (network, control, business) = network_with_business().await;
    let url = format!("{}/voice#rt=200", business.url);
    control
        .post(
            "/carrier/numbers",
            json!({ "phone": SHOP, "voice_url": url }),
        )
        .await;
    business.hold("/voice", "<Say>never</Say>");
    business.twiml("/fallback", "<Reject reason=\"busy\"/>");
    let sid = ring(&control).await;
    control.call_ends(&sid, "busy").await;
    assert_eq!(
        business.wait("/fallback", 1).await.form["ErrorCode"],
        "11200"
    );
    business.release();
    network.stop().await;
}

#[actix_web::test]
async fn callbacks_are_lost_and_doubled_on_purpose() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Hangup/>");
    control
        .fault(json!({ "kind": "callback_drop", "route": "status", "count": 1 }))
        .await;
    let lost = ring(&control).await;
    control.entry(&lost, "callback", "lost", json!(true)).await;
    control
        .fault(json!({ "kind": "callback_duplicate", "phone": SHOP, "count": 1 }))
        .await;
    let doubled = ring(&control).await;
    let second = business.wait("/status", 2).await;
    let first = business.wait("/status", 1).await;
    assert_eq!(
        (&first.form["CallSid"], &second.form["CallSid"]),
        (&doubled, &doubled)
    );
    assert_eq!((&first.token, &first.form), (&second.token, &second.form));
    network.stop().await;
}

#[actix_web::test]
async fn callbacks_come_in_the_wrong_order_on_purpose() {
    let (network, control, business) = network_with_business().await;
    control
        .fault(json!({ "kind": "callback_reorder", "count": 1 }))
        .await;
    control
        .put(
            "/carrier/people",
            json!({ "phone": "+15550005555", "does": "answers after 1s" }),
        )
        .await;
    let status_url = format!("{}/status", business.url);
    let mut form = vec![
        ("To", "+15550005555"),
        ("From", SHOP),
        ("Twiml", "<Response><Say>x</Say></Response>"),
        ("StatusCallback", &status_url),
    ];
    for event in ["initiated", "ringing", "answered", "completed"] {
        form.push(("StatusCallbackEvent", event));
    }
    control.rest("POST", "Calls.json", &form).await;
    business.wait("/status", 4).await;
    let told: Vec<_> = business
        .asked("/status")
        .iter()
        .map(|one| one.form["SequenceNumber"].clone())
        .collect();
    assert_eq!(told, ["1", "0", "2", "3"]);
    network.stop().await;
}

#[actix_web::test]
async fn the_end_is_told_before_the_first_answer_on_purpose() {
    let (network, control, business) = network_with_business().await;
    control
        .fault(json!({ "kind": "callback_early", "count": 1 }))
        .await;
    business.hold("/voice", "<Say>too late</Say>");
    let sid = ring(&control).await;
    assert_eq!(business.wait("/status", 1).await.form["CallSid"], sid);
    business.wait("/voice", 1).await;
    business.release();
    assert_eq!(control.one("/calls/stats").await["admitted"], 0);
    network.stop().await;
}

#[actix_web::test]
async fn an_answer_is_lost_and_a_signature_is_wrong_on_purpose() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Say>first</Say>");
    business.twiml("/fallback", "<Say>second</Say>");
    control
        .fault(json!({ "kind": "webhook_answer_lost", "route": "voice", "count": 1 }))
        .await;
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    assert!(rows.iter().any(|row| row["text"] == "second"));
    assert_eq!(business.asked("/voice").len(), 1);
    assert_eq!(errors(&rows).len(), 1);

    control
        .fault(json!({ "kind": "webhook_bad_signature", "route": "voice", "count": 1 }))
        .await;
    ring(&control).await;
    let wrong = business.wait("/voice", 2).await;
    let mut judge = crate::judge::Judge::start().await;
    assert!(!judge.trusts(&wrong).await);
    network.stop().await;
}

#[actix_web::test]
async fn a_webhook_comes_late_and_twice_at_once_on_purpose() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Say>once</Say>");
    for fault in [
        json!({ "kind": "webhook_slow", "route": "voice", "ms": 50, "count": 1 }),
        json!({ "kind": "webhook_duplicate", "route": "voice", "count": 1 }),
    ] {
        control.fault(fault).await;
    }
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    let asked = business.asked("/voice");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].token, asked[1].token);
    let said = rows.iter().filter(|row| row["kind"] == "said").count();
    assert_eq!(said, 1);
    let request = rows.iter().find(|row| row["route"] == "voice");
    let took = request.expect("a request")["took_ms"].as_u64();
    assert!(took.is_some_and(|ms| ms >= 50), "{rows:#?}");
    network.stop().await;
}

#[actix_web::test]
async fn a_callback_comes_late_on_purpose() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Hangup/>");
    control
        .fault(json!({ "kind": "callback_delay", "route": "status", "ms": 400, "count": 1 }))
        .await;
    let sid = ring(&control).await;
    let told = business.wait("/status", 1).await;
    assert_eq!(told.form["CallSid"], sid);
    control
        .entry(&sid, "callback", "route", json!("status"))
        .await;
    let rows = control.call_ends(&sid, "completed").await;
    let at = |kind: &str, field: &str, value: &str| {
        let row = rows
            .iter()
            .find(|row| row["kind"] == kind && row[field] == value);
        row.expect("an entry")["ms"].as_u64().expect("a time")
    };
    let late = at("callback", "route", "status") - at("status", "status", "completed");
    assert!(late >= 400, "{late} ms");
    network.stop().await;
}
