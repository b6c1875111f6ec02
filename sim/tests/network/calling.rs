//! Calls as the caller and the business see them: questions, answers, fallbacks, ends, and who counts as admitted.

use serde_json::json;

use crate::business::{ACCOUNT, CALLER, SHOP, errors, network_with_business, ring};

#[actix_web::test]
async fn a_caller_hears_a_greeting_and_the_business_is_told_of_the_end() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Say language=\"he-IL\">שלום</Say><Hangup/>");
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows), Vec::<&serde_json::Value>::new());
    control.entry(&sid, "said", "text", json!("שלום")).await;

    let first = business.wait("/voice", 1).await;
    assert_eq!(first.form["CallSid"], sid);
    assert_eq!(first.form["AccountSid"], ACCOUNT);
    assert_eq!(first.form["CallStatus"], "ringing");
    assert_eq!(
        (first.form["From"].as_str(), first.form["To"].as_str()),
        (CALLER, SHOP)
    );
    assert!(!first.signature.is_empty() && !first.token.is_empty());
    let last = business.wait("/status", 1).await;
    assert_eq!(last.form["CallStatus"], "completed");
    assert_eq!(last.form["SequenceNumber"], "0");
    assert_eq!(last.form["CallDuration"], "1");
    assert_eq!(last.form["Duration"], "1");
    assert!(last.form["Timestamp"].ends_with(" +0000"));
    network.stop().await;
}

#[actix_web::test]
async fn a_refusal_with_503_asks_the_fallback_and_is_never_admitted() {
    let (network, control, business) = network_with_business().await;
    business.reply("/voice", 503, "text/xml", business.document("<Reject/>"));
    business.twiml("/fallback", "<Reject reason=\"busy\"/>");
    let sid = ring(&control).await;
    control.call_ends(&sid, "busy").await;
    let fallback = business.wait("/fallback", 1).await;
    assert_eq!(fallback.form["ErrorCode"], "11200");
    assert_eq!(fallback.form["ErrorUrl"], format!("{}/voice", business.url));
    assert_eq!(business.wait("/status", 1).await.form["CallStatus"], "busy");
    let stats = control.one("/calls/stats").await;
    assert_eq!(
        (
            &stats["admitted"],
            &stats["refused"],
            &stats["peak_admitted"]
        ),
        (&json!(0), &json!(1), &json!(0))
    );
    network.stop().await;
}

#[actix_web::test]
async fn who_rejects_at_first_is_no_admission_and_who_speaks_is_one_until_the_end() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Reject/>");
    let sid = ring(&control).await;
    control.call_ends(&sid, "no-answer").await;
    business.twiml("/voice", "<Pause length=\"3600\"/>");
    let (first, second) = (ring(&control).await, ring(&control).await);
    for sid in [&first, &second] {
        control.entry(sid, "verb", "verb", json!("Pause")).await;
    }
    assert_eq!(control.one("/calls/stats").await["live_admitted"], 2);
    for sid in [&first, &second] {
        let (status, _) = control
            .post(&format!("/calls/{sid}/hangup"), json!({}))
            .await;
        assert_eq!(status, 204);
        control.call_ends(sid, "no-answer").await;
    }
    let stats = control.one("/calls/stats").await;
    assert_eq!(
        (
            &stats["live_admitted"],
            &stats["peak_admitted"],
            &stats["refused"]
        ),
        (&json!(0), &json!(2), &json!(1))
    );
    network.stop().await;
}

