//! What a process uses, by the kernel's books.

use std::time::Duration;
use std::{fs, process};

use anyhow::{Context, Result};

/// The kernel counts processor time for `/proc` in ticks of this length on every Linux that we run on (`getconf CLK_TCK`).
const TICK: Duration = Duration::from_millis(10);

/// Where the time fields stand in `/proc/PID/stat`, counted after the name in brackets (proc(5): utime 14, stime 15).
const TIMES: std::ops::Range<usize> = 11..13;

/// Where the parent stands there (proc(5): ppid 4).
const PARENT: usize = 1;

/// Processor time so far, of user and system, of all threads.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
    let ticks = fields
        .split_whitespace()
        .skip(TIMES.start)
        .take(TIMES.len())
        .filter_map(|field| field.parse::<u32>().ok())
        .sum::<u32>();
    Ok(TICK.saturating_mul(ticks))
}

/// Processor time so far of a process and of those that it started and that still run: a PostgreSQL server.
pub(super) fn family_cpu(pid: u32) -> Result<Duration> {
    let mut all = cpu(pid)?;
    for entry in fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, fields)| fields.split_whitespace().nth(PARENT)?.parse().ok());
        if parent == Some(pid) {
            // It may have ended meanwhile.
            all = all.saturating_add(cpu(child).unwrap_or_default());
        }
    }
    Ok(all)
}

/// Resident memory in kilobytes; pages shared with other processes count for their share (PSS).
pub(crate) fn memory_kb(pid: u32) -> Result<f64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("the process is gone")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .context("/proc/PID/smaps_rollup names no PSS")
}

/// Milliseconds of processor time for one of many things.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    /// Of the product, or of Baileys.
    pub(super) client: f64,
    /// Of the simulated network.
    pub(super) network: f64,
    /// Of this program, which makes the load.
    pub(super) load: f64,
}

/// Counts processor time while something runs.
pub(super) struct Meter {
    client: u32,
    network: u32,
    start: [Duration; 3],
}

impl Meter {
    /// Starts to count for these two processes and for this one.
    pub(super) fn start(client: u32, network: u32) -> Result<Self> {
        let start = [cpu(client)?, cpu(network)?, cpu(process::id())?];
        Ok(Self {
            client,
            network,
            start,
        })
    }

    /// What each of `count` things has cost so far.
    pub(super) fn per(&self, count: f64) -> Result<Cost> {
        let [client, network, load] = self.start;
        let per = |pid, start: Duration| {
            Ok::<_, anyhow::Error>(cpu(pid)?.saturating_sub(start).as_secs_f64() * 1_000.0 / count)
        };
        Ok(Cost {
            client: per(self.client, client)?,
            network: per(self.network, network)?,
            load: per(process::id(), load)?,
        })
    }
}
