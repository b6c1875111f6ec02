//! `<Dial>`: the caller is connected to people of the business, who answer, decline, or are asked first.

use serde_json::{Value, json};

use crate::business::{CALLER, SHOP, dial, errors, network_with_business};
use crate::judge::Judge;

const OWNER: &str = "+15550003333";

#[actix_web::test]
async fn an_owner_who_accepts_is_connected_and_every_step_is_told_in_order() {
    let (network, control, business) = network_with_business().await;
    let mut judge = Judge::start().await;
    let document = judge.document("dial", &business.url).await;
    business.reply("/voice", 200, "text/xml", document);
    business.twiml(
        "/whisper",
        "<Gather numDigits=\"1\" action=\"{url}/accept\"><Say>press 1</Say></Gather><Hangup/>",
    );
    business.twiml("/accept", "");
    business.twiml("/dialled", "<Hangup/>");
    business.reply("/leg", 204, "text/plain", "");
    let script = format!(
        "callee {OWNER} answers after 6s, expect say ~ \"press\", press 1, wait 10s, hangup"
    );
    let sid = dial(
        &control,
        json!({ "from": CALLER, "to": SHOP, "script": script }),
    )
    .await;
    let rows = control.call_ends(&sid, "completed").await;
    assert_eq!(errors(&rows), Vec::<&Value>::new());
    business.wait("/leg", 4).await;
    let told: Vec<_> = business
        .asked("/leg")
        .iter()
        .map(|one| {
            (
                one.form["CallStatus"].clone(),
                one.form["SequenceNumber"].clone(),
            )
        })
        .collect();
    let wanted = ["initiated", "ringing", "in-progress", "completed"];
    for (place, (status, number)) in told.iter().enumerate() {
        assert_eq!(
            (status.as_str(), number.as_str()),
            (wanted[place], place.to_string().as_str())
        );
    }
    let whisper = business.wait("/whisper", 1).await;
    assert_eq!(whisper.form["ParentCallSid"], sid);
    assert_ne!(whisper.form["CallSid"], sid);
    let end = business.wait("/dialled", 1).await;
    assert_eq!(end.form["DialCallStatus"], "completed");
    assert_eq!(end.form["DialCallSid"], whisper.form["CallSid"]);
    assert!(
        end.form["DialCallDuration"]
            .parse::<u64>()
            .expect("seconds")
            >= 10
    );
    assert_eq!(control.one("/calls/stats").await["peak_admitted"], 1);
    network.stop().await;
}

#[actix_web::test]
async fn an_owner_who_is_busy_away_or_does_not_accept_leads_to_the_action() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Dial timeout=\"5\" action=\"{url}/dialled\"><Number url=\"{url}/whisper\">+15550003333</Number></Dial>");
    business.twiml("/whisper", "<Hangup/>");
    business.twiml("/dialled", "<Hangup/>");
    for (place, (does, status)) in [
        ("busy", "busy"),
        ("no-answer", "no-answer"),
        ("answers after 1s", "no-answer"),
        ("unknown", "failed"),
    ]
    .iter()
    .enumerate()
    {
        control
            .put("/carrier/people", json!({ "phone": OWNER, "does": does }))
            .await;
        let sid = dial(&control, json!({ "from": CALLER, "to": SHOP })).await;
        control.call_ends(&sid, "completed").await;
        let end = business.wait("/dialled", place + 1).await;
        assert_eq!(end.form["DialCallStatus"], *status, "{does}");
    }
    network.stop().await;
}

#[actix_web::test]
async fn the_first_of_many_who_answers_has_the_call_and_a_caller_who_leaves_ends_all() {
    let (network, control, business) = network_with_business().await;
    business.twiml(
        "/voice",
        "<Dial timeout=\"30\" action=\"{url}/dialled\"><Number statusCallback=\"{url}/slow\">+15550004444</Number><Number statusCallback=\"{url}/quick\">+15550003333</Number></Dial>",
    );
    business.twiml("/dialled", "<Hangup/>");
    business.reply("/slow", 204, "text/plain", "");
    business.reply("/quick", 204, "text/plain", "");
    let script = format!(
        "callee +15550004444 answers after 20s\ncallee {OWNER} answers after 2s, wait 5s, hangup"
    );
    let sid = dial(
        &control,
        json!({ "from": CALLER, "to": SHOP, "script": script }),
    )
    .await;
    control.call_ends(&sid, "completed").await;
    assert_eq!(
        business.wait("/quick", 1).await.form["CallStatus"],
        "completed"
    );
    assert_eq!(
        business.wait("/slow", 1).await.form["CallStatus"],
        "canceled"
    );

    let script = "callee +15550004444 no-answer\nwait 2s\nhangup";
    dial(
        &control,
        json!({ "from": CALLER, "to": SHOP, "script": script }),
    )
    .await;
    assert_eq!(
        business.wait("/slow", 2).await.form["CallStatus"],
        "canceled"
    );
    let end = business.wait("/dialled", 2).await;
    assert_eq!(end.form["CallStatus"], "completed");
    assert_eq!(end.form["DialCallStatus"], "canceled");
    network.stop().await;
}
