//! `cargo xtask check`: what a machine can say about the text of the code.

use anyhow::Result;

use crate::frontend;
use crate::install::find;
use crate::settle::settle;
use crate::step::{Step, say};
use crate::workspace::{SIM, cargo, root, target};

/// Format, lints, documentation; cargo-deny and typos where they are installed.
pub(crate) fn run() -> Result<()> {
    frontend::build_when_stale()?;
    lints()?;
    let mut doc = vec![
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ];
    doc.extend(SIM);
    cargo("rust: documentation", &doc)
        .with(|command| command.env("RUSTDOCFLAGS", "-D warnings"))
        .run()?;
    if find(&["cargo-deny"], &[]).is_some() {
        cargo(
            "rust: licences, sources, doubled crates",
            &["deny", "--all-features", "check"],
        )
        .run()?;
    } else {
        say(
            "cargo-deny is not installed, so licences and doubled crates were not checked (cargo install cargo-deny)",
        );
    }
    if find(&["typos"], &[]).is_some() {
        Step::new("spelling", "typos")
            .with(|command| command.current_dir(root()))
            .run()?;
    } else {
        say("typos is not installed, so spelling was not checked (cargo install typos-cli)");
    }
    Ok(())
}

/// Format and lints of both languages; the part of `check` that `test` runs too.
pub(crate) fn lints() -> Result<()> {
    cargo("rust: format", &["fmt", "--all", "--check"]).run()?;
    let mut clippy = vec!["clippy", "--workspace", "--all-targets"];
    clippy.extend(SIM);
    clippy.extend(["--", "--deny", "warnings"]);
    cargo("rust: lints", &clippy).run()?;
    settle(&target()?)?;
    frontend::packages()?;
    frontend::script("dashboard: lints", "lint").run()
}
