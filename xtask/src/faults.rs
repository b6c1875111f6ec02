//! `cargo xtask faults`: the kill tests of the product's suite, many rounds, and what came of them; rubbish at its doors
//! for a minute each; and the protocol of leases in thousands of orders.

use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::step::say;
use crate::workspace::{SIM, cargo, target};
use crate::{frontend, postgres, redis};

/// How many rounds, when the environment names no other number.
const ROUNDS: &str = "20";

/// In how many orders shards start, lapse, take and move.
const SEEDS: &str = "2000";

/// For how many seconds rubbish is sent to each door.
const FUZZ_S: &str = "60";

/// Runs the modules `faults` and `fuzzed` of the tests; the former append to the report, a line for each fault.
pub(crate) fn run() -> Result<()> {
    frontend::build_when_stale()?;
    postgres::ensure()?;
    redis::ensure()?;
    let rounds = env::var("SWITCHYARD_FAULT_ROUNDS").unwrap_or_else(|_| ROUNDS.to_owned());
    let report = target()?.join("faults.txt");
    fs::write(&report, "").with_context(|| format!("cannot write {}", report.display()))?;
    let mut test = vec!["test", "--workspace"];
    for binary in ["switchyard", "api", "network", "store"] {
        test.extend(["--test", binary]);
    }
    test.extend(SIM);
    test.extend(["--", "faults::", "fuzzed::", "protocol::", "--nocapture"]);
    let start = Instant::now();
    let outcome = cargo(&format!("kill tests, {rounds} rounds"), &test)
        .with(|command| {
            command
                .env("SWITCHYARD_FAULT_ROUNDS", &rounds)
                .env("SWITCHYARD_FUZZ_S", FUZZ_S)
                .env("SWITCHYARD_LEASE_SEEDS", SEEDS)
                .env("SWITCHYARD_FAULT_REPORT", &report)
        })
        .run();
    tell(&report, start)?;
    outcome
}

/// Prints the report, also after a failure: the lines say which fault lost what.
fn tell(report: &Path, start: Instant) -> Result<()> {
    let lines = fs::read_to_string(report)?;
    say(&format!(
        "\n── what the faults did, in {:.0} s ──",
        start.elapsed().as_secs_f64()
    ));
    for line in lines.lines() {
        say(line);
    }
    say(&format!("(kept in {})", report.display()));
    Ok(())
}
