//! `cargo xtask demo`: builds the product with the simulated network and becomes it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::frontend;
use crate::step::say;
use crate::workspace::release;

/// Builds, then replaces this process by `switchyard up --demo`, so that signals reach the product itself.
pub(crate) fn run(flags: &[&str]) -> Result<()> {
    frontend::build_when_stale()?;
    let program = release()?;
    say("");
    let error = Command::new(&program)
        .args(["up", "--demo"])
        .args(flags)
        .exec();
    say(&format!("cannot start {}", program.display()));
    Err(error).context("exec")
}
