//! `cargo xtask …`: the developer's commands. Nothing to install first: what a command lacks it installs or names.

mod bench;
mod browser;
mod check;
pub mod cluster;
mod demo;
mod faults;
mod frontend;
mod generated;
mod install;
mod postgres;
mod product;
mod python;
mod redis;
mod schemathesis;
mod settle;
mod stale;
mod step;
mod strangers;
mod test;
mod workspace;

use anyhow::{Result, bail};

use crate::schemathesis::Depth;
use crate::step::say;

const USAGE: &str = "\
cargo xtask <command>

  demo [-- flags]   build the product with the simulated network and run `switchyard up --demo`
  test              everything that must hold before a change lands: format, lints, tests, browser
  check             format, lints, docs; cargo-deny and typos where installed
  gen [--check]     write api/openapi.json and the dashboard's client from the code; --check only compares
  postgres -- cmd   run a command with a fresh PostgreSQL server named by SWITCHYARD_TEST_POSTGRES
  bench [--full] [--alone] [--program file] [part]
                    what this machine carries, beside Baileys on the same simulated network and beside RQ and
                    BullMQ, as a table; parts: start, sessions, outbound, latency, inbound, api, jobs, neighbour, shards,
                    fleet, slots, streams, voice, storm;
                    --full: 2,000 sessions; --alone: without the others; --program: a program built before
  cluster start|status|kill NAME|pause NAME|resume NAME|scale ROLE=N|stop [--data-dir D] [--program file]
                    every process of a production installation on loopback, beside the simulated network; what it
                    has and how it is reached is in D/cluster.json (D is ./cluster unless named)
  faults            the kill tests, 20 rounds (SWITCHYARD_FAULT_ROUNDS changes it), and a cluster of 60 businesses with
                    100 messages a second each way under one fault after the other; the report is target/faults.txt
  browser           the dashboard's stories in a real Chromium: of a business, and of those who operate a cluster
  schemathesis [--short]
                    holds the API against its description as a key, an agent and an owner; unless --short with random
                    requests too";

/// Runs the command that these words name.
pub fn run(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        say(USAGE);
        return Ok(());
    };
    let mut rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    // The first one divides ours from those that are passed on; a second one is passed on.
    if let Some(divider) = rest.iter().position(|flag| *flag == "--") {
        rest.remove(divider);
    }
    match (command.as_str(), rest.as_slice()) {
        ("demo", flags) => demo::run(flags),
        ("test", []) => test::run(),
        ("check", []) => check::run(),
        ("gen", []) => generated::write(),
        ("gen", ["--check"]) => generated::compare(),
        ("bench", words) => bench::run(words),
        ("faults", []) => faults::run(),
        ("schemathesis", []) => schemathesis::run(&Depth::Long),
        ("schemathesis", ["--short"]) => schemathesis::run(&Depth::Short),
        ("browser", []) => browser::run(),
        ("cluster", words) => cluster::run(words),
        ("postgres", words) => postgres::run(words),
        ("help" | "--help" | "-h", _) => {
            say(USAGE);
            Ok(())
        }
        _ => bail!(
            "no such command or flag: {}\n\n{USAGE}",
            arguments.join(" ")
        ),
    }
}
