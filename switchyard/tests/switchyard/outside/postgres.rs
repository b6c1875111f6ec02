//! A PostgreSQL server of the test's own: started, stopped, killed and started again.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::until;

/// A server on loopback; gone when the test ends.
pub(crate) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    port: u16,
    server: Child,
}

impl Postgres {
    /// A new cluster, up.
    pub(crate) async fn start() -> Self {
        let programs = programs();
        let owner = owner();
        let folder = tempfile::tempdir().unwrap();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut initdb = Command::new(programs.join("initdb"));
        initdb
            .arg("--pgdata")
            .arg(folder.path().join("data"))
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ]);
        let made = as_owner(&mut initdb, owner, folder.path())
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = serve(&programs, owner, folder.path(), port);
        let mut postgres = Self {
            folder,
            programs,
            owner,
            port,
            server,
        };
        postgres.up().await;
        postgres
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What a process is given as its `DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The same for another role of the server.
    pub(crate) fn url_of(&self, role: &str, password: &str) -> String {
        format!(
            "postgres://{role}:{password}@127.0.0.1:{}/postgres",
            self.port
        )
    }

    /// From now on everybody but the superuser needs a password.
    pub(crate) fn ask_for_passwords(&self) {
        let rules =
            "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(self.folder.path().join("data/pg_hba.conf"), rules).unwrap();
        self.sql("select pg_reload_conf()");
    }

    /// Stops it as an administrator does, and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        self.start_again().await;
    }

    /// Stops it as an administrator does.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::INT);
        self.server.wait().unwrap();
    }

    /// Starts it after it was stopped, and waits until it answers.
    pub(crate) async fn start_again(&mut self) {
        self.server = serve(&self.programs, self.owner, self.folder.path(), self.port);
        self.up().await;
    }

    /// Kills its first process as the system does when memory runs out, and starts it again.
    pub(crate) async fn kill_and_start(&mut self) {
        self.signal(Signal::KILL);
        self.server.wait().unwrap();
        self.start_again().await;
    }

    /// Ends every connection of a client.
    pub(crate) fn terminate_all(&self) {
        self.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where pid <> pg_backend_pid() and backend_type = 'client backend'",
        );
    }

    /// Runs a statement; its rows, without headings.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--command",
        ])
        .arg(statement)
        .arg(self.url());
        let ran = psql.output().unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.server), signal).unwrap();
    }

    /// Waits until it answers. A start is refused while processes of a killed predecessor live: it is tried again.
    async fn up(&mut self) {
        let (programs, owner, port) = (self.programs.clone(), self.owner, self.port);
        let folder = self.folder.path().to_path_buf();
        let server = std::sync::Mutex::new(&mut self.server);
        until("PostgreSQL answers", || {
            {
                let mut server = server.lock().unwrap();
                if server.try_wait().unwrap().is_some() {
                    **server = serve(&programs, owner, &folder, port);
                }
            }
            let ready = Command::new(programs.join("pg_isready"))
                .args(["--quiet", "--host=127.0.0.1", &format!("--port={port}")])
                .status()
                .unwrap();
            async move { ready.success().then_some(()) }
        })
        .await;
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        kill_process(Pid::from_child(&self.server), Signal::INT).ok();
        self.server.wait().ok();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(20).collect();
            println!(
                "the last of PostgreSQL's log, backwards:\n{}",
                last.join("\n")
            );
        }
    }
}

fn serve(programs: &Path, owner: Option<(u32, u32)>, folder: &Path, port: u16) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    let mut command = Command::new(programs.join("postgres"));
    command
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-k"]);
    command
        .arg(folder)
        .args(["-c", "listen_addresses=127.0.0.1"])
        // What a killed process has handed to the system is kept; only a power cut would need the disk.
        .args(["-c", "fsync=off"]);
    as_owner(&mut command, owner, folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// The folder of the server's programs; Debian keeps them off the PATH.
fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = versions
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path));
    let folder = all
        .map(|folder| folder.join("postgres"))
        .find_map(|file| file.canonicalize().ok());
    let folder =
        folder.expect("no PostgreSQL: run these tests with `cargo xtask test`, which installs it");
    folder.parent().unwrap().to_path_buf()
}

/// Who runs the server: PostgreSQL refuses to run as root.
fn owner() -> Option<(u32, u32)> {
    rustix::process::getuid()
        .is_root()
        .then(|| (id("-u"), id("-g")))
}

fn id(flag: &str) -> u32 {
    let output = Command::new("id")
        .args([flag, "postgres"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

fn as_owner<'a>(
    command: &'a mut Command,
    owner: Option<(u32, u32)>,
    folder: &Path,
) -> &'a mut Command {
    command.current_dir(folder);
    match owner {
        Some((user, group)) => command.uid(user).gid(group),
        None => command,
    }
}
