//! A process that outlives the command which started it: whether it runs, and how it is told things.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::book::Entry;

/// Where the state stands in `/proc/PID/stat`, and the time of the start, counted after the name in brackets (proc(5):
/// state 3, starttime 22).
const STATE: usize = 0;
const BEGAN: usize = 19;

const LOOK: Duration = Duration::from_millis(20);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs or sleeps.
    Runs,
    /// It was told to stand still.
    Paused,
    /// It has ended.
    Dead,
}

/// Starts a command with its output going to the end of `log`, away from the signals of this terminal; the process and
/// when it began.
pub(super) fn start(mut command: Command, log: &Path) -> Result<(u32, u64)> {
    let file = File::options().create(true).append(true).open(log)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let pid = child.id();
    // Whoever ends it later is another command; while this one lives, the kernel keeps its last state for us.
    thread::spawn(move || {
        let mut child = child;
        child.wait()
    });
    Ok((pid, stat(pid).map_or(0, |(_, began)| began)))
}

/// What the process of an entry does.
pub fn life(entry: &Entry) -> Life {
    match stat(entry.pid) {
        Some((state, began)) if began == entry.began => match state {
            'T' | 't' => Life::Paused,
            'Z' | 'X' if threads(entry.pid) <= 1 => Life::Dead,
            _ => Life::Runs,
        },
        _ => Life::Dead,
    }
}

/// Sends a signal to the process of an entry, and says when there is none.
pub(super) fn signal(entry: &Entry, signal: Signal) -> Result<()> {
    kill_process(running(entry)?, signal).with_context(|| format!("cannot signal {}", entry.name))
}

/// Ends the process of an entry at once, with those that it started and that stayed with it: nginx's own die with
/// nobody else.
pub(super) fn kill(entry: &Entry) -> Result<()> {
    kill_process_group(running(entry)?, Signal::KILL)
        .with_context(|| format!("cannot kill {}", entry.name))
}

/// The process of an entry that has not ended.
fn running(entry: &Entry) -> Result<Pid> {
    if life(entry) == Life::Dead {
        bail!("{} does not run", entry.name);
    }
    let pid = i32::try_from(entry.pid).ok().and_then(Pid::from_raw);
    pid.context("no process number")
}

/// Waits until the process of an entry has ended; false when it has not within `patience`.
pub(super) fn ended(entry: &Entry, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while life(entry) != Life::Dead {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(LOOK);
    }
    true
}

/// Waits until `is_true`; the end of the log when the process ends first or it takes too long.
pub(super) fn wait_for(
    entry: &Entry,
    patience: Duration,
    mut is_true: impl FnMut() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    while !is_true() {
        if life(entry) == Life::Dead || Instant::now() > deadline {
            let log = fs::read_to_string(&entry.log).unwrap_or_default();
            let mut last: Vec<&str> = log.lines().rev().take(15).collect();
            last.reverse();
            bail!("{} is not ready:\n{}", entry.name, last.join("\n"));
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// How many threads a process has. The first of a killed one is a zombie already while others still end, and with them
/// its ports.
fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// State and time of the start of a process.
fn stat(pid: u32) -> Option<(char, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let state = fields.get(STATE)?.chars().next()?;
    Some((state, fields.get(BEGAN)?.parse().ok()?))
}
