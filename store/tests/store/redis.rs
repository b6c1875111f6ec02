//! A Redis server of the test's own, and what its users do without it.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use store::redis::Redis;
use tempfile::TempDir;

/// A server on a free port of loopback; gone when the test ends.
pub(crate) struct Server {
    process: Child,
    port: u16,
    _folder: TempDir,
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
                _folder: folder,
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
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "Redis does not begin"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    pub(crate) fn client(&self) -> Redis {
        Redis::open(&format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }

    /// Runs a command by the server's own client.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        let output = cli
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
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

/// Waits until something holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let start = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        pace.tick().await;
        if holds().await {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{what}: not in time"
        );
    }
}

#[tokio::test]
async fn every_key_has_our_prefix_and_an_end() {
    use store::cache::Cache;
    use store::rates::{Rate, Rates};

    let server = Server::start().await;
    let rates = Rates::new(Some(server.client()));
    rates.take("caller:1", Rate::per_s(1, 5)).await;
    let registry = prometheus::Registry::new();
    let cache = Cache::new(
        "tests",
        Some(server.client()),
        Duration::from_secs(4),
        &registry,
    )
    .unwrap();
    let filled = cache
        .get_or_fill("key:1", async { Ok::<_, ()>(Some(1)) })
        .await;
    assert_eq!(filled, Ok(Some(1)));
    let keys = server.command(&["--raw", "KEYS", "*"]);
    assert_eq!(keys.lines().count(), 3, "{keys}");
    for key in keys.lines() {
        assert!(key.starts_with("sy:"), "{key}");
        let life: i64 = server.command(&["--raw", "PTTL", key]).parse().unwrap();
        assert!((1..=60_000).contains(&life), "{key}: {life}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_refused() {
    assert!(Redis::open("postgres://somewhere").is_err());
}
