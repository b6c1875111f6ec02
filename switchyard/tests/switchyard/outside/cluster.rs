//! An installation of several processes on one Postgres: an API, a shard and a worker beside a simulated network.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::json;
use store::accounts::{self, NewApiKey};
use store::audit::Actor;
use store::businesses::{self, NewTenant};
use store::quota::Limits;
use store::{Store, StoreOptions};
use switchyard_core::fail::FailPoints;
use switchyard_core::permission::Scope;
use switchyard_core::{BusinessId, Timestamp};
use tempfile::TempDir;

use super::api::Api;
use super::network::Network;
use super::postgres::Postgres;
use super::process::{Ended, Process, program, run};
use super::{LONG, within};

/// A short lease, so that a test need not wait long for the end of one.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

const MASTER_KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const INTERNAL_KEY: &str = "of the tests, for calls between processes";
const SETUP_TOKEN: &str = "of the tests, for the first owner";

/// The roles of an installation, and how each is started.
pub(crate) const ROLES: [(&str, &[&str]); 3] = [
    ("api", &["api", "--listen", "127.0.0.1:0"]),
    ("shard", &["shard", "--number", "1"]),
    ("worker", &["worker", "--queues", "all"]),
];

/// Whom the processes of an installation log in to its database as: their `DATABASE_URL`s.
pub(crate) struct Logins {
    /// For `migrate` and every other command.
    pub(crate) command: String,
    /// For the roles, in the order of [`ROLES`].
    pub(crate) roles: [String; 3],
}

/// One process of an installation.
pub(crate) struct Role {
    /// Its process.
    pub(crate) process: Process,
    /// What it said of itself when it was ready.
    said: String,
}

impl Role {
    /// The address behind a word of what it said.
    fn address(&self, word: &str) -> String {
        let mut words = self.said.split_whitespace();
        words.find(|it| *it == word);
        words.next().unwrap().to_owned()
    }

    /// The public API of the role `api`, with that credential.
    pub(crate) fn public(&self, credential: String) -> Api {
        Api::new(self.address("api"), credential)
    }

    /// Its internal port.
    pub(crate) fn internal(&self) -> Api {
        Api::new(self.address("internal"), String::new())
    }
}

