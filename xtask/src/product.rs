//! A running demo for the browser tests and the benchmark: the real program on free ports, with data that goes with it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use anyhow::{Context, Result, bail};

use crate::step::say;

/// A debug build on a busy machine; the product itself promises 5 s.
const START_DEADLINE: Duration = Duration::from_mins(1);

/// How often a starting demo is asked whether it is ready.
const LOOK: Duration = Duration::from_millis(5);

/// A demo and its data folder. The tests may stop and start it, so its process is the one that `demo.json` names.
pub(crate) struct Product {
    child: Child,
    folder: PathBuf,
    ready_after: Duration,
}

impl Product {
    /// Starts the program with these flags, in a new folder under `under`, and waits until it is ready.
    pub(crate) fn start(program: &Path, under: &Path, flags: &[&str]) -> Result<Self> {
        let folder = under.join(format!("switchyard-demo-{}", process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let start = Instant::now();
        let child = spawn(program, &folder, flags)?;
        let mut product = Self {
            child,
            folder,
            ready_after: Duration::ZERO,
        };
        product.wait_until_ready(start)?;
        Ok(product)
    }

    /// Stops it and starts it in the same folder, with these flags.
    pub(crate) fn again(&mut self, program: &Path, flags: &[&str]) -> Result<()> {
        terminate(&self.child.id().to_string());
        self.child.wait()?;
        let start = Instant::now();
        self.child = spawn(program, &self.folder, flags)?;
        self.wait_until_ready(start)
    }

    /// How long its last start took, from the call of the program to the first answer that it is ready.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The file with its addresses and secrets.
    pub(crate) fn description(&self) -> PathBuf {
        self.folder.join("data/demo.json")
    }

    fn wait_until_ready(&mut self, start: Instant) -> Result<()> {
        while !self.is_ready() {
            if self.child.try_wait()?.is_some() || start.elapsed() > START_DEADLINE {
                bail!("the demo did not start:\n{}", self.log());
            }
            thread::sleep(LOOK);
        }
        self.ready_after = start.elapsed();
        Ok(())
    }

    /// The file of an earlier start names another process, and addresses of that one.
    fn is_ready(&self) -> bool {
        self.field("pid") == Some(self.child.id().to_string())
            && self
                .field("api_url")
                .is_some_and(|url| ready(&url).unwrap_or(false))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A field of the file with its addresses and secrets.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.description()).ok()?;
        let value: serde_json::Value = serde_json::from_str(&text).ok()?;
        match value.get(name)? {
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Its folder, in which its data are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

/// Failed tests must not leave a program behind; its log is kept when it did not end well.
impl Drop for Product {
    fn drop(&mut self) {
        if let Some(pid) = self.field("pid") {
            terminate(&pid);
        }
        match self.child.wait() {
            Ok(status) if status.success() => drop(fs::remove_dir_all(&self.folder)),
            _ => say(&format!(
                "the log of the demo is {}",
                self.folder.join("log").display()
            )),
        }
    }
}

/// Settings beside those that start with `SWITCHYARD_`.
const SETTINGS: [&str; 7] = [
    "DATABASE_URL",
    "REDIS_URL",
    "PUBLIC_BASE_URL",
    "CACHE_PROVIDER",
    "SHARD_CAPACITY",
    "DB_POOL_MAX",
    "SHARDS_TOTAL",
];

/// A command of the program that no setting of the developer's reaches.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("SWITCHYARD_") || SETTINGS.contains(&&*text) {
            command.env_remove(&name);
        }
    }
    command
}

fn spawn(program: &Path, folder: &Path, flags: &[&str]) -> Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))?;
    command(program)
        .args(["up", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.join("data"))
        .args(flags)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

fn terminate(pid: &str) {
    // It may be gone already.
    Command::new("kill").args(["-TERM", pid]).status().ok();
}

/// Whether `GET /health/ready` answers 200.
fn ready(api_url: &str) -> Result<bool> {
    let address = api_url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        connection,
        "GET /health/ready HTTP/1.0\r\nHost: {address}\r\n\r\n"
    )?;
    let mut head = [0_u8; 12];
    connection.read_exact(&mut head)?;
    Ok(head.ends_with(b" 200"))
}
