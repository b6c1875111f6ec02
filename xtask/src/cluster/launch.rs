//! Starting what a cluster lacks: the servers first, then the schema, the roles, nginx, and the first business.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::http::Http;
use crate::postgres::{SUPERUSER, Site};
use crate::product::command;
use crate::redis;

use super::book::Entry;
use super::process::{self, Life, life, wait_for};
use super::topology::Service;
use super::{Cluster, account, gateway, secrets};

/// A cold start of everything on a busy machine.
const READY: Duration = Duration::from_mins(2);

/// Between two tries to start a server that ends at once.
const AGAIN: Duration = Duration::from_millis(250);

/// One question whether something is ready.
const ASK: Duration = Duration::from_secs(2);

/// Ports are taken from here on, below those that the system gives to outgoing connections (Linux: from 32768).
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How many of them this process has looked at.
static GIVEN: AtomicU32 = AtomicU32::new(0);

/// The files of the secrets that the processes read, and the settings that name them.
const SECRETS: [(&str, &str); 3] = [
    ("SWITCHYARD_MASTER_KEY_FILE", "master.key"),
    ("SWITCHYARD_INTERNAL_KEY_FILE", "internal.key"),
    ("SWITCHYARD_SETUP_TOKEN_FILE", "setup.token"),
];

/// The account that the simulated telephone network has from its start; it is no secret.
pub(crate) const CARRIER: [(&str, &str); 2] = [
    ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
    ("TWILIO_AUTH_TOKEN", "12345678901234567890123456789012"),
];

/// The servers that the roles need, and nginx, by their names.
pub(super) const SERVERS: [&str; 3] = ["postgres", "redis", "sim"];
pub(super) const NGINX: &str = "nginx";

impl Cluster {
    /// Starts what does not run, and waits until all of it is ready. A second time it brings back what was killed.
    pub fn start(&mut self) -> Result<()> {
        if self.book.nginx_url.is_empty() {
            // The roles are told the address under which people reach them.
            self.book.nginx_url = format!("https://127.0.0.1:{}", self.free_port()?);
            self.book.calls_url = format!("http://127.0.0.1:{}", self.free_port()?);
            self.book.certificate = secrets::certificate(&self.folder)?.0;
        }
        for name in SERVERS {
            self.run(name, name, 1)?;
        }
        for name in SERVERS {
            self.wait(name)?;
        }
        self.migrate()?;
        if self.book.processes.len() == SERVERS.len() {
            for service in self.topology.processes.clone() {
                for number in 1..=service.cluster {
                    self.run(&format!("{}-{number}", service.name), &service.name, number)?;
                }
            }
            self.balance()?;
        }
        let names: Vec<String> = self
            .book
            .processes
            .iter()
            .map(|it| it.name.clone())
            .collect();
        for name in &names {
            self.again(name)?;
        }
        for name in &names {
            self.wait(name)?;
        }
        if self.book.api_key.is_empty() {
            self.introduce()?;
        }
        Ok(())
    }

    /// Starts the process of that name unless it runs, with what it was started with before.
    pub fn again(&mut self, name: &str) -> Result<()> {
        let entry = self.book.entry(name)?.clone();
        self.run(name, &entry.role, entry.number)
    }

    /// Waits until the process of that name says that it is ready. A server of Postgres is started again while it finds
    /// what is left of one that was killed, as whatever supervises it would.
    pub fn wait(&mut self, name: &str) -> Result<()> {
        let deadline = Instant::now() + READY;
        loop {
            let entry = self.book.entry(name)?.clone();
            let ready = wait_for(&entry, READY, || self.is_ready(&entry).unwrap_or(false));
            let may_try = entry.role == "postgres" && life(&entry) == Life::Dead;
            if ready.is_ok() || !may_try || Instant::now() > deadline {
                return ready;
            }
            thread::sleep(AGAIN);
            self.again(name)?;
        }
    }

    /// Gives the process of that name a setting of its own, from its next start on.
    pub fn set(&mut self, name: &str, setting: &str, value: &str) -> Result<()> {
        let own = self.book.own_settings.entry(name.to_owned()).or_default();
        own.insert(setting.to_owned(), value.to_owned());
        self.book.write(&self.folder)
    }