/// An installation that runs.
pub(crate) struct Cluster {
    /// Its database.
    pub(crate) postgres: Postgres,
    /// The network that its shard dials.
    pub(crate) network: Network,
    /// Its processes, in the order of [`ROLES`].
    pub(crate) roles: Vec<Role>,
    /// The API with a key of the one business.
    pub(crate) api: Api,
    key: String,
    /// The access token of the owner, who operates the platform: good for ten minutes.
    operator: Mutex<String>,
    _network_process: Process,
    settings: Vec<(&'static str, String)>,
    /// The `DATABASE_URL` of each role.
    urls: [String; 3],
    starts: Mutex<u32>,
    folder: TempDir,
}

/// How the owner signs in.
const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "a long password of the tests";

impl Cluster {
    /// Everything up, with an owner and a key; `extra` settings go to every process.
    pub(crate) async fn start(extra: &[(&'static str, String)]) -> Self {
        let postgres = Postgres::start().await;
        let url = postgres.url();
        let logins = Logins {
            command: url.clone(),
            roles: [(); 3].map(|()| url.clone()),
        };
        Box::pin(Self::on(postgres, logins, extra)).await
    }

    /// The same on that server, with those logins.
    pub(crate) async fn on(
        postgres: Postgres,
        logins: Logins,
        extra: &[(&'static str, String)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (process, network) = Network::start(folder.path(), &[]).await;
        let whatsapp = network.url().replace("http://", "ws://") + "/ws/chat";
        let mut settings = settings(&logins.command);
        settings.push(("SWITCHYARD_WHATSAPP_URL", whatsapp));
        settings.extend(extra.iter().cloned());
        let mut cluster = Self {
            postgres,
            network,
            roles: Vec::new(),
            api: Api::new(String::new(), String::new()),
            key: String::new(),
            operator: Mutex::default(),
            _network_process: process,
            settings,
            urls: logins.roles,
            starts: Mutex::new(0),
            folder,
        };
        let migrated = cluster.run(&["migrate"]);
        assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
        for (index, _) in ROLES.iter().enumerate() {
            let process = cluster.spawn(index);
            let role = cluster.ready(process).await;
            cluster.roles.push(role);
        }
        cluster.set_up().await;
        cluster
    }

    /// A command of the program with the installation's settings, to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = program(arguments);
        command
            .envs(self.settings.iter().cloned())
            .current_dir(self.folder.path());
        run(command)
    }

    /// Starts a role anew, in place of the process that it had, and waits until it is ready.
    pub(crate) async fn again(&mut self, index: usize) {
        let process = self.spawn(index);
        let role = self.ready(process).await;
        self.roles[index] = role;
        self.api = Api::new(self.roles[0].address("api"), self.key.clone());
    }

    /// Starts a role anew beside the process that it had, which is answered, and waits until the new one is ready.
    pub(crate) async fn beside(&mut self, index: usize) -> Role {
        let process = self.spawn(index);
        let role = self.ready(process).await;
        std::mem::replace(&mut self.roles[index], role)
    }

    /// Starts one more process of the installation, with settings of its own, and waits until it is ready.
    pub(crate) async fn one_more(
        &self,
        arguments: &[&str],
        own: &[(&'static str, String)],
    ) -> Role {
        let url = &self.urls[1];
        self.ready(self.spawn_as(arguments, url, own)).await
    }

    /// Makes another business; the API with a key of it.
    pub(crate) async fn another_business(&self, name: &str) -> Api {
        let url = self.postgres.url();
        let business = business(&url, name).await;
        self.signed_in(&api_key(&url, business).await)
    }

    /// The API for whoever operates the platform.
    pub(crate) fn operator(&self) -> Api {
        let token = self.operator.lock().unwrap().clone();
        self.signed_in(&token)
    }

    /// The operator signs in anew: what goes on for longer than a token does so now and then.
    pub(crate) async fn sign_in(&self) {
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        let answer = self.anonymous().post("/v1/auth/login", body).await;
        let token = answer["access_token"].as_str().unwrap();
        token.clone_into(&mut self.operator.lock().unwrap());
    }

    /// The API with no credential.
    pub(crate) fn anonymous(&self) -> Api {
        self.signed_in("")
    }

    /// The API with another credential than the key.
    pub(crate) fn signed_in(&self, token: &str) -> Api {
        Api::new(self.roles[0].address("api"), token.to_owned())
    }

    /// The API of a process that serves one, with the key of the one business.
    pub(crate) fn key_at(&self, role: &Role) -> Api {
        Api::new(role.address("api"), self.key.clone())
    }

    /// Asks every process to stop and waits until all have, each within the contract's ten seconds.
    pub(crate) fn stop(&mut self) {
        for role in &self.roles {
            role.process.signal(Signal::TERM);
        }
        for role in &mut self.roles {
            let ended = role.process.wait(Duration::from_secs(10));
            assert_eq!(ended.code(), Some(0));
        }
    }

    /// What the processes wrote on stderr.
    pub(crate) fn log(&self) -> String {
        let starts = *self.starts.lock().unwrap();
        let logs = (1..=starts).map(|start| fs::read_to_string(self.file(start, "stderr")));
        logs.map(Result::unwrap_or_default).collect()
    }

    fn file(&self, start: u32, kind: &str) -> PathBuf {
        self.folder.path().join(format!("{start}.{kind}"))
    }

    /// Starts a role and does not wait.
    fn spawn(&self, index: usize) -> (Process, u32) {
        self.spawn_as(ROLES[index].1, &self.urls[index], &[])
    }

    fn spawn_as(
        &self,
        arguments: &[&str],
        url: &str,
        own: &[(&'static str, String)],
    ) -> (Process, u32) {
        let start = {
            let mut starts = self.starts.lock().unwrap();
            *starts += 1;
            *starts
        };
        let mut command = program(arguments);
        command
            .args(["--internal-listen", "127.0.0.1:0"])
            .envs(self.settings.iter().cloned())
            .env("DATABASE_URL", url)
            .envs(own.iter().cloned());
        let process = Process::start(
            command,
            &self.file(start, "stdout"),
            &self.file(start, "stderr"),
        );
        (process, start)
    }

    async fn ready(&self, (process, start): (Process, u32)) -> Role {
        let process = Mutex::new(process);
        let said = within(LONG, "a role says that it runs", || {
            let said = fs::read_to_string(self.file(start, "stdout")).unwrap_or_default();
            let ended = process.lock().unwrap().ended();
            assert!(ended.is_none(), "a role ended: {ended:?}\n{}", self.log());
            async move { said.contains("internal  http").then_some(said) }
        })
        .await;
        let role = Role {
            process: process.into_inner().unwrap(),
            said,
        };
        let internal = role.internal();
        within(LONG, "readiness of a role", || async {
            (internal.status("/health/ready").await == Some(200)).then_some(())
        })
        .await;
        role
    }

    /// The first owner, by the API, and a key that no limit of the tests meets.
    async fn set_up(&mut self) {
        let url = self.roles[0].address("api");
        let body = json!({
            "token": SETUP_TOKEN, "business_name": "Corner Café", "name": "Noa",
            "email": EMAIL, "password": PASSWORD,
        });
        let anonymous = Api::new(url.clone(), String::new());
        let answer = anonymous
            .attempt(Method::POST, "/v1/auth/setup", Some(&body), None)
            .await;
        let (status, answer) = answer.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let token = answer["access_token"].as_str().unwrap();
        token.clone_into(self.operator.get_mut().unwrap());
        let business: BusinessId = answer["business"]["id"].as_str().unwrap().parse().unwrap();
        self.key = api_key(&self.postgres.url(), business).await;
        self.api = Api::new(url, self.key.clone());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            println!("logs are kept in {}", self.folder.path().display());
        }
    }
}

/// What every process of an installation on that database is given.
pub(crate) fn settings(database_url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", database_url.to_owned()),
        ("SWITCHYARD_MASTER_KEY", MASTER_KEY.to_owned()),
        ("SWITCHYARD_INTERNAL_KEY", INTERNAL_KEY.to_owned()),
        ("SWITCHYARD_SETUP_TOKEN", SETUP_TOKEN.to_owned()),
        ("SWITCHYARD_LEASE_MS", LEASE.as_millis().to_string()),
    ]
}

async fn open(database_url: &str) -> Store {
    let options = StoreOptions {
        fail: Arc::new(FailPoints::none()),
        registry: prometheus::Registry::new(),
        hints: false,
        answer: store::ANSWER,
    };
    let store = Store::connect_postgres(database_url, 2, options);
    store.await.unwrap()
}

async fn business(database_url: &str, name: &str) -> BusinessId {
    let store = open(database_url).await;
    let new = NewTenant {
        name: name.to_owned(),
        shard: None,
        limits: Limits::default(),
        owner_email: None,
        invitation_life: Duration::from_mins(1),
    };
    let made = businesses::create(&store, Timestamp::now(), Actor::system(), new).await;
    store.close().await;
    made.unwrap().0.id
}

async fn api_key(database_url: &str, business: BusinessId) -> String {
    use secrecy::ExposeSecret;
    let store = open(database_url).await;
    let new = NewApiKey {
        name: "tests".to_owned(),
        scopes: Scope::ALL.to_vec(),
        per_second: 100_000,
        burst: 100_000,
        expires_at: None,
        by: Actor::system(),
    };
    let created = accounts::create_api_key(&store, Timestamp::now(), business, new).await;
    store.close().await;
    created.unwrap().1.expose_secret().to_owned()
}
