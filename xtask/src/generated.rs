//! `cargo xtask gen`: the files that are written by code: `api/openapi.json` and the dashboard's client.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::frontend;
use crate::step::{Step, say};
use crate::workspace::{program, root};

/// The API's description, by its path from the root.
const DESCRIPTION: &str = "api/openapi.json";
/// The dashboard's client.
const CLIENT: &str = "frontend/src/api/schema.d.ts";

/// Writes them.
pub(crate) fn write() -> Result<()> {
    let text = Step::new("the API's description", program()?)
        .with(|command| command.arg("openapi"))
        .output()?;
    write_changed(&path(DESCRIPTION), &text)?;
    frontend::packages()?;
    let text = frontend::script("the dashboard's client", "generate").output()?;
    write_changed(&path(CLIENT), &text)
}

/// Writes them, and fails when that changed one: somebody changed the API and forgot this command.
pub(crate) fn compare() -> Result<()> {
    let files = [DESCRIPTION, CLIENT];
    let before = files.map(read);
    write()?;
    let changed: Vec<&str> = files
        .iter()
        .zip(&before)
        .filter(|(file, text)| read(file) != **text)
        .map(|(file, _)| *file)
        .collect();
    if !changed.is_empty() {
        bail!(
            "not up to date with the code, now written anew: {}",
            changed.join(", ")
        );
    }
    say("generated files are up to date");
    Ok(())
}

fn path(file: &str) -> PathBuf {
    root().join(file)
}

/// An absent file differs from every text.
fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_default()
}

/// Leaves an equal file alone, so that nothing that watches it is built again.
fn write_changed(file: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
