//! A Redis server of the test's own: stopped, flushed, paused and started again.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::until;

/// A server on loopback; gone when the test ends.
pub(crate) struct Redis {
    folder: TempDir,
    port: u16,
    server: Child,
}

impl Redis {
    /// A new one, up.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = serve(&folder, port);
        let redis = Self {
            folder,
            port,
            server,
        };
        redis.up().await;
        redis
    }

    /// Where it listens, on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs a command by the server's own client; none when it does not answer.
    pub(crate) fn command(&self, words: &[&str]) -> Option<String> {
        let port = self.port.to_string();
        let output = Command::new("redis-cli")
            .args(["-p", &port])
            .args(words)
            .output()
            .unwrap();
        let answer = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        output.status.success().then_some(answer)
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it anew, empty.
    pub(crate) async fn again(&mut self) {
        self.server = serve(&self.folder, self.port);
        self.up().await;
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.server), signal).unwrap();
    }

    async fn up(&self) {
        until("Redis answers", || async {
            (self.command(&["PING"])? == "PONG").then_some(())
        })
        .await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn serve(folder: &TempDir, port: u16) -> Child {
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
