//! The roles as an installation has them: `api`, `shard` and `worker` as processes of their own on PostgreSQL and Redis,
//! beside the simulated network.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::postgres::Cluster;
use crate::product::command;
use crate::redis::Redis;
use crate::step::say;

use super::chats::{Chat, begin};
use super::http::{Http, text};
use super::many::side_by_side;
use super::network::Network;
use super::seed::{self, Seeded};
use super::sessions::link_one;
use super::stage::shop;

/// The roles, in the order of their start, and whom each logs in to the database as.
const ROLES: [(&str, &[&str], &str); 3] = [
    ("api", &["api", "--listen", "127.0.0.1:0"], "sy_api"),
    ("shard", &["shard", "--number", "1"], "sy_platform"),
    (
        "worker",
        &["worker", "--queues", "high,default,low"],
        "sy_platform",
    ),
];

/// What the processes are given beside addresses: of this run alone, on loopback, gone with it.
const SECRETS: [(&str, &str); 3] = [
    (
        "SWITCHYARD_MASTER_KEY",
        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    ),
    ("SWITCHYARD_INTERNAL_KEY", "of the benchmark's processes"),
    ("SWITCHYARD_SETUP_TOKEN", SETUP_TOKEN),
];
const SETUP_TOKEN: &str = "of the benchmark's first owner";

/// The numbers that send, and how many customers each has written to.
const SESSIONS: usize = 5;
const CUSTOMERS: usize = 40;

const START_DEADLINE: Duration = Duration::from_secs(30);
const SENT_DEADLINE: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(100);

/// As the worker counts them.
const DRAINS: &str = r#"switchyard_jobs_ended_total{end="done",kind="drain_chat",queue="high"}"#;

/// Everything that runs. Each part ends before those that it needs.
pub(super) struct Roles {
    processes: Vec<Role>,
    /// The API with the key of the business that sends.
    pub(super) api: Http,
    /// Open chats of linked sessions of that business.
    pub(super) chats: Vec<Chat>,
    /// What is stored beside, once it is.
    pub(super) seeded: Option<Seeded>,
    pub(super) network: Network,
    _redis: Redis,
    pub(super) postgres: Cluster,
    /// For what a part starts beside.
    pub(super) folder: PathBuf,
    /// Without those that we did not write.
    pub(super) alone: bool,
}

/// One process; ends when it is told, not with this value.
pub(super) struct Role {
    child: Child,
    log: PathBuf,
}

impl Roles {
    /// Starts all processes, makes a business with a key, links its sessions and opens their chats.
    pub(super) fn start(program: &Path, folder: PathBuf, alone: bool) -> Result<Self> {
        let postgres = Cluster::start(&folder)?;
        let redis = Redis::start(&folder.join("redis"))?;
        let network = Network::start(program, &folder)?;
        let whatsapp = network.url().replace("http://", "ws://") + "/ws/chat";
        let mut settings = [
            ("DATABASE_URL", postgres.url()),
            ("REDIS_URL", redis.url()),
            ("SWITCHYARD_WHATSAPP_URL", whatsapp),
        ];
        let migrated = configured(program, &["migrate"], &settings)
            .current_dir(&folder)
            .status()?;
        ensure!(
            migrated.success(),
            "`switchyard migrate` failed: {migrated}"
        );
        let mut processes = Vec::with_capacity(ROLES.len());
        for (name, arguments, login) in ROLES {
            settings[0].1 = postgres.url_of(login);
            processes.push(Role::start(program, name, arguments, &settings, &folder)?);
        }
        let url = processes.first().context("the API")?.address("api")?;
        let api = set_up(&postgres, &url)?;
        let mut roles = Self {
            processes,
            api,
            chats: Vec::new(),
            seeded: None,
            network,
            _redis: redis,
            postgres,
            folder,
            alone,
        };
        roles.open_chats()?;
        Ok(roles)
    }

    /// The process of the API.
    pub(super) fn api_pid(&self) -> Result<u32> {
        Ok(self.processes.first().context("the API")?.pid())
    }

    /// Stores the messages of several businesses, unless they are there.
    pub(super) fn seed(&mut self) -> Result<()> {
        if self.seeded.is_none() {
            self.seeded = Some(seed::store(&self.postgres, &self.api)?);
        }
        Ok(())
    }

    /// Waits until nothing that was accepted waits to be sent or acknowledged.
    pub(super) fn sent(&self) -> Result<()> {
        let waiting = "select count(*) from messages where status in ('queued', 'sending')";
        let deadline = Instant::now() + SENT_DEADLINE;
        loop {
            let now = self.postgres.sql(waiting)?;
            if now == "0" {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "after {SENT_DEADLINE:?} still {now} messages wait to be sent"
            );
            thread::sleep(LOOK);
        }
    }

