//! A Redis server of the test's own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use store::redis::Redis;
use tempfile::TempDir;

use crate::stage::{PATIENCE, until};

/// A server on a free port of loopback; gone when the test ends.
pub(crate) struct Server {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        loop {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let folder = tempfile::tempdir().unwrap();
            let process = spawn(port, &folder);
            let mut server = Self {
                process,
                port,
                folder,
            };
            if server.has_begun().await {
                return server;
            }
        }
    }

    /// Whether it is this one that answers on the port; `false`: somebody else was faster to take that.
    async fn has_begun(&mut self) -> bool {
        let (port, begun) = (self.port.to_string(), Instant::now());
        let ours = format!("process_id:{}\r", self.process.id());
        while self.process.try_wait().unwrap().is_none() {
            let mut cli = Command::new("redis-cli");
            let asked = cli.args(["-p", &port, "INFO", "server"]).output().unwrap();
            if String::from_utf8_lossy(&asked.stdout).contains(&ours) {
                return true;
            }
            assert!(begun.elapsed() < PATIENCE, "Redis does not begin");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    async fn answers(&self) {
        let redis = self.client();
        until("Redis answers", || async { redis.ping().await.is_ok() }).await;
    }

    pub(crate) fn client(&self) -> Redis {
        Redis::open(&format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }

    pub(crate) fn flush(&self) {
        self.cli(&["FLUSHALL"]);
    }

    /// Runs a script over these keys.
    pub(crate) fn run(&self, script: &str, keys: &[&str]) {
        let count = keys.len().to_string();
        self.cli(&[&["EVAL", script, &count], keys].concat());
    }

    /// Gives an order of Redis's own.
    pub(crate) fn cli(&self, order: &[&str]) {
        let mut cli = Command::new("redis-cli");
        let port = self.port.to_string();
        let output = cli.args(["-e", "-p", &port]).args(order).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(self.port, &self.folder);
        self.answers().await;
    }
}

fn spawn(port: u16, folder: &TempDir) -> Child {
    Command::new("redis-server")
        .args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--port",
        ])
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("no redis-server: run these tests with `cargo xtask test`, which installs it")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
