//! `cluster.json`: what a cluster consists of, where it is reached, and the secrets of its first business.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The name of the file in the cluster's folder.
pub const FILE: &str = "cluster.json";

/// What the file holds. Addresses and secrets stay the same as long as the folder does.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Book {
    /// The API and the dashboard, by TLS, all replicas.
    pub nginx_url: String,
    /// Where nginx passes on to the calls, for the simulated telephone network.
    #[serde(default)]
    pub calls_url: String,
    /// The certificate that nginx shows; nobody else vouches for it.
    pub certificate: PathBuf,
    /// The simulated network's control API.
    pub sim_url: String,
    /// Redis.
    pub redis_url: String,
    /// Postgres, for its superuser.
    pub postgres_url: String,
    /// The first owner, who is an operator too.
    pub email: String,
    /// How the owner signs in.
    pub password: String,
    /// A key of the first business with every scope, and a limit that no load reaches.
    pub api_key: String,
    /// The first business.
    pub business_id: String,
    /// The program that all roles are.
    pub program: PathBuf,
    /// Settings of every process, beyond those that an installation always has.
    pub settings: BTreeMap<String, String>,
    /// Settings of single processes, by name, which come last: an address with something in between, say.
    pub own_settings: BTreeMap<String, BTreeMap<String, String>>,
    /// Every process, in the order of the start.
    pub processes: Vec<Entry>,
}

/// One process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// What it is called: the role, and a number where there can be several.
    pub name: String,
    /// Its role, as the list of processes names it.
    pub role: String,
    /// Which of its role it is, from 1.
    pub number: u16,
    /// The process that it was last.
    pub pid: u32,
    /// When the kernel says that process began, which tells it from a later one of the same number.
    pub began: u64,
    /// Where all its output goes.
    pub log: PathBuf,
    /// Its address for clients, of those that have one.
    pub url: Option<String>,
    /// Its metrics and health, of the roles of the program.
    pub internal_url: Option<String>,
}

impl Book {
    /// The book of a folder; none where no cluster was started.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file)?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is no book of a cluster", file.display()))
    }

    /// Writes it, whole or not at all, for its owner alone.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let new = folder.join("cluster.json.new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        fs::rename(new, folder.join(FILE))?;
        Ok(())
    }

    /// The process of that name.
    pub fn entry(&self, name: &str) -> Result<&Entry> {
        let found = self.processes.iter().find(|it| it.name == name);
        found.with_context(|| {
            let names: Vec<&str> = self.processes.iter().map(|it| it.name.as_str()).collect();
            format!("no process {name}: there are {}", names.join(", "))
        })
    }

    /// The processes of a role, in the order of their numbers.
    pub fn of<'a>(&'a self, role: &str) -> impl Iterator<Item = &'a Entry> {
        let role = role.to_owned();
        self.processes.iter().filter(move |it| it.role == role)
    }
}
