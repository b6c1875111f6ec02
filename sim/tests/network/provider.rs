//! The provider's REST interface: calls that a business asks for, shows, lists and ends; and its numbers.

use serde_json::{Value, json};

use crate::business::{ACCOUNT, SHOP, dial, network_with_business, ring};

const CUSTOMER: &str = "+15550005555";

#[actix_web::test]
async fn a_call_that_a_business_asks_for_is_queued_rings_is_answered_and_ends() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/out", "<Say>your table is ready</Say>");
    let answers = json!({ "phone": CUSTOMER, "does": "answers after 3s" });
    control.put("/carrier/people", answers).await;
    let (url, status_url) = (
        format!("{}/out?rid=1", business.url),
        format!("{}/status", business.url),
    );
    let mut form = vec![
        ("To", CUSTOMER),
        ("From", SHOP),
        ("Url", &url),
        ("StatusCallback", &status_url),
    ];
    for event in ["initiated", "ringing", "answered", "completed"] {
        form.push(("StatusCallbackEvent", event));
    }
    let (status, call) = control.rest("POST", "Calls.json", &form).await;
    assert_eq!((status, &call["status"]), (201, &json!("queued")), "{call}");
    let sid = call["sid"].as_str().expect("a name").to_owned();
    business.wait("/status", 4).await;
    let told: Vec<_> = business
        .asked("/status")
        .iter()
        .map(|one| one.form["CallStatus"].clone())
        .collect();
    assert_eq!(told, ["initiated", "ringing", "in-progress", "completed"]);
    let asked = business.wait("/out", 1).await;
    assert_eq!(asked.form["Direction"], "outbound-api");
    assert_eq!(asked.form["CallStatus"], "in-progress");
    assert!(asked.url.ends_with("/out?rid=1"));
    let (_, shown) = control.rest("GET", &format!("Calls/{sid}.json"), &[]).await;
    assert_eq!(shown["status"], "completed");
    // The second call of the same second waits for its turn.
    let (_, second) = control.rest("POST", "Calls.json", &form).await;
    let (_, third) = control.rest("POST", "Calls.json", &form).await;
    let wait = |call: &Value| {
        call["queue_time"]
            .as_str()
            .expect("text")
            .parse::<u64>()
            .expect("ms")
    };
    assert!(wait(&third) > wait(&second), "{second} {third}");
    network.stop().await;
}

#[actix_web::test]
async fn nobody_busy_and_unknown_people_end_a_call_as_the_provider_says() {
    let (network, control, business) = network_with_business().await;
    control
        .patch("/carrier", json!({ "calls_per_second": 100 }))
        .await;
    let status_url = format!("{}/status", business.url);
    for (place, (does, status, code)) in [
        ("busy", "busy", "486"),
        ("no-answer", "no-answer", "487"),
        ("unknown", "failed", "404"),
    ]
    .iter()
    .enumerate()
    {
        control
            .put(
                "/carrier/people",
                json!({ "phone": CUSTOMER, "does": does }),
            )
            .await;
        let form = [
            ("To", CUSTOMER),
            ("From", SHOP),
            ("Twiml", "<Response/>"),
            ("StatusCallback", &status_url),
            ("Timeout", "10"),
        ];
        let (created, call) = control.rest("POST", "Calls.json", &form).await;
        assert_eq!(created, 201, "{call}");
        let end = business.wait("/status", place + 1).await;
        assert_eq!(
            (
                end.form["CallStatus"].as_str(),
                end.form["SipResponseCode"].as_str()
            ),
            (*status, *code)
        );
    }
    network.stop().await;
}

