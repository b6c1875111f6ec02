//! One process of the program: started with a clean environment, signalled, waited for.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::process::{Pid, Signal, kill_process};

/// A running process; killed when the test ends without having stopped it.
pub(crate) struct Process {
    child: Child,
}

/// A command of the program, without any setting of the developer's.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchyard"));
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let is_ours = text.starts_with("SWITCHYARD_")
            || [
                "DATABASE_URL",
                "PUBLIC_BASE_URL",
                "SHARD_CAPACITY",
                "DB_POOL_MAX",
                "REDIS_URL",
                "CACHE_PROVIDER",
            ]
            .contains(&&*text);
        if is_ours {
            command.env_remove(&name);
        }
    }
    command
}

/// What a command that ends by itself printed, and how it ended.
pub(crate) struct Ended {
    /// The exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// All of stdout.
    pub(crate) stdout: String,
    /// All of stderr.
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Process {
    /// Starts a command; what it prints goes to two files.
    pub(crate) fn start(mut command: Command, stdout: &Path, stderr: &Path) -> Self {
        let open = |path| {
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .unwrap()
        };
        let child = command
            .stdout(open(stdout))
            .stderr(open(stderr))
            .spawn()
            .unwrap();
        Self { child }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// How much memory it holds now, in bytes, as Linux counts it.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() * 1_024
    }

    /// Ends it as a power cut would, and waits until the system has cleaned up.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, deadline: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                start.elapsed() < deadline,
                "the process did not end within {deadline:?}"
            );
            thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
