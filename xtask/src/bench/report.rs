//! What was measured: a table in Markdown for people, and the same as JSON.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::step::say;
use crate::workspace::root;

use super::clock::percentile;

/// How often the disk is asked to write a page durably.
const COMMITS: usize = 100;

/// Whom a figure stands beside where it names nobody else.
const BAILEYS: &str = "Baileys 7";

/// One line of the table.
pub(super) struct Figure {
    what: String,
    unit: &'static str,
    more_is_better: bool,
    ours: f64,
    theirs: Option<f64>,
    rival: String,
    goal: &'static str,
}

impl Figure {
    /// The less the better.
    pub(super) fn less(what: String, unit: &'static str, ours: f64, theirs: Option<f64>) -> Self {
        Self {
            what,
            unit,
            more_is_better: false,
            ours,
            theirs,
            rival: BAILEYS.to_owned(),
            goal: "",
        }
    }

    /// The more the better.
    pub(super) fn more(what: String, unit: &'static str, ours: f64, theirs: Option<f64>) -> Self {
        Self {
            more_is_better: true,
            ..Self::less(what, unit, ours, theirs)
        }
    }

    /// What it aims at.
    #[must_use]
    pub(super) fn goal(self, goal: &'static str) -> Self {
        Self { goal, ..self }
    }

    /// Whom it stands beside, if not Baileys.
    #[must_use]
    pub(super) fn beside(self, rival: String) -> Self {
        Self { rival, ..self }
    }

    /// How many times better than the rival.
    fn ratio(&self) -> Option<f64> {
        let theirs = self.theirs?;
        Some(if self.more_is_better {
            self.ours / theirs
        } else {
            theirs / self.ours
        })
    }

    fn line(&self) -> String {
        let unit = self.unit;
        let theirs = self
            .theirs
            .map(|it| format!("{} {unit} ({})", shown(it), self.rival));
        let ratio = self.ratio().map(|it| format!("{it:.1}×"));
        format!(
            "| {} | {} {unit} | {} | {} | {} |",
            self.what,
            shown(self.ours),
            theirs.as_deref().unwrap_or("–"),
            ratio.as_deref().unwrap_or("–"),
            self.goal
        )
    }

    fn json(&self) -> Value {
        let rival = self.theirs.map(|_| &self.rival);
        json!({
            "what": self.what, "unit": self.unit, "switchyard": self.ours, "beside": self.theirs,
            "rival": rival, "ratio": self.ratio(), "goal": self.goal,
        })
    }
}

/// With as many digits as mean something.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// All figures of a run, and where they were taken.
pub(super) struct Report {
    start: Instant,
    machine: Vec<(&'static str, String)>,
    figures: Vec<Figure>,
    notes: Vec<String>,
    broken: Vec<String>,
}

impl Report {
    /// Looks at the machine.
    pub(super) fn begin(folder: &Path, words: &[&str]) -> Result<Self> {
        let cores = thread::available_parallelism()?;
        let model = field("/proc/cpuinfo", "model name");
        let memory = field("/proc/meminfo", "MemTotal");
        let machine = vec![
            (
                "command",
                ["cargo xtask bench", &words.join(" ")]
                    .join(" ")
                    .trim()
                    .to_owned(),
            ),
            ("commit", said("git", &["describe", "--always", "--dirty"])),
            (
                "machine",
                format!(
                    "{cores} × {model}, {memory}, Linux {}",
                    said("uname", &["-r"])
                ),
            ),
            ("disk", disk(folder)?),
            ("node", said("node", &["--version"])),
            ("load before", load()),
        ];
        Ok(Self {
            start: Instant::now(),
            machine,
            figures: Vec::new(),
            notes: Vec::new(),
            broken: Vec::new(),
        })
    }

    /// Adds a figure.
    pub(super) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Notes whether a promise was kept: the run of one that was not shows its figures and ends with an error.
    pub(super) fn promise(&mut self, kept: bool, what: impl Into<String>) {
        if !kept {
            let what = what.into();
            say(&format!("  NOT KEPT: {what}"));
            self.broken.push(what);
        }
    }

    /// Says how figures were taken.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Prints the table and writes the file. An error names the promises that were not kept.
    pub(super) fn finish(mut self, file: &Path) -> Result<()> {
        self.machine.push(("load after", load()));
        let took = format!("{:.0} s", self.start.elapsed().as_secs_f64());
        self.machine.push(("took", took));
        let machine: serde_json::Map<String, Value> = self
            .machine
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        let figures: Vec<Value> = self.figures.iter().map(Figure::json).collect();
        let all = json!({ "run": machine, "figures": figures, "how": self.notes, "not_kept": self.broken });
        fs::write(file, serde_json::to_string_pretty(&all)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        writeln!(io::stdout(), "{}", self.markdown())?;
        say(&format!("also in {}", file.display()));
        let broken = self.broken.join("; ");
        ensure!(broken.is_empty(), "not kept: {broken}");
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut lines = vec![String::new()];
        lines.extend(
            self.machine
                .iter()
                .map(|(name, value)| format!("- {name}: {value}")),
        );
        lines.push("\n| | Switchyard | beside | ratio | goal |\n|---|---|---|---|---|".to_owned());
        lines.extend(self.figures.iter().map(Figure::line));
        lines.push(String::new());
        let broken = self.broken.iter();
        lines.extend(broken.map(|what| format!("- **Not kept: {what}.**")));
        lines.extend(self.notes.iter().map(|note| format!("- {note}.")));
        lines.join("\n")
    }
}

/// The first value of that name in a file of the kernel.
fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// How long a durable write of one page takes here: the floor of every commit.
fn disk(folder: &Path) -> Result<String> {
    let mut file = File::create(folder.join("page"))?;
    let mut times = Vec::with_capacity(COMMITS);
    for _ in 0..COMMITS {
        let start = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(format!(
        "4 KiB written and synced: p50 {:.2} ms, p95 {:.2} ms",
        percentile(&mut times, 50),
        percentile(&mut times, 95)
    ))
}
