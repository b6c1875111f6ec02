//! The demo's telephone line: a number of the business at the simulated carrier, and what its callers hear.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::json;
use store::audit::Actor;
use store::{Error, Store, calls};
use switchyard_core::address::Phone;
use switchyard_core::{BusinessId, Timestamp, provider};

use crate::refusal::Refusal;
use crate::telephony::Account;

/// From the range that Ofcom keeps free for fiction.
const LINE: &str = "447700900150";
/// A carrier that does not answer within this is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often one that was not there is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// The account that a simulated network has from its start; both are public, and it is reached from this machine only.
pub(super) fn account(network: &str) -> Account {
    Account {
        sid: "AC00000000000000000000000000000001".to_owned(),
        token: "12345678901234567890123456789012".into(),
        second: None,
        shared: None,
        provider_url: Some(network.to_owned()),
    }
}

/// Gives the business its number, here and, as soon as the carrier is there, at the carrier.
pub(super) async fn take(
    store: &Store,
    business: BusinessId,
    network: &str,
    calls_url: &str,
) -> Result<(), Refusal> {
    let phone = Phone::parse(LINE).context("the demo's number")?;
    let (now, name) = (Timestamp::now(), "Front desk".to_owned());
    match calls::add_number(store, now, Actor::system(), business, phone.clone(), name).await {
        // At every start but the first it is there.
        Ok(_) | Err(Error::Conflict(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let at = |route| provider::address(calls_url, business, route);
    let number = json!({
        "phone": phone.e164(), "voice_url": at("voice"), "fallback_url": at("fallback"),
        "status_url": at("status"),
    });
    let url = format!("{network}/carrier/numbers");
    tokio::spawn(async move {
        while let Err(error) = tell(&url, &number).await {
            tracing::debug!(error = format!("{error:#}"), "the carrier is not there yet");
            tokio::time::sleep(AGAIN).await;
        }
    });
    Ok(())
}

async fn tell(url: &str, number: &serde_json::Value) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let status = client.post(url).json(number).send().await?.status();
    ensure!(status.is_success(), "the carrier took no number: {status}");
    Ok(())
}
