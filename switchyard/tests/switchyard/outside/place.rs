//! A place where a demo lives: its data folder, its log, and the program that runs in it now.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::api::Api;
use super::network::Network;
use super::process::{Process, program};
use super::{LONG, within};

/// A data folder for one test.
pub(crate) struct Place {
    folder: TempDir,
    flags: Vec<String>,
}

/// A demo that runs.
pub(crate) struct Demo {
    /// Its process.
    pub(crate) process: Process,
    /// Its API, with the demo's key.
    pub(crate) api: Api,
    /// The network that it dials.
    pub(crate) network: Network,
    /// What `demo.json` said when it was ready.
    pub(crate) file: Value,
    /// From the start of the process to the first ready answer.
    pub(crate) ready_after: Duration,
}

impl Place {
    /// A new, empty folder; every start passes these flags.
    pub(crate) fn new(flags: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            flags: flags.iter().map(ToString::to_string).collect(),
        }
    }

    /// Every start passes these flags too.
    pub(crate) fn pass(&mut self, flags: &[&str]) {
        self.flags.extend(flags.iter().map(ToString::to_string));
    }

    /// The folder around the data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the processes wrote on stderr.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// What the processes wrote on stdout.
    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.folder.path().join("stdout")).unwrap_or_default()
    }

    /// Starts a demo and waits until it is ready.
    pub(crate) async fn start(&self) -> Demo {
        self.start_with(&[]).await
    }

    /// Starts a demo with settings in its environment and waits until it is ready.
    pub(crate) async fn start_with(&self, environment: &[(&str, &str)]) -> Demo {
        let start = Instant::now();
        let process = self.spawn(environment);
        self.ready(process, start).await
    }

    /// Starts a demo and does not wait.
    pub(crate) fn spawn(&self, environment: &[(&str, &str)]) -> Process {
        self.run(self.command(environment))
    }

    /// Starts a command that becomes a demo of this place.
    pub(crate) fn run(&self, command: Command) -> Process {
        let file = |name| self.folder.path().join(name);
        Process::start(command, &file("stdout"), &file("stderr"))
    }

    /// The command that starts a demo here.
    pub(crate) fn command(&self, environment: &[(&str, &str)]) -> Command {
        let data = self.data();
        let data = data.to_str().unwrap();
        let mut command = program(&[
            "up",
            "--demo",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            data,
        ]);
        command.args(&self.flags).envs(environment.iter().copied());
        command
    }

    /// Waits until a process of this place is ready.
    pub(crate) async fn ready(&self, mut process: Process, start: Instant) -> Demo {
        let Some(file) = self.file_of(&mut process).await else {
            panic!("the demo ended:\n{}", self.log())
        };
        let api = api(&file);
        within(LONG, "readiness", || async {
            (api.status("/health/ready").await == Some(200)).then_some(())
        })
        .await;
        let network = Network::at(file["sim_url"].as_str().unwrap().to_owned());
        Demo {
            process,
            api,
            network,
            ready_after: start.elapsed(),
            file,
        }
    }

    /// The API of a process, as soon as it is known; none when the process ended before.
    pub(crate) async fn api_of(&self, process: &mut Process) -> Option<Api> {
        self.file_of(process).await.as_ref().map(api)
    }

    /// `demo.json` as a process wrote it; none when the process ended before.
    async fn file_of(&self, process: &mut Process) -> Option<Value> {
        let pid = u64::from(process.id());
        let process = Mutex::new(process);
        within(LONG, "demo.json of the new process", || {
            let read = fs::read_to_string(self.data().join("demo.json")).unwrap_or_default();
            let file = serde_json::from_str::<Value>(&read).ok();
            let ended = process.lock().unwrap().ended().is_some();
            async move {
                match file.filter(|file| file["pid"] == pid) {
                    Some(file) => Some(Some(file)),
                    None => ended.then_some(None),
                }
            }
        })
        .await
    }
}

/// What a failed test left is kept, for whoever looks for the reason.
impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            println!("data and logs are kept in {}", self.folder.path().display());
        }
    }
}

fn api(file: &Value) -> Api {
    let text = |name: &str| file[name].as_str().unwrap().to_owned();
    Api::new(text("api_url"), text("api_key"))
}
