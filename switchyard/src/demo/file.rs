//! `demo.json`: where a running demo is found and how to act in it. Readable by its owner only.

use std::{env, fs, process};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::account::Account;
use crate::folder::{DataFolder, write_private};
use crate::refusal::Refusal;

/// The file's name in the data folder.
const NAME: &str = "demo.json";

/// Where the parts of a demo listen.
pub(super) struct Addresses<'a> {
    /// The API and the dashboard.
    pub(super) api: &'a str,
    /// Metrics and health.
    pub(super) internal: &'a str,
    /// The simulated network.
    pub(super) network: &'a str,
}

/// Writes the file of this start.
pub(super) fn write(
    folder: &DataFolder,
    addresses: &Addresses<'_>,
    account: &Account,
) -> Result<(), Refusal> {
    let binary = env::current_exe().context("the path of this program")?;
    let value = json!({
        "api_url": addresses.api,
        "internal_url": addresses.internal,
        "sim_url": addresses.network,
        "email": account.email,
        "password": account.password.expose_secret(),
        "api_key": account.api_key.expose_secret(),
        "business_id": account.business.to_string(),
        "binary": binary,
        "pid": process::id(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    let text = serde_json::to_string_pretty(&value).context(NAME)?;
    write_private(&folder.file(NAME), &format!("{text}\n"))
        .with_context(|| format!("cannot write {NAME}"))?;
    Ok(())
}

/// The API key that the file of the last start names.
pub(super) fn kept_key(folder: &DataFolder) -> Option<SecretString> {
    let text = fs::read_to_string(folder.file(NAME)).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    value.get("api_key")?.as_str().map(SecretString::from)
}
