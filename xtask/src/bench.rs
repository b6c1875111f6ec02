//! `cargo xtask bench`: what the product carries on this machine, beside Baileys on the same simulated network, and
//! beside RQ and BullMQ.

mod api;
mod baileys;
mod chats;
mod clock;
mod fleet;
pub(crate) mod http;
mod inbound;
mod jobs;
mod latency;
mod lines;
mod many;
mod neighbour;
mod network;
mod outbound;
mod paced;
mod report;
mod rival;
mod roles;
mod seed;
mod sessions;
mod shards;
mod slots;
mod stage;
mod start;
mod storm;
mod streams;
pub(crate) mod usage;
mod voice;
mod wire;

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use anyhow::{Context, Result, bail};

use crate::frontend;
use crate::step::say;
use crate::workspace::{release, target};

use report::Report;
use roles::Roles;
use stage::Stage;

/// What is measured, in this order.
const PARTS: [(&str, Part); 14] = [
    ("start", Part::Program(start::measure)),
    ("sessions", Part::Stage(sessions::measure)),
    ("outbound", Part::Stage(outbound::measure)),
    ("latency", Part::Stage(latency::measure)),
    ("inbound", Part::Stage(inbound::measure)),
    ("api", Part::Roles(api::measure)),
    ("jobs", Part::Roles(jobs::measure)),
    // The last one on these processes: it leaves its backlog behind.
    ("neighbour", Part::Roles(neighbour::measure)),
    ("shards", Part::Program(shards::measure)),
    ("fleet", Part::Program(fleet::measure)),
    ("slots", Part::Program(slots::measure)),
    ("streams", Part::Program(streams::measure)),
    ("voice", Part::Program(voice::measure)),
    ("storm", Part::Program(storm::measure)),
];

/// What a part is measured on.
#[derive(Clone, Copy)]
enum Part {
    /// The program, and a folder for its data.
    Program(fn(&Path, &Path, &mut Report) -> Result<()>),
    /// The product in one process.
    Stage(fn(&mut Stage, &mut Report) -> Result<()>),
    /// The roles as processes of their own.
    Roles(fn(&mut Roles, &mut Report) -> Result<()>),
}

/// What was asked for.
struct Wish<'a> {
    /// Up to 2,000 sessions.
    full: bool,
    /// Without those that we did not write.
    alone: bool,
    /// A program that was built before, to compare with.
    program: Option<PathBuf>,
    /// Only parts whose name contains one of these; all, where there is none.
    filters: Vec<&'a str>,
}

impl<'a> Wish<'a> {
    fn of(words: &[&'a str]) -> Result<Self> {
        let mut wish = Self {
            full: false,
            alone: false,
            program: None,
            filters: Vec::new(),
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
                filter => wish.filters.push(filter),
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

    fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|it| name.contains(it))
    }

    fn parts(&self) -> Result<Vec<(&'static str, Part)>> {
        let parts: Vec<(&str, Part)> = PARTS
            .into_iter()
            .filter(|(name, _)| self.wants(name))
            .collect();
        if parts.is_empty() {
            let names = PARTS.map(|(name, _)| name).join(", ");
            bail!("nothing to measure: the parts are {names}");
        }
        Ok(parts)
    }
}

/// Builds, measures, prints a table in Markdown and writes `target/bench.json`. A part that fails gives no figure, and the
/// others are measured all the same.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let wish = Wish::of(words)?;
    let parts = wish.parts()?;
    let program = wish.program()?;
    let folder = Folder::make()?;
    let mut report = Report::begin(&folder.0, words)?;
    let mut ground = Ground {
        program: &program,
        folder: &folder.0,
        wish: &wish,
        stage: None,
        roles: None,
    };
    let mut failed = Vec::new();
    for (name, part) in parts {
        say(&format!("\n── {name} ──"));
        if let Err(error) = ground.measure(part, &mut report) {
            say(&format!("{name}: {error:#}"));
            report.note(format!("{name}: no figure, because: {error:#}"));
            failed.push(name);
            // What is left of it is not to be measured on.
            ground.clear();
        }
    }
    drop(ground);
    let kept = report.finish(&target()?.join("bench.json"));
    if !failed.is_empty() {
        bail!("no figures of {}", failed.join(", "));
    }
    kept
}

/// What is measured on: one at a time, started when the first part needs it.
struct Ground<'a> {
    program: &'a Path,
    folder: &'a Path,
    wish: &'a Wish<'a>,
    stage: Option<Stage>,
    roles: Option<Roles>,
}

impl Ground<'_> {
    fn measure(&mut self, part: Part, report: &mut Report) -> Result<()> {
        match part {
            Part::Program(measure) => measure(self.program, self.folder, report),
            Part::Stage(measure) => {
                self.roles = None;
                let (full, alone) = (self.wish.full, self.wish.alone);
                if self.stage.is_none() {
                    let folder = self.fresh("stage")?;
                    self.stage = Some(Stage::set(self.program, &folder, full, alone)?);
                }
                measure(self.stage.as_mut().context("set just now")?, report)
            }
            Part::Roles(measure) => {
                self.stage = None;
                if self.roles.is_none() {
                    let folder = self.fresh("roles")?;
                    self.roles = Some(Roles::start(self.program, folder, self.wish.alone)?);
                }
                measure(self.roles.as_mut().context("started just now")?, report)
            }
        }
    }

    fn clear(&mut self) {
        self.stage = None;
        self.roles = None;
    }

    /// An empty folder of that name.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }
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