    /// How many drains the worker has carried out; asked of the worker, since to count rows is work for the database.
    pub(super) fn drains(&self) -> Result<f64> {
        let worker = self.processes.last().context("the worker")?;
        let metrics = Http::new(&worker.address("internal")?, None).text("/metrics")?;
        let line = metrics.lines().find_map(|line| line.strip_prefix(DRAINS));
        // A counter with labels is there once it has counted something.
        Ok(line
            .and_then(|it| it.trim().parse().ok())
            .unwrap_or_default())
    }

    /// Waits until the worker has carried out so many.
    pub(super) fn drained(&self, until: f64, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let now = self.drains()?;
            if now >= until {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "after {patience:?} the worker has carried out {now} drains, not {until}"
            );
            thread::sleep(LOOK);
        }
    }

    fn open_chats(&mut self) -> Result<()> {
        let start = Instant::now();
        let phones: Vec<String> = (0..SESSIONS).map(shop).collect();
        self.network.make_phones(&phones)?;
        let shops = side_by_side(SESSIONS, &phones, |phone| {
            link_one(&self.api, &self.network, phone)
        })?;
        self.chats = begin(&self.api, &self.network, &shops, CUSTOMERS)?;
        self.sent()?;
        say(&format!(
            "  the roles: {SESSIONS} sessions linked, {} chats opened in {:.1} s",
            self.chats.len(),
            start.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}

impl Drop for Roles {
    fn drop(&mut self) {
        // Together: a shard that ends while its API still sends has nobody to send by.
        for role in &self.processes {
            let pid = role.child.id().to_string();
            Command::new("kill").args(["-TERM", &pid]).status().ok();
        }
        for role in &mut self.processes {
            role.child.wait().ok();
        }
    }
}

impl Role {
    /// Starts a process and waits until it says that it is ready.
    pub(super) fn start(
        program: &Path,
        name: &str,
        arguments: &[&str],
        settings: &[(&str, String)],
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log)?;
        let child = configured(program, arguments, settings)
            .args(["--internal-listen", "127.0.0.1:0"])
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut role = Self { child, log };
        let ready = role.wait_until_ready();
        if ready.is_err() {
            role.child.kill().ok();
            role.child.wait().ok();
        }
        ready.map(|()| role)
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to end and waits until it has.
    pub(super) fn end(&mut self) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().ok();
        self.child.wait().ok();
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            if let Ok(url) = self.address("internal")
                && Http::new(&url, None).get("/health/ready").is_ok()
            {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                let said = fs::read_to_string(&self.log)?;
                bail!("a role did not start:\n{said}");
            }
            thread::sleep(LOOK);
        }
    }

    /// The address behind a word of what it said when it was ready.
    pub(super) fn address(&self, word: &str) -> Result<String> {
        let said = fs::read_to_string(&self.log)?;
        let address = said.lines().find_map(|line| {
            let rest = line.trim().strip_prefix(word)?.trim();
            rest.starts_with("http://").then(|| rest.to_owned())
        });
        address.with_context(|| format!("a role that names no address of `{word}`"))
    }
}

/// A command of the program with these settings and no other.
pub(super) fn configured(
    program: &Path,
    arguments: &[&str],
    settings: &[(&str, String)],
) -> Command {
    let mut command = command(program);
    command
        .args(arguments)
        .envs(SECRETS)
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    command
}

/// The first business and a key of it, made by the API; the limits of the key are columns, which a load outruns.
pub(super) fn set_up(postgres: &Cluster, url: &str) -> Result<Http> {
    let api = Http::new(url, None);
    let owner = api.post(
        "/v1/auth/setup",
        &json!({
            "token": SETUP_TOKEN, "business_name": "Corner Café", "name": "Noa",
            "email": "owner@example.com", "password": "a long password of the benchmark",
        }),
    )?;
    let owner = api.with_key(text(&owner, "access_token")?);
    let scopes = [
        "calls:read",
        "calls:write",
        "messages:read",
        "messages:write",
        "sessions:read",
        "sessions:write",
        "events:read",
    ];
    let key = owner.post(
        "/v1/api-keys",
        &json!({ "name": "benchmark", "scopes": scopes }),
    )?;
    postgres.sql("update api_keys set per_second = 100000, burst = 100000")?;
    Ok(api.with_key(text(&key, "secret")?))
}
