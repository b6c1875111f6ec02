//! `cargo xtask test`: everything that must hold before a change lands.

use std::env;
use std::time::Instant;

use anyhow::Result;

use crate::cluster::Throwaway;
use crate::cluster::book;
use crate::postgres::{self, Postgres};
use crate::product::Product;
use crate::schemathesis::Depth;
use crate::step::say;
use crate::workspace::{SIM, cargo, program};
use crate::{browser, check, frontend, generated, redis, schemathesis, strangers};

/// Runs every check and every test; stops at the first step that fails.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    // The pages first: the program embeds them.
    frontend::build()?;
    check::lints()?;
    frontend::script("dashboard: unit tests", "test").run()?;
    rust()?;
    generated::compare()?;
    schemathesis::run(&Depth::Short)?;
    in_a_browser()?;
    operating_in_a_browser()?;
    say(&format!(
        "\neverything passed in {:.0} s",
        start.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn rust() -> Result<()> {
    redis::ensure()?;
    strangers::ensure()?;
    let server = Postgres::start()?;
    let mut test = vec!["test", "--workspace", "--no-fail-fast"];
    test.extend(SIM);
    cargo("rust: tests", &test)
        .with(|command| command.env(postgres::VARIABLE, server.url()))
        .run()
}

/// The whole story in a real browser against the real program.
fn in_a_browser() -> Result<()> {
    let chromium = browser::chromium()?;
    let product = Product::start(&program()?, &env::temp_dir(), &[])?;
    frontend::script("dashboard: browser tests", "browser")
        .with(|command| {
            command
                .env("SWITCHYARD_DEMO", product.description())
                .env("CHROMIUM", chromium)
        })
        .run()
}

/// What operators do, against several shards that really take and give numbers.
fn operating_in_a_browser() -> Result<()> {
    let chromium = browser::chromium()?;
    // A shard that the story lets stand still is not lost meanwhile.
    let lease = [("SWITCHYARD_LEASE_MS", "60000".to_owned())];
    let cluster = Throwaway::start(&program()?, &env::temp_dir(), &lease)?;
    let file = cluster.folder().join(book::FILE);
    frontend::script("dashboard: browser tests of a cluster", "browser:cluster")
        .with(|command| {
            command
                .env("SWITCHYARD_DEMO", file)
                .env("NODE_EXTRA_CA_CERTS", &cluster.book().certificate)
                .env("CHROMIUM", chromium)
        })
        .run()
}
