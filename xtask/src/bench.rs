//! `cargo xtask bench`: what the product carries on this machine, beside Baileys on the same simulated network.

mod baileys;
mod chats;
mod clock;
pub(crate) mod http;
mod inbound;
mod latency;
mod many;
mod network;
mod outbound;
mod report;
mod sessions;
mod stage;
mod usage;

use std::path::PathBuf;
use std::{env, fs, process};

use anyhow::{Context, Result, bail};

use crate::frontend;
use crate::step::say;
use crate::workspace::{release, target};

use report::Report;
use stage::Stage;

/// What is measured, in this order.
const PARTS: [(&str, Part); 4] = [
    ("sessions", sessions::measure),
    ("outbound", outbound::measure),
    ("latency", latency::measure),
    ("inbound", inbound::measure),
];

type Part = fn(&mut Stage, &mut Report) -> Result<()>;

/// What was asked for.
struct Wish<'a> {
    /// Up to 1,000 sessions.
    full: bool,
    /// Without Baileys.
    alone: bool,
    /// A program that was built before, to compare with.
    program: Option<PathBuf>,
    /// Only parts whose name contains this.
    filter: &'a str,
}

impl<'a> Wish<'a> {
    fn of(words: &[&'a str]) -> Result<Self> {
        let mut wish = Self {
            full: false,
            alone: false,
            program: None,
            filter: "",
        };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "--full" => wish.full = true,
                "--alone" => wish.alone = true,
                "--program" => {
                    let path = words.next().context("--program wants a path")?;
                    wish.program = Some(path.into());
                }
                flag if flag.starts_with('-') => bail!("no such flag of bench: {flag}"),
                filter => wish.filter = filter,
            }
        }
        Ok(wish)
    }

    /// Builds the program, unless one was named.
    fn program(&self) -> Result<PathBuf> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        frontend::build_when_stale()?;
        release()
    }

    fn parts(&self) -> Vec<&'static (&'static str, Part)> {
        PARTS
            .iter()
            .filter(|(name, _)| name.contains(self.filter))
            .collect()
    }
}

/// Builds, measures, prints a table in Markdown and writes `target/bench.json`.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let wish = Wish::of(words)?;
    let parts = wish.parts();
    if parts.is_empty() {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        bail!("nothing to measure: the parts are {}", names.join(", "));
    }
    if !wish.alone {
        baileys::install()?;
    }
    let program = wish.program()?;
    let folder = Folder::make()?;
    let mut report = Report::begin(&folder.0, words)?;
    let mut stage = Stage::set(&program, &folder.0, wish.full, wish.alone)?;
    for (name, measure) in parts {
        say(&format!("\n── {name} ──"));
        measure(&mut stage, &mut report).with_context(|| format!("measuring {name}"))?;
    }
    drop(stage);
    report.finish(&target()?.join("bench.json"))
}

/// A folder for this run; gone with this value.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self> {
        // On the disk of the build, since a temporary folder may be in memory, where a commit costs nothing.
        let path = target()?.join(format!("bench-{}", process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if env::var_os("SWITCHYARD_BENCH_KEEP").is_some() {
            say(&format!("kept: {}", self.0.display()));
        } else if let Err(error) = fs::remove_dir_all(&self.0) {
            say(&format!("{} was left behind: {error}", self.0.display()));
        }
    }
}
