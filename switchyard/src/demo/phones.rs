//! The phones of a demo: the business's own, and two customers.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Client, StatusCode};
use serde_json::json;

use crate::progress::say;

/// Number and name of each, from the range that Ofcom keeps free for fiction.
const PHONES: [(&str, &str); 3] = [
    ("447700900100", "Corner Café"),
    ("447700900201", "Alex Morgan"),
    ("447700900202", "דנה לוי"),
];

/// A network that does not answer within this is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a network that was not there is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// [`make`], as soon as the network is there.
pub(super) async fn make_in_time(network: String) {
    let mut told = false;
    while let Err(error) = make(&network).await {
        if !told {
            told = true;
            say(&format!(
                "  the simulated network at {network} is not there yet"
            ));
            tracing::warn!(
                error = format!("{error:#}"),
                "the simulated network is not there yet"
            );
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Makes those that the network does not have yet.
pub(super) async fn make(network: &str) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    for (phone, name) in PHONES {
        let request = client.post(format!("{network}/phones"));
        let answer = request
            .json(&json!({ "phone": phone, "name": name }))
            .send()
            .await;
        let status = answer
            .with_context(|| format!("the network at {network}"))?
            .status();
        // It keeps its phones, so at every start but the first they are there.
        ensure!(
            status == StatusCode::CREATED || status == StatusCode::CONFLICT,
            "the network at {network} made no phone: {status}"
        );
    }
    Ok(())
}
