//! A Redis server for the benchmark and the cluster; the tests start their own, for which it is made sure of here.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::install::{by_apt, find};

const START_DEADLINE: Duration = Duration::from_secs(20);

/// What a careful user would choose: everything is written down, and what was written is on the disk within a second.
const DURABLE: [&str; 6] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
    "--save",
    "",
];

/// Installs the server where it is missing.
pub(crate) fn ensure() -> Result<()> {
    match find(&["redis-server"], &[]) {
        Some(_) => Ok(()),
        None => by_apt("Redis", &["redis-server"]),
    }
}

/// What starts a server that keeps its data in `folder`, which is made.
pub(crate) fn server(folder: &Path, port: u16) -> Result<Command> {
    ensure()?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"])
        .arg(folder)
        .args(DURABLE);
    Ok(command)
}

/// A server on loopback; ends with this value.
pub(crate) struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// A new one, up, that keeps its data in `folder`, which is made.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = server(folder, port)?;
        let log = File::create(folder.join("log"))?;
        let server = command
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start redis-server")?;
        let mut redis = Self { server, port };
        redis.wait_until_up(folder)?;
        Ok(redis)
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What a client is given.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn wait_until_up(&mut self, folder: &Path) -> Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if self.server.try_wait()?.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                bail!("Redis did not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Nothing in its folder is needed any more.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
