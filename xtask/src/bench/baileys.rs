//! Baileys beside the product: many clients in one node process, on the same network.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::frontend::needs_node;
use crate::stale::is_stale;
use crate::step::Step;
use crate::workspace::root;

use super::network::Network;

/// What starts a line that is meant for us.
const PREFIX: &str = "@switchyard ";

/// The node process; ends with this value.
pub(super) struct Baileys {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

fn folder() -> PathBuf {
    root().join("sim/peers/baileys")
}

/// Installs exactly what the lock file names, unless that is there.
pub(super) fn install() -> Result<()> {
    needs_node()?;
    let lock = folder().join("package-lock.json");
    // npm writes this file last, so an interrupted installation is done again.
    if is_stale(
        &folder().join("node_modules/.package-lock.json"),
        [lock.as_path()],
    ) {
        Step::new("Baileys: npm ci", Path::new("npm"))
            .with(|command| {
                command
                    .args(["ci", "--ignore-scripts"])
                    .current_dir(folder())
            })
            .run()?;
    }
    Ok(())
}

impl Baileys {
    /// Starts the process, without a client yet.
    pub(super) fn start(network: &Network) -> Result<Self> {
        let mut child = Command::new("node")
            .args(["--expose-gc", "crowd.mjs", network.url(), &network.root()?])
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let input = child.stdin.take().context("a pipe")?;
        let output = child.stdout.take().context("a pipe")?;
        let lines = BufReader::new(output).lines();
        Ok(Self {
            child,
            input,
            lines,
        })
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it do something and waits until it is done.
    pub(super) fn ask(&mut self, command: &Value) -> Result<Value> {
        self.begin(command)?;
        self.answer()
    }

    /// Lets it do something; [`answer`](Self::answer) waits for it.
    pub(super) fn begin(&mut self, command: &Value) -> Result<()> {
        writeln!(self.input, "{command}").context("Baileys is gone")
    }

    /// What came of what was begun.
    pub(super) fn answer(&mut self) -> Result<Value> {
        loop {
            let line = self.lines.next().context("Baileys is gone")??;
            let Some(answer) = line.strip_prefix(PREFIX) else {
                continue;
            };
            let answer: Value = serde_json::from_str(answer)?;
            if let Some(error) = answer.get("error") {
                bail!("Baileys: {error}");
            }
            return Ok(answer);
        }
    }
}

impl Drop for Baileys {
    fn drop(&mut self) {
        // It keeps nothing.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
