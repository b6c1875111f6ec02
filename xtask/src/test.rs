//! `cargo xtask test`: everything that must hold before a change lands.

use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::postgres::{self, Postgres};
use crate::step::say;
use crate::workspace::{SIM, cargo};
use crate::{browser, check, frontend, generated, redis, schemathesis, strangers};

/// What looks at the whole program from outside, by the words of this command that run it. It runs beside the tests of the
/// code, which wait much: for leases to end, for processes to start, for what is away to be back.
const OUTSIDE: [(&str, &[&str]); 2] = [
    (
        "the API against its description",
        &["schemathesis", "--short"],
    ),
    ("the dashboard in a browser", &["browser"]),
];

/// Runs every check and every test; stops at the first step that fails.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    // The pages first: the program embeds them.
    frontend::build()?;
    check::lints()?;
    frontend::script("dashboard: unit tests", "test").run()?;
    let mut build = vec!["test", "--workspace", "--no-run"];
    build.extend(SIM);
    cargo("rust: build of the tests", &build).run()?;
    generated::compare()?;
    install()?;
    thread::scope(|scope| {
        let outside = scope.spawn(outside);
        let inside = rust();
        let outside = (outside.join()).unwrap_or_else(|_| bail!("a thread ended badly"));
        inside.and(outside)
    })?;
    say(&format!(
        "\neverything passed in {:.0} s",
        start.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// What the tests need, before they run beside each other: only one may install at a time.
fn install() -> Result<()> {
    postgres::ensure()?;
    redis::ensure()?;
    strangers::ensure()?;
    schemathesis::ensure()?;
    browser::ensure()
}

/// One after the other, each a command of its own, so that all that it prints is kept together.
fn outside() -> Result<()> {
    for (name, words) in OUTSIDE {
        let mut run = vec!["run", "--quiet", "--package", "xtask", "--"];
        run.extend(words);
        cargo(name, &run).run_beside()?;
    }
    Ok(())
}

fn rust() -> Result<()> {
    let server = Postgres::start()?;
    let mut test = vec!["test", "--workspace", "--no-fail-fast"];
    test.extend(SIM);
    cargo("rust: tests", &test)
        .with(|command| command.env(postgres::VARIABLE, server.url()))
        .run()
}
