//! `cargo xtask demo`: builds the product with the simulated network and becomes it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::frontend;
use crate::settle::settle;
use crate::step::say;
use crate::workspace::{SIM, cargo, target};

/// Builds, then replaces this process by `switchyard up --demo`, so that signals reach the product itself.
pub(crate) fn run(flags: &[&str]) -> Result<()> {
    frontend::build_when_stale()?;
    let mut build = vec!["build", "--release", "--package", "switchyard"];
    build.extend(SIM);
    cargo("build (the first one takes minutes)", &build).run()?;
    let target = target()?;
    settle(&target)?;
    let program = target.join("release/switchyard");
    say("");
    let error = Command::new(&program)
        .args(["up", "--demo"])
        .args(flags)
        .exec();
    say(&format!("cannot start {}", program.display()));
    Err(error).context("exec")
}