    /// Writes nginx's configuration anew and makes it read it.
    pub(super) fn balance(&mut self) -> Result<()> {
        let port = port(&self.book.nginx_url).context("nginx has no port")?;
        gateway::configure(&self.folder, port, &self.book)?;
        let running = self.book.entry(NGINX).cloned();
        match running {
            Ok(entry) if life(&entry) == Life::Runs => {
                process::signal(&entry, rustix::process::Signal::HUP)
            }
            _ => self.launch(NGINX, NGINX, 1, port),
        }
    }

    /// Starts it unless it runs, at the ports that it had.
    pub(super) fn run(&mut self, name: &str, role: &str, number: u16) -> Result<()> {
        let port = match self.book.entry(name) {
            Ok(entry) if life(entry) != Life::Dead => return Ok(()),
            Ok(entry) => port_of(entry)?,
            Err(_) => self.free_port()?,
        };
        self.launch(name, role, number, port)
    }

    fn launch(&mut self, name: &str, role: &str, number: u16, port: u16) -> Result<()> {
        let logs = self.folder.join("logs");
        fs::create_dir_all(&logs)?;
        let log = logs.join(format!("{name}.log"));
        let mut url = Some(format!("http://127.0.0.1:{port}"));
        let mut internal_url = None;
        let command = match role {
            "postgres" => {
                let site = Site::at(self.folder.join("postgres"), port)?;
                self.book.postgres_url = site.url_of(SUPERUSER);
                url = Some(self.book.postgres_url.clone());
                site.command()
            }
            "redis" => {
                self.book.redis_url = format!("redis://127.0.0.1:{port}");
                url = Some(self.book.redis_url.clone());
                redis::server(&self.folder.join("redis"), port)?
            }
            "sim" => {
                self.book.sim_url = format!("http://127.0.0.1:{port}");
                self.network(port)
            }
            NGINX => {
                url = Some(self.book.nginx_url.clone());
                gateway::command(&self.folder)?
            }
            _ => {
                let service = self.topology.service(role)?.clone();
                let public = url.take().filter(|_| matches!(role, "api" | "calls"));
                // The internal address is the entry's own port; the public one is another.
                let public = match (public, self.book.entry(name)) {
                    (None, _) => None,
                    (Some(_), Ok(entry)) => entry.url.clone(),
                    (Some(_), Err(_)) => {
                        Some(format!("http://127.0.0.1:{}", self.free_port_beside(port)?))
                    }
                };
                internal_url = Some(format!("http://127.0.0.1:{port}"));
                let command = self.role(&service, name, number, port, public.as_deref())?;
                url = public;
                command
            }
        };
        let (pid, began) = process::start(command, &log)?;
        let entry = Entry {
            name: name.to_owned(),
            role: role.to_owned(),
            number,
            pid,
            began,
            log,
            url,
            internal_url,
        };
        match self.book.processes.iter_mut().find(|it| it.name == name) {
            Some(place) => *place = entry,
            None => self.book.processes.push(entry),
        }
        self.book.write(&self.folder)
    }

    fn network(&self, port: u16) -> Command {
        let mut sim = command(&self.book.program);
        sim.args([
            "sim",
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--data-dir",
        ])
        .arg(self.folder.join("sim"));
        sim
    }

    /// A role of the program, as the list of processes starts it.
    fn role(
        &self,
        service: &Service,
        name: &str,
        number: u16,
        port: u16,
        public: Option<&str>,
    ) -> Result<Command> {
        let mut role = command(&self.book.program);
        role.args(service.words(number))
            .args(["--internal-listen", &format!("127.0.0.1:{port}")])
            .current_dir(&self.folder);
        if let Some(public) = public {
            role.args(["--listen", public.trim_start_matches("http://")]);
        }
        self.configure(&mut role, &service.login)?;
        if service.name == "calls" {
            role.env("PUBLIC_BASE_URL", &self.book.calls_url);
        }
        if let Some(own) = self.book.own_settings.get(name) {
            role.envs(own);
        }
        Ok(role)
    }

