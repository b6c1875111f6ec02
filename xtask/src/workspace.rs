//! Where things are: the workspace's root, the build folder, and cargo itself.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::settle::settle;
use crate::step::Step;

/// The one feature selection of development builds, so that no command builds the dependencies again.
pub(crate) const SIM: [&str; 2] = ["--features", "switchyard/sim"];

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    own.parent().map_or(own.clone(), Path::to_path_buf)
}

/// What cargo tells this program about itself, and would make build scripts of dependencies run again.
const OF_THIS_PROGRAM: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// The same cargo that runs this command, in the workspace's root, as if the developer had called it.
pub(crate) fn cargo<'a>(name: &'a str, arguments: &[&str]) -> Step<'a> {
    Step::new(name, env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .with(as_a_developer)
        .with(|command| command.args(arguments).current_dir(root()))
}

/// Hides from `command` that this program calls it.
pub(crate) fn as_a_developer(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if OF_THIS_PROGRAM
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
    command
}

/// The program as the tests use it, built with the same selection of features, so that nothing is built twice.
pub(crate) fn program() -> Result<PathBuf> {
    let mut build = vec![
        "test",
        "--quiet",
        "--no-run",
        "--workspace",
        "--test",
        "switchyard",
    ];
    build.extend(SIM);
    cargo("build the program", &build).run()?;
    Ok(target()?.join("debug/switchyard"))
}

/// The program as people run it, with the simulated network.
pub(crate) fn release() -> Result<PathBuf> {
    let mut build = vec!["build", "--release", "--package", "switchyard"];
    build.extend(SIM);
    cargo("build (the first one takes minutes)", &build).run()?;
    let target = target()?;
    settle(&target)?;
    Ok(target.join("release/switchyard"))
}

/// What the benchmark loads the calls with, built beside the program so that no dependency is built twice.
pub(crate) fn rig() -> Result<PathBuf> {
    let mut build = vec!["build", "--release", "--package", "switchyard"];
    build.extend(["--package", "switchyard-rig"]);
    build.extend(SIM);
    cargo("build the loads of the benchmark", &build).run()?;
    Ok(target()?.join("release/switchyard-rig"))
}

/// The folder that cargo builds into, wherever the environment or a configuration puts it.
pub(crate) fn target() -> Result<PathBuf> {
    let text = cargo(
        "cargo metadata",
        &["metadata", "--no-deps", "--format-version", "1"],
    )
    .output()?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str)
        .map(PathBuf::from)
        .context("cargo metadata names no target_directory")
}
