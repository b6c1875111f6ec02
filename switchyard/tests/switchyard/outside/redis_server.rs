//! A Redis server of a test's own.

use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to begin.
const BEGINS: Duration = Duration::from_mins(1);

/// A server on a free port of loopback; gone when the test ends.
pub(crate) struct Server {
    process: Option<Child>,
    port: u16,
    folder: TempDir,
}

impl Server {
    /// A new one, up.
    pub(crate) async fn start() -> Self {
        loop {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut server = Self {
                process: None,
                port: free.local_addr().unwrap().port(),
                folder: tempfile::tempdir().unwrap(),
            };
            drop(free);
            if server.begin().await {
                return server;
            }
        }
    }

    /// Starts it, empty. `false`: somebody else was faster to take its port.
    pub(crate) async fn begin(&mut self) -> bool {
        let mut process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &self.port.to_string(), "--dir"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("no redis-server: run these tests with `cargo xtask test`, which installs it");
        let (begun, ours) = (Instant::now(), format!("process_id:{}\r", process.id()));
        let is_up = loop {
            if process.try_wait().unwrap().is_some() {
                break false;
            }
            let answer = self.cli(&["INFO", "server"]).stdout;
            if String::from_utf8_lossy(&answer).contains(&ours) {
                break true;
            }
            assert!(begun.elapsed() < BEGINS, "Redis does not begin");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.process = Some(process);
        is_up
    }

    /// Where it listens, on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs a command by the server's own client, which fails when the server refuses it.
    pub(crate) fn cli(&self, order: &[&str]) -> Output {
        let mut cli = Command::new("redis-cli");
        let cli = cli.args(["-e", "-p", &self.port.to_string()]);
        cli.args(order).output().unwrap()
    }

    /// The process.
    pub(crate) fn process(&mut self) -> &mut Child {
        self.process.as_mut().unwrap()
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        self.process().kill().unwrap();
        self.process().wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill().ok();
            process.wait().ok();
        }
    }
}
