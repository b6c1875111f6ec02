//! A running demo for the browser tests and the benchmark: the real program on free ports, with data that goes with it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{process, thread};

use anyhow::{Context, Result, bail};

use crate::step::say;

/// A debug build on a busy machine; the product itself promises 5 s.
const START_DEADLINE: Duration = Duration::from_mins(1);

/// A demo and its data folder. The tests may stop and start it, so its process is the one that `demo.json` names.
pub(crate) struct Product {
    first: Child,
    folder: PathBuf,
}

impl Product {
    /// Starts the program with these flags, in a new folder under `under`, and waits until it is ready.
    pub(crate) fn start(program: &Path, under: &Path, flags: &[&str]) -> Result<Self> {
        let folder = under.join(format!("switchyard-demo-{}", process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let log = File::create(folder.join("log"))?;
        let first = Command::new(program)
            .args(["up", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("data"))
            .args(flags)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut product = Self { first, folder };
        product.wait_until_ready()?;
        Ok(product)
    }

    /// The file with its addresses and secrets.
    pub(crate) fn description(&self) -> PathBuf {
        self.folder.join("data/demo.json")
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        while !self.is_ready() {
            if self.first.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("the demo did not start:\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        self.field("api_url")
            .is_some_and(|url| ready(&url).unwrap_or(false))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.first.id()
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
            // It may be gone already.
            Command::new("kill").args(["-TERM", &pid]).status().ok();
        }
        match self.first.wait() {
            Ok(status) if status.success() => drop(fs::remove_dir_all(&self.folder)),
            _ => say(&format!(
                "the log of the demo is {}",
                self.folder.join("log").display()
            )),
        }
    }
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
