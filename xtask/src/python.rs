//! Programs of other people in Python: each in a virtual environment of its own under the build folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::install::{answers, by_apt};
use crate::stale::is_stale;
use crate::step::Step;
use crate::workspace::target;

/// The environment of that name with exactly what `requirements` names, by their hashes; made anew when that changes.
pub(crate) fn environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let home = target()?.join(name);
    let done = home.join("installed");
    if !is_stale(&done, [requirements]) {
        return Ok(home);
    }
    if !answers("python3", "--version") || !has_venv() {
        by_apt("Python", &["python3", "python3-venv"])?;
    }
    Step::new("Python: a virtual environment", "python3")
        .with(|command| command.args(["-m", "venv", "--clear"]).arg(&home))
        .run()?;
    Step::new(&format!("{name}: install"), home.join("bin/pip"))
        .with(|command| {
            command
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(["--require-hashes", "--only-binary", ":all:"])
                .arg("--requirement")
                .arg(requirements)
        })
        .run()?;
    fs::write(&done, "").with_context(|| format!("cannot write {}", done.display()))?;
    Ok(home)
}

/// Debian keeps the part that puts pip into an environment in a package of its own.
fn has_venv() -> bool {
    answers("python3", "-cimport venv, ensurepip")
}