#[actix_web::test]
async fn live_calls_are_listed_by_pages_and_ended_or_sent_elsewhere() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Say>hello</Say><Pause length=\"3600\"/>");
    business.twiml("/elsewhere", "<Say>elsewhere</Say>");
    let mut sids = Vec::new();
    for _ in 0..3 {
        let sid = ring(&control).await;
        control
            .entry(&sid, "status", "status", json!("in-progress"))
            .await;
        sids.push(sid);
    }
    let (_, page) = control
        .rest("GET", "Calls.json?Status=in-progress&PageSize=2", &[])
        .await;
    assert_eq!(page["calls"].as_array().expect("a list").len(), 2);
    let next = page["next_page_uri"].as_str().expect("another page");
    let (_, page) = control.rest("GET", next, &[]).await;
    assert_eq!(page["calls"].as_array().expect("a list").len(), 1);
    assert!(page["next_page_uri"].is_null());

    let path = format!("Calls/{}.json", sids[0]);
    let (status, call) = control
        .rest("POST", &path, &[("Status", "completed")])
        .await;
    assert_eq!((status, &call["status"]), (200, &json!("completed")));
    let (status, error) = control
        .rest("POST", &path, &[("Status", "completed")])
        .await;
    assert_eq!((status, &error["code"]), (400, &json!(21220)));
    let url = format!("{}/elsewhere", business.url);
    let path = format!("Calls/{}.json", sids[1]);
    control.rest("POST", &path, &[("Url", &url)]).await;
    control
        .entry(&sids[1], "said", "text", json!("elsewhere"))
        .await;
    let path = format!("Calls/{}.json", sids[2]);
    let here = [("Twiml", "<Response><Say>here</Say></Response>")];
    control.rest("POST", &path, &here).await;
    control.entry(&sids[2], "said", "text", json!("here")).await;
    network.stop().await;
}

#[actix_web::test]
async fn numbers_are_set_up_and_wrong_requests_are_refused_in_the_providers_words() {
    let (network, control, business) = network_with_business().await;
    let (_, numbers) = control.rest("GET", "IncomingPhoneNumbers.json", &[]).await;
    let number = numbers["incoming_phone_numbers"][0]["sid"]
        .as_str()
        .expect("a name");
    let url = format!("{}/other", business.url);
    let path = format!("IncomingPhoneNumbers/{number}.json");
    let (status, changed) = control.rest("POST", &path, &[("VoiceUrl", &url)]).await;
    assert_eq!((status, &changed["voice_url"]), (200, &json!(url)));
    business.twiml("/other", "<Hangup/>");
    let sid = dial(&control, json!({ "from": "anonymous", "to": SHOP })).await;
    control.call_ends(&sid, "completed").await;

    for (form, code) in [
        (
            vec![("To", "five"), ("From", SHOP), ("Url", url.as_str())],
            21211,
        ),
        (
            vec![("To", CUSTOMER), ("From", CUSTOMER), ("Url", &url)],
            21210,
        ),
        (vec![("To", CUSTOMER), ("From", SHOP)], 21205),
        (
            vec![
                ("To", CUSTOMER),
                ("From", SHOP),
                ("Url", "https://example.com/"),
            ],
            21205,
        ),
    ] {
        let (status, error) = control.rest("POST", "Calls.json", &form).await;
        assert_eq!((status, &error["code"]), (400, &json!(code)), "{form:?}");
    }
    assert_eq!(control.rest("GET", "Calls/CA0.json", &[]).await.0, 404);
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json");
    assert_eq!(control.raw(&path).await.status(), 401);
    network.stop().await;
}

#[actix_web::test]
async fn rest_fails_on_purpose() {
    let (network, control, business) = network_with_business().await;
    control
        .fault(json!({ "kind": "rest_error", "code": 429, "count": 1 }))
        .await;
    let answer = control.rest_raw("GET", "Calls.json", &[]).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["Retry-After"], "1");

    // The call is placed though the answer is lost.
    control
        .fault(json!({ "kind": "rest_answer_lost", "count": 1 }))
        .await;
    let url = format!("{}/out", business.url);
    let form = [("To", CUSTOMER), ("From", SHOP), ("Url", url.as_str())];
    let (status, _) = control.rest("POST", "Calls.json", &form).await;
    assert_eq!(status, 504);
    let (_, list) = control
        .rest("GET", "Calls.json?To=%2B15550005555", &[])
        .await;
    assert_eq!(list["calls"].as_array().expect("a list").len(), 1);

    control
        .fault(json!({ "kind": "rest_slow", "ms": 300, "count": 1 }))
        .await;
    let begun = std::time::Instant::now();
    assert_eq!(control.rest("GET", "Calls.json", &[]).await.0, 200);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(300));

    control
        .fault(json!({ "kind": "rest_list_lag", "ms": 60_000, "count": 1 }))
        .await;
    let (_, list) = control.rest("GET", "Calls.json", &[]).await;
    assert_eq!(list["calls"], json!([]));
    network.stop().await;
}
