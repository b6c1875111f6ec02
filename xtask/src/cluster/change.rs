//! Changing a cluster that runs: killing, pausing, scaling and stopping its processes.

use std::time::Duration;

use anyhow::{Result, bail};
use rustix::process::Signal;

use crate::step::{Step, say};

use super::Cluster;
use super::book::Entry;
use super::launch::{NGINX, SERVERS};
use super::process::{Life, ended, kill, life, signal};

/// A role stops within 10 s of being told; a server of Postgres with much to write may take longer.
const STOP: Duration = Duration::from_secs(30);

/// What was killed is gone as soon as the kernel has cleaned up.
const GONE: Duration = Duration::from_secs(10);

impl Cluster {
    /// Ends a process as a power cut would.
    pub fn kill(&self, name: &str) -> Result<()> {
        let entry = self.book.entry(name)?;
        kill(entry)?;
        if !ended(entry, GONE) {
            bail!("{name} was killed and is still there");
        }
        Ok(())
    }

    /// Ends all of it as a power cut would; what is dead already stays so.
    pub fn kill_all(&self) {
        for entry in &self.book.processes {
            // It may end between the look and the signal.
            kill(entry).ok();
        }
    }

    /// Runs statements as the superuser of the database and answers their rows: a line each, columns divided by `|`.
    pub fn sql(&self, statements: &str) -> Result<String> {
        self.database()?.sql(statements)
    }

    /// Runs one command of Redis by its own client, and answers what it says.
    pub fn redis(&self, command: &str) -> Result<String> {
        Step::new("redis-cli", "redis-cli")
            .with(|it| it.args(["-u", &self.book.redis_url, command]))
            .output()
    }

    /// Makes a process stand still.
    pub fn pause(&self, name: &str) -> Result<()> {
        signal(self.book.entry(name)?, Signal::STOP)
    }

    /// Lets a paused process go on.
    pub fn resume(&self, name: &str) -> Result<()> {
        signal(self.book.entry(name)?, Signal::CONT)
    }

    /// Tells a process to end, and waits until it has.
    pub fn end(&self, name: &str) -> Result<()> {
        let entry = self.book.entry(name)?;
        if life(entry) == Life::Dead {
            return Ok(());
        }
        // What stands still hears nothing.
        signal(entry, Signal::CONT)?;
        signal(entry, farewell(entry))?;
        if ended(entry, STOP) {
            return Ok(());
        }
        say(&format!("{name} did not stop within {STOP:?}: killing it"));
        self.kill(name)
    }

    /// Brings a role to so many processes: starts what is missing, also in place of dead ones, or stops the last ones.
    /// How many shards there are is what whoever starts from then on is told; the others learn it when they start again.
    pub fn scale(&mut self, role: &str, count: u16) -> Result<()> {
        self.topology.service(role)?;
        if role == "shard" {
            let total = ("SHARDS_TOTAL".to_owned(), count.to_string());
            self.book.settings.extend([total]);
        }
        let surplus: Vec<String> = self
            .book
            .of(role)
            .filter(|entry| entry.number > count)
            .map(|entry| entry.name.clone())
            .collect();
        let grown: Vec<String> = (1..=count).map(|it| format!("{role}-{it}")).collect();
        for (name, number) in grown.iter().zip(1..) {
            self.run(name, role, number)?;
        }
        for name in &grown {
            self.wait(name)?;
        }
        // nginx forgets a replica before it goes.
        let leaving: Vec<Entry> = self.book.processes.clone();
        self.book.processes.retain(|it| !surplus.contains(&it.name));
        if matches!(role, "api" | "calls") {
            self.balance()?;
        }
        let kept = std::mem::replace(&mut self.book.processes, leaving);
        for name in surplus.iter().rev() {
            self.end(name)?;
        }
        self.book.processes = kept;
        self.book.write(&self.folder)
    }

    /// Stops everything: whoever accepts first, the servers last. The data stay.
    pub fn stop(&mut self) -> Result<()> {
        let is_server = |entry: &&Entry| SERVERS.contains(&entry.role.as_str());
        let (servers, roles): (Vec<&Entry>, Vec<&Entry>) =
            self.book.processes.iter().partition(|it| is_server(it));
        let first = roles.iter().filter(|it| it.role == NGINX);
        for entry in first {
            self.end(&entry.name)?;
        }
        // Together: a shard that ends while its API still sends has nobody to send by.
        for entry in roles.iter().filter(|it| life(it) != Life::Dead) {
            signal(entry, Signal::CONT)?;
            signal(entry, farewell(entry))?;
        }
        for entry in roles.iter().filter(|it| !ended(it, STOP)) {
            say(&format!("{} did not stop: killing it", entry.name));
            self.kill(&entry.name)?;
        }
        for entry in servers.iter().rev() {
            self.end(&entry.name)?;
        }
        Ok(())
    }
}

/// By which signal a process is told to end in good order.
fn farewell(entry: &Entry) -> Signal {
    match entry.role.as_str() {
        // Its fast stop: it ends connections, writes everything and goes.
        "postgres" => Signal::INT,
        _ => Signal::TERM,
    }
}
