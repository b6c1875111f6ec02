//! A Chromium for the dashboard's browser tests.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::install::{by_apt, find};

/// The names under which distributions and vendors install it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// The browser's program; installed when there is none.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(program) = find(&NAMES, &[]) {
        return Ok(program);
    }
    // The fonts are for Hebrew pages and screenshots; Chromium alone brings none.
    by_apt("Chromium", &["chromium", "fonts-dejavu-core"])?;
    find(&NAMES, &[]).context("Chromium was installed but is not on the PATH")
}
