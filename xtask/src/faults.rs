//! `cargo xtask faults`: the kill tests of the product's suite, many rounds, and what came of them; rubbish at its doors
//! for a minute each; the protocol of leases in thousands of orders; and a cluster under its standing load and one fault
//! after the other.

use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::step::say;
use crate::workspace::{SIM, cargo, release, target};
use crate::{frontend, postgres, redis, strangers};

/// How many rounds, when the environment names no other number.
const ROUNDS: &str = "20";

/// In how many orders shards start, lapse, take and move.
const SEEDS: &str = "2000";

/// For how many seconds rubbish is sent to each door.
const FUZZ_S: &str = "60";

/// How the tests of a cluster are told to make its load and its outages as large as an installation's.
const CLUSTER: (&str, &str) = ("SWITCHYARD_TEST_CLUSTER", "long");

/// The tests of a cluster.
const ALONE: &str = "faults::cluster::";

/// Where they read which program to start: under that load the one that people run.
const PROGRAM: &str = "SWITCHYARD_TEST_PROGRAM";

/// Runs the modules `faults` and `fuzzed` of the tests; the former append to the report, a line for each fault. Those of
/// the cluster run by themselves, one at a time.
pub(crate) fn run() -> Result<()> {
    frontend::build_when_stale()?;
    postgres::ensure()?;
    redis::ensure()?;
    strangers::ensure()?;
    let program = release()?;
    let rounds = env::var("SWITCHYARD_FAULT_ROUNDS").unwrap_or_else(|_| ROUNDS.to_owned());
    let report = target()?.join("faults.txt");
    fs::write(&report, "").with_context(|| format!("cannot write {}", report.display()))?;
    let start = Instant::now();
    let mut test = vec!["test", "--workspace"];
    for binary in ["switchyard", "api", "network", "store"] {
        test.extend(["--test", binary]);
    }
    test.extend(SIM);
    test.extend(["--", "faults::", "fuzzed::", "protocol::", "--nocapture"]);
    test.extend(["--skip", ALONE]);
    let killed = cargo(&format!("kill tests, {rounds} rounds"), &test)
        .with(|command| {
            command
                .env("SWITCHYARD_FAULT_ROUNDS", &rounds)
                .env("SWITCHYARD_FUZZ_S", FUZZ_S)
                .env("SWITCHYARD_LEASE_SEEDS", SEEDS)
                .env("SWITCHYARD_FAULT_REPORT", &report)
        })
        .run();
    let mut test = vec![
        "test",
        "--workspace",
        "--test",
        "switchyard",
        "--no-fail-fast",
    ];
    test.extend(SIM);
    test.extend(["--", ALONE, "--nocapture", "--test-threads", "1"]);
    let clustered = cargo("a cluster under load", &test)
        .with(|command| {
            command
                .env(CLUSTER.0, CLUSTER.1)
                .env(PROGRAM, &program)
                .env("SWITCHYARD_FAULT_REPORT", &report)
        })
        .run();
    tell(&report, start)?;
    killed.and(clustered)
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