    /// The settings that every process gets.
    fn configure(&self, command: &mut Command, login: &str) -> Result<()> {
        let whatsapp = self.book.sim_url.replace("http://", "ws://") + "/ws/chat";
        let shards = self.topology.service("shard")?.cluster;
        command
            .envs(&self.topology.settings)
            .env("DATABASE_URL", self.database()?.url_of(login))
            .env("REDIS_URL", &self.book.redis_url)
            .env("SWITCHYARD_WHATSAPP_URL", whatsapp)
            .env("SWITCHYARD_DATA_DIR", self.folder.join("data"))
            .env("SWITCHYARD_TRUSTED_PROXIES", "127.0.0.1")
            .env("PUBLIC_BASE_URL", &self.book.nginx_url)
            .env("SWITCHYARD_TWILIO_URL", &self.book.sim_url)
            .envs(CARRIER)
            .env("SHARDS_TOTAL", shards.to_string());
        for (setting, name) in SECRETS {
            command.env(setting, secrets::file(&self.folder, name)?);
        }
        command.envs(&self.book.settings);
        Ok(())
    }

    /// The server of the database.
    pub(super) fn database(&self) -> Result<Site> {
        let port = port_of(self.book.entry("postgres")?)?;
        Site::at(self.folder.join("postgres"), port)
    }

    /// Brings the database to the program's schema.
    pub fn migrate(&self) -> Result<()> {
        let path = self.folder.join("logs/migrate.log");
        let log = File::options().create(true).append(true).open(&path)?;
        let mut migrate = command(&self.book.program);
        migrate.arg("migrate").current_dir(&self.folder);
        self.configure(&mut migrate, SUPERUSER)?;
        let status = migrate.stdout(log.try_clone()?).stderr(log).status()?;
        ensure!(
            status.success(),
            "switchyard migrate: {status}:\n{}",
            fs::read_to_string(path)?
        );
        Ok(())
    }

    /// The first business, through a replica.
    fn introduce(&mut self) -> Result<()> {
        "owner@example.com".clone_into(&mut self.book.email);
        self.book.password = secrets::text(&self.folder, "owner.password")?;
        let token = secrets::text(&self.folder, "setup.token")?;
        let api = self.book.of("api").next().context("no API")?;
        let url = api.url.clone().context("an API without an address")?;
        let database = self.database()?;
        account::set_up(&mut self.book, &url, &token, &database)?;
        self.book.write(&self.folder)
    }

    fn is_ready(&self, entry: &Entry) -> Result<bool> {
        if let Some(url) = &entry.internal_url {
            let (status, _) = Http::patient(url, None, ASK).answer("/health/ready")?;
            return Ok(status == 200);
        }
        match entry.role.as_str() {
            "postgres" => self.database()?.is_up(),
            "sim" => {
                let url = entry.url.as_deref().unwrap_or_default();
                Ok(Http::patient(url, None, ASK).answer("/network/root")?.0 == 200)
            }
            _ => Ok(TcpStream::connect(("127.0.0.1", port_of(entry)?)).is_ok()),
        }
    }

    /// A port that nothing listens at and that the book names nowhere.
    fn free_port(&self) -> Result<u16> {
        self.free_port_beside(0)
    }

    fn free_port_beside(&self, other: u16) -> Result<u16> {
        let mut named: Vec<u16> = vec![other];
        named.extend(port(&self.book.nginx_url));
        named.extend(port(&self.book.calls_url));
        for entry in &self.book.processes {
            let urls = [&entry.url, &entry.internal_url];
            named.extend(urls.into_iter().flatten().filter_map(|url| port(url)));
        }
        // Clusters that start side by side begin to look at different places.
        let length = u32::from(PORTS.end - PORTS.start);
        let start = std::process::id().wrapping_mul(37) % length;
        for _ in 0..length {
            // Nobody in this process is given the same one twice, while what was given is not listened at yet.
            let step = GIVEN.fetch_add(1, Ordering::Relaxed) % length;
            let offset = u16::try_from((start + step) % length)?;
            let port = PORTS.start.saturating_add(offset);
            if !named.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return Ok(port);
            }
        }
        bail!("no free port in {PORTS:?}")
    }
}

/// Where a process listens; of a role of the program, its internal port.
fn port_of(entry: &Entry) -> Result<u16> {
    let url = entry.internal_url.as_ref().or(entry.url.as_ref());
    url.and_then(|url| port(url))
        .with_context(|| format!("{} has no port", entry.name))
}

/// The port of an address.
pub(super) fn port(url: &str) -> Option<u16> {
    let (_, rest) = url.split_once("://")?;
    let place = rest.split('/').next()?;
    place.rsplit_once(':')?.1.parse().ok()
}
