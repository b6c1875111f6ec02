//! A PostgreSQL server on loopback: for tests and the benchmark a fresh one that goes with them, for a cluster one that
//! stays.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use anyhow::{Context, Result, bail};

use crate::install::{by_apt, find, group_id, is_root, user_id};
use crate::step::{Step, say};
use crate::workspace::as_a_developer;

/// Where the tests read the server's address. A server named there by the developer is used as it is.
pub(crate) const VARIABLE: &str = "SWITCHYARD_TEST_POSTGRES";

/// A cold server on a busy machine was up within 3 s.
const START_DEADLINE: Duration = Duration::from_mins(1);

/// A running server, ours or the developer's.
pub(crate) enum Postgres {
    /// Named by the environment.
    Given(String),
    /// Started here.
    Own(Cluster),
}

/// A server that this command started.
pub(crate) struct Cluster {
    site: Site,
    server: Child,
}

/// Where a server keeps its data and listens, whether it runs or not.
pub(crate) struct Site {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    owner: Option<Owner>,
}

/// The user who runs the server: PostgreSQL refuses to run as root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Postgres {
    /// The server that the environment names, else one of our own.
    pub(crate) fn start() -> Result<Self> {
        match env::var(VARIABLE) {
            Ok(url) => Ok(Self::Given(url)),
            Err(_) => Cluster::start(&env::temp_dir()).map(Self::Own),
        }
    }

    /// The address of its maintenance database, for a user who may create databases and roles.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Own(cluster) => cluster.url(),
        }
    }
}

/// Installs the server where it is missing, for tests that start one themselves.
pub(crate) fn ensure() -> Result<()> {
    programs().map(drop)
}

/// Runs a command of the developer's with a server for the tests in its environment.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let Some((program, arguments)) = words.split_first() else {
        bail!("cargo xtask postgres -- <command>: which command shall run beside the server?");
    };
    let server = Postgres::start()?;
    Step::new(program, program)
        .with(as_a_developer)
        .with(|command| command.args(arguments).env(VARIABLE, server.url()))
        .run()
}

impl Cluster {
    /// A new one, up, in a folder of its own under `under`.
    pub(crate) fn start(under: &Path) -> Result<Self> {
        let folder = under.join(format!("switchyard-postgres-{}", process::id()));
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let site = Site::at(folder, port)?;
        let log = fs::File::create(site.folder.join("log"))?;
        let server = site
            .command()
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut cluster = Self { site, server };
        cluster.wait_until_up()?;
        say(&format!("PostgreSQL: 127.0.0.1:{port}"));
        Ok(cluster)
    }

    /// The address of its only database, for its superuser.
    pub(crate) fn url(&self) -> String {
        self.site.url_of(SUPERUSER)
    }

    /// The same for a role of that name, which needs no password here.
    pub(crate) fn url_of(&self, role: &str) -> String {
        self.site.url_of(role)
    }

    /// Its first process, which starts one for each connection.
    pub(crate) fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Runs statements and answers the rows of the queries among them: a line each, columns divided by `|`.
    pub(crate) fn sql(&self, statements: &str) -> Result<String> {
        self.site.sql(statements)
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        while !self.site.is_up()? {
            if self.server.try_wait()?.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.site.folder.join("log")).unwrap_or_default();
                bail!("PostgreSQL did not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Site {
    /// That folder, made and filled unless it is there, with a server to listen at `port`.
    pub(crate) fn at(folder: PathBuf, port: u16) -> Result<Self> {
        let site = Self {
            programs: programs()?,
            owner: owner()?,
            folder,
            port,
        };
        let (folder, data) = (&site.folder, site.folder.join("data"));
        if data.join("PG_VERSION").exists() {
            return Ok(site);
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        if let Some(owner) = site.owner {
            chown(folder, Some(owner.user), Some(owner.group))?;
        }
        Step::new("PostgreSQL: a new cluster", site.programs.join("initdb"))
            .with(|command| {
                command.arg("--pgdata").arg(&data).args(INITDB);
                as_owner(command, site.owner, folder)
            })
            .output()?;
        Ok(site)
    }

    /// What starts the server.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.programs.join("postgres"));
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-p")
            .arg(self.port.to_string())
            .arg("-k")
            .arg(&self.folder)
            .args(SERVER);
        as_owner(&mut command, self.owner, &self.folder);
        command
    }

    /// Whether it takes connections now.
    pub(crate) fn is_up(&self) -> Result<bool> {
        let up = Command::new(self.programs.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status()?;
        Ok(up.success())
    }

    /// The address of its only database for a role, which needs no password here.
    pub(crate) fn url_of(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/postgres", self.port)
    }

    /// Runs statements as the superuser and answers the rows of the queries among them: a line each, columns divided
    /// by `|`.
    pub(crate) fn sql(&self, statements: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--file", "-"])
            .arg(self.url_of(SUPERUSER))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start psql")?;
        let mut input = psql.stdin.take().context("a pipe")?;
        input.write_all(statements.as_bytes())?;
        drop(input);
        let output = psql.wait_with_output()?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// A failure must not leave a server behind.
impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast stop: it ends connections, writes everything and goes.
        let mut kill = Command::new("kill");
        kill.args(["-INT", &self.server.id().to_string()]);
        let folder = &self.site.folder;
        let asked = as_owner(&mut kill, self.site.owner, folder).status();
        let stopped = asked.and_then(|_| self.server.wait());
        if let Err(error) = stopped.and_then(|_| fs::remove_dir_all(folder)) {
            say(&format!("PostgreSQL, in {}: {error}", folder.display()));
        }
    }
}

/// Who may do everything in a new server.
pub(crate) const SUPERUSER: &str = "postgres";

/// Local connections are trusted: the cluster lives in a private folder, on loopback, for minutes.
const INITDB: [&str; 8] = [
    "--username",
    SUPERUSER,
    "--auth",
    "trust",
    "--encoding",
    "UTF8",
    "--locale",
    "C.UTF-8",
];

/// `fsync` stays on: it is about what survives. Many test databases, each with a pool.
const SERVER: [&str; 4] = [
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "max_connections=300",
];

/// The folder of the server's programs, the newest version first. Debian keeps them off the PATH.
fn programs() -> Result<PathBuf> {
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    by_apt("PostgreSQL", &["postgresql"])?;
    installed().context("PostgreSQL was installed but its program `postgres` was not found")
}

fn installed() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    let folders: Vec<PathBuf> = versions.into_iter().map(|(_, folder)| folder).collect();
    // A link in the PATH leads to the folder where its neighbours are.
    find(&["postgres"], &folders)?
        .canonicalize()
        .ok()?
        .parent()
        .map(Path::to_path_buf)
}

fn owner() -> Result<Option<Owner>> {
    if !is_root() {
        return Ok(None);
    }
    let name = ["postgres"];
    let (user, group) = user_id(&name)
        .zip(group_id(&name))
        .context("PostgreSQL does not run as root and there is no user `postgres`; make one (useradd postgres)")?;
    Ok(Some(Owner { user, group }))
}

fn as_owner<'a>(command: &'a mut Command, owner: Option<Owner>, folder: &Path) -> &'a mut Command {
    command.current_dir(folder);
    match owner {
        Some(owner) => command.uid(owner.user).gid(owner.group),
        None => command,
    }
}
