//! `cargo xtask faults`: the kill tests of the product's suite, many rounds.

use std::env;

use anyhow::Result;

use crate::frontend;
use crate::workspace::{SIM, cargo};

/// How many rounds, when the environment names no other number.
const ROUNDS: &str = "20";

/// Runs the module `faults` of the product's test binary.
pub(crate) fn run() -> Result<()> {
    frontend::build_when_stale()?;
    let rounds = env::var("SWITCHYARD_FAULT_ROUNDS").unwrap_or_else(|_| ROUNDS.to_owned());
    let mut test = vec!["test", "--workspace", "--test", "switchyard"];
    test.extend(SIM);
    test.extend(["--", "faults::", "--nocapture"]);
    cargo(&format!("kill tests, {rounds} rounds"), &test)
        .with(|command| command.env("SWITCHYARD_FAULT_ROUNDS", &rounds))
        .run()
}
