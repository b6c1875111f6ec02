//! Many callers at once, and the network's own count of who was taken.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::business::{SHOP, network_with_business};
use crate::client::PATIENCE;

/// A number from the environment, for whoever measures.
fn setting(name: &str, usual: u64) -> u64 {
    let value = std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok());
    value.unwrap_or(usual)
}

#[actix_web::test]
async fn a_storm_of_calls_is_placed_counted_and_ends() {
    let (network, control, business) = network_with_business().await;
    business.twiml("/voice", "<Pause length=\"3600\"/>");
    let (rate, seconds) = (setting("STORM_RATE", 200), setting("STORM_SECONDS", 1));
    let storm = json!({
        "to": [SHOP], "per_second": rate, "seconds": seconds, "script": "wait 20s
    hangup",
    });
    let (status, answer) = control.post("/calls/load", storm.clone()).await;
    assert_eq!(status, 202, "{answer}");
    // One storm at a time.
    assert_eq!(control.post("/calls/load", storm).await.0, 422);
    let over = |stats: &Value| stats["load"]["running"] == false && stats["load"]["live"] == 0;
    let end = tokio::time::Instant::now() + PATIENCE + Duration::from_secs(seconds);
    let stats = loop {
        let stats = control.one("/calls/stats").await;
        if over(&stats) {
            break stats;
        }
        assert!(tokio::time::Instant::now() < end, "{stats}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    writeln!(std::io::stderr(), "{stats}").expect("a place to report");
    let placed = stats["placed"].as_u64().expect("a count");
    let planned = rate * seconds;
    assert!((planned / 2..=planned * 8 / 5).contains(&placed), "{stats}");
    let taken = stats["admitted"].as_u64().expect("a count");
    let gave_up = stats["abandoned"].as_u64().expect("a count");
    assert_eq!(taken + gave_up, placed, "{stats}");
    assert_eq!(stats["live_admitted"], 0);
    // Each stays for 200 ms of the world's time, so many are there at once, and never all.
    let peak = stats["peak_admitted"].as_u64().expect("a count");
    assert!(peak > 1 && peak <= taken, "{stats}");
    assert!(stats["first_answer_ms"]["p99"].as_u64().is_some());
    assert_eq!(
        business.asked("/voice").len(),
        usize::try_from(placed).expect("small")
    );
    network.stop().await;
}
