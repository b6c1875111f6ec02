//! Queues that we did not write, each with the exact packages that its lock file names.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::frontend::needs_node;
use crate::python;
use crate::redis::Redis;
use crate::stale::is_stale;
use crate::step::Step;
use crate::workspace::root;

/// A queue and the program that measures it.
pub(super) struct Rival {
    /// With its version.
    pub(super) name: String,
    command: [PathBuf; 2],
}

fn folder(name: &str) -> PathBuf {
    root().join("xtask/peers").join(name)
}

impl Rival {
    /// RQ, in a Python environment of its own among what is built.
    pub(super) fn rq() -> Result<Self> {
        let folder = folder("rq");
        let wanted = folder.join("requirements.txt");
        let environment = python::environment("rq", &wanted)?;
        let versions = std::fs::read_to_string(&wanted)?;
        let version = versions.lines().find_map(|line| line.strip_prefix("rq=="));
        let version = version.and_then(|it| it.split_whitespace().next());
        Ok(Self {
            name: format!("RQ {}", version.context("the version of RQ")?),
            command: [environment.join("bin/python"), folder.join("measure.py")],
        })
    }

    /// BullMQ, in node.
    pub(super) fn bullmq() -> Result<Self> {
        needs_node()?;
        let folder = folder("bullmq");
        let lock = folder.join("package-lock.json");
        // npm writes this file last, so an interrupted installation is done again.
        let made = folder.join("node_modules/.package-lock.json");
        if is_stale(&made, [lock.as_path()]) {
            Step::new("BullMQ: npm ci", "npm")
                .with(|command| {
                    command
                        .args(["ci", "--ignore-scripts"])
                        .current_dir(&folder)
                })
                .run()?;
        }
        let package = std::fs::read_to_string(folder.join("package.json"))?;
        let package: Value = serde_json::from_str(&package)?;
        let version = package
            .pointer("/dependencies/bullmq")
            .and_then(Value::as_str);
        Ok(Self {
            name: format!("BullMQ {}", version.context("the version of BullMQ")?),
            command: ["node".into(), folder.join("measure.mjs")],
        })
    }

    /// Measures it on that server; what it says.
    pub(super) fn measure(&self, redis: &Redis, words: &[&str]) -> Result<Value> {
        let [program, script] = &self.command;
        let output = Command::new(program)
            .arg(script)
            .arg(redis.port().to_string())
            .args(words)
            .output()
            .with_context(|| format!("cannot start {}", program.display()))?;
        if !output.status.success() {
            bail!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
        let said = String::from_utf8(output.stdout)?;
        let last = said.lines().last().context("nothing was said")?;
        serde_json::from_str(last).with_context(|| format!("{}: {last}", self.name))
    }
}
