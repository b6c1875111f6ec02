//! The simulated network as a process of its own, and its control API.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::product::command;

use super::http::{Http, text};
use super::many::side_by_side;

const START_DEADLINE: Duration = Duration::from_secs(20);

/// How many phones are made at once.
const THREADS: usize = 16;

/// A running `switchyard sim`; ends with this value.
pub(super) struct Network {
    child: Child,
    url: String,
    /// Its control API.
    pub(super) http: Http,
}

impl Network {
    /// Starts it on a free port, with everything kept in a folder of its own.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let log = folder.join("network.log");
        let file = File::create(&log)?;
        let mut child = command(program)
            .args(["sim", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("network"))
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        match address(&mut child, &log) {
            Ok(url) => Ok(Self {
                http: Http::new(&url, None),
                url,
                child,
            }),
            Err(error) => {
                child.kill().ok();
                child.wait().ok();
                Err(error)
            }
        }
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The key at the root of its certificates.
    pub(super) fn root(&self) -> Result<String> {
        let answer = self.http.get("/network/root")?;
        text(&answer, "public_key").map(str::to_owned)
    }

    /// Makes phones with these numbers.
    pub(super) fn make_phones(&self, numbers: &[String]) -> Result<()> {
        add_phones(&self.http, numbers)
    }
}

/// Makes phones with these numbers on the network with that control API.
pub(super) fn add_phones(network: &Http, numbers: &[String]) -> Result<()> {
    side_by_side(THREADS, numbers, |number| {
        let phone = json!({ "phone": number, "name": "Somebody" });
        network.post("/phones", &phone).map(drop)
    })?;
    Ok(())
}

/// What it prints when it listens.
fn address(child: &mut Child, log: &PathBuf) -> Result<String> {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let said = fs::read_to_string(log)?;
        let rest = said.split_once("phones: ").map(|(_, rest)| rest);
        if let Some(url) = rest.and_then(|rest| rest.split_whitespace().next()) {
            return Ok(url.to_owned());
        }
        if child.try_wait()?.is_some() || Instant::now() > deadline {
            bail!("the network did not start:\n{said}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Nothing in its folder is needed any more.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