#[actix_web::test]
async fn digits_lead_through_a_menu() {
    let (network, control, business) = network_with_business().await;
    business.twiml(
        "/voice",
        "<Gather numDigits=\"1\" action=\"{url}/chosen\"><Say>one or two</Say></Gather><Say>nothing</Say>",
    );
    business.twiml("/chosen", "<Redirect>{url}/end</Redirect>");
    business.twiml("/end", "<Say>bye</Say>");
    let sid = ring(&control).await;
    control
        .entry(&sid, "said", "text", json!("one or two"))
        .await;
    let (status, _) = control
        .post(&format!("/calls/{sid}/digits"), json!({ "digits": "2" }))
        .await;
    assert_eq!(status, 204);
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows), Vec::<&serde_json::Value>::new());
    assert_eq!(business.wait("/chosen", 1).await.form["Digits"], "2");
    assert_eq!(
        business.wait("/chosen", 1).await.form["CallStatus"],
        "in-progress"
    );
    assert!(rows.iter().all(|row| row["text"] != "nothing"));
    network.stop().await;
}

#[actix_web::test]
async fn who_hangs_up_before_the_answer_is_told_of_first() {
    let (network, control, business) = network_with_business().await;
    business.hold("/voice", "<Say>too late</Say>");
    let sid = ring(&control).await;
    business.wait("/voice", 1).await;
    control
        .post(&format!("/calls/{sid}/hangup"), json!({}))
        .await;
    assert_eq!(
        business.wait("/status", 1).await.form["CallStatus"],
        "no-answer"
    );
    business.release();
    control
        .entry(&sid, "request", "route", json!("voice"))
        .await;
    let stats = control.one("/calls/stats").await;
    assert_eq!(
        (&stats["abandoned"], &stats["admitted"]),
        (&json!(1), &json!(0))
    );
    network.stop().await;
}

#[actix_web::test]
async fn addresses_away_from_this_machine_are_refused() {
    let (network, control, business) = network_with_business().await;
    let (status, answer) = control
        .post(
            "/carrier/numbers",
            json!({ "phone": "+15550009999", "voice_url": "https://example.com/voice" }),
        )
        .await;
    assert_eq!(status, 422, "{answer}");
    business.twiml("/voice", "<Redirect>https://example.com/</Redirect>");
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "failed").await;
    assert!(
        errors(&rows)[0]["why"]
            .as_str()
            .expect("words")
            .contains("this machine")
    );
    network.stop().await;
}

#[actix_web::test]
async fn a_document_that_is_none_leads_to_the_fallback_and_wrong_parts_to_errors() {
    let (network, control, business) = network_with_business().await;
    business.reply("/voice", 200, "text/html", "<html/>");
    business.twiml("/fallback", "<Say wrong=\"1\">sorry</Say>");
    let sid = ring(&control).await;
    let rows = control.call_ends(&sid, "completed").await;
    let codes: Vec<_> = errors(&rows)
        .iter()
        .map(|row| row["code"].clone())
        .collect();
    assert_eq!(codes, [json!(12300), json!(12200)]);
    network.stop().await;
}

#[actix_web::test]
async fn accounts_and_numbers_are_there_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = switchyard_sim::NetworkOptions {
        data_dir: Some(folder.path().to_owned()),
        ..switchyard_sim::NetworkOptions::default()
    };
    let network = switchyard_sim::Network::start(options.clone())
        .await
        .expect("a network");
    let control = crate::control::Control::of(&network);
    let account = json!({ "sid": "ACffffffffffffffffffffffffffffffff", "token": "secret" });
    assert_eq!(
        control.post("/carrier/accounts", account.clone()).await.0,
        201
    );
    let number = json!({ "phone": SHOP, "account": account["sid"], "voice_url": "http://127.0.0.1:9/voice" });
    assert_eq!(control.post("/carrier/numbers", number).await.0, 201);
    network.stop().await;
    let network = switchyard_sim::Network::start(options)
        .await
        .expect("a network");
    let control = crate::control::Control::of(&network);
    let numbers = control.get("/carrier/numbers").await;
    assert_eq!(numbers[0]["account"], account["sid"]);
    assert_eq!(numbers[0]["voice_url"], "http://127.0.0.1:9/voice");
    let accounts = control.get("/carrier/accounts").await;
    assert!(accounts.iter().any(|one| one["token"] == "secret"));
    network.stop().await;
}
