//! The dashboard's browser tests: a Chromium for them, and the products that they look at.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cluster::Throwaway;
use crate::cluster::book;
use crate::frontend;
use crate::install::{by_apt, find};
use crate::product::Product;
use crate::workspace::program;

/// The names under which distributions and vendors install it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// What a business does, and what operators do.
pub(crate) fn run() -> Result<()> {
    frontend::build_when_stale()?;
    of_a_business()?;
    of_operators()
}

/// The whole story in a real browser against the real program.
fn of_a_business() -> Result<()> {
    let chromium = chromium()?;
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
fn of_operators() -> Result<()> {
    let chromium = chromium()?;
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

/// Installs a browser where none is.
pub(crate) fn ensure() -> Result<()> {
    chromium().map(drop)
}

/// The browser's program; installed when there is none.
fn chromium() -> Result<PathBuf> {
    if let Some(program) = find(&NAMES, &[]) {
        return Ok(program);
    }
    // The fonts are for Hebrew pages and screenshots; Chromium alone brings none.
    by_apt("Chromium", &["chromium", "fonts-dejavu-core"])?;
    find(&NAMES, &[]).context("Chromium was installed but is not on the PATH")
}
