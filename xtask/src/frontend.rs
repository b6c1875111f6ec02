//! The dashboard's part of the commands: its packages, its build, its own tests.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::install::answers;
use crate::stale::is_stale;
use crate::step::Step;
use crate::workspace::root;

/// What the build reads.
const SOURCES: [&str; 7] = [
    "src",
    "public",
    "index.html",
    "docs/index.html",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
];

/// The folder of the dashboard.
pub(crate) fn folder() -> PathBuf {
    root().join("frontend")
}

/// Installs the packages of the lock file, when they are missing or the lock file is newer.
pub(crate) fn packages() -> Result<()> {
    needs_node()?;
    let lock = folder().join("package-lock.json");
    // npm writes this file last, so an interrupted installation is done again.
    if is_stale(
        &folder().join("node_modules/.package-lock.json"),
        [lock.as_path()],
    ) {
        npm("dashboard: npm ci", &["ci", "--no-audit", "--no-fund"]).run()?;
    }
    Ok(())
}

/// Fails with what to install where there is no node, or no npm.
pub(crate) fn needs_node() -> Result<()> {
    if !answers("node", "--version") || !answers("npm", "--version") {
        bail!(
            "Node.js 20.19 or newer with npm is missing; install it (Debian: apt-get install nodejs npm)"
        );
    }
    Ok(())
}

/// Builds the pages that the program embeds, when they are missing or older than their sources.
pub(crate) fn build_when_stale() -> Result<()> {
    let sources: Vec<PathBuf> = SOURCES.iter().map(|name| folder().join(name)).collect();
    if is_stale(
        &folder().join("dist/index.html"),
        sources.iter().map(PathBuf::as_path),
    ) {
        build()?;
    }
    Ok(())
}

/// Builds the pages that the program embeds.
pub(crate) fn build() -> Result<()> {
    packages()?;
    script("dashboard: build", "build").run()
}

/// One script of the dashboard's `package.json`.
pub(crate) fn script<'a>(name: &'a str, script: &str) -> Step<'a> {
    npm(name, &["run", "--silent", script])
}

fn npm<'a>(name: &'a str, arguments: &[&str]) -> Step<'a> {
    Step::new(name, Path::new("npm")).with(|command| command.args(arguments).current_dir(folder()))
}
