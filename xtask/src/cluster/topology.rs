//! Which processes a production installation has: `deploy/topology.json`, read by the cluster, and held beside compose
//! and nginx by a test.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The list, as it was when this was built.
const TEXT: &str = include_str!("../../../deploy/topology.json");

/// The processes of an installation.
#[derive(Debug, Deserialize)]
pub struct Topology {
    /// How many connections its Postgres allows.
    pub database_connections: u32,
    /// Settings of every process.
    pub settings: BTreeMap<String, String>,
    /// The roles of the program, in the order of their start.
    pub processes: Vec<Service>,
}

/// One role of the program, and how often it runs.
#[derive(Debug, Clone, Deserialize)]
pub struct Service {
    /// What it is called everywhere.
    pub name: String,
    /// The words behind the program's name.
    pub command: Vec<String>,
    /// Each process is one of its own, with a number, instead of a replica.
    #[serde(default)]
    pub numbered: bool,
    /// Whom it logs in to Postgres as.
    pub login: String,
    /// How many a cluster has at first.
    pub cluster: u16,
    /// How many an installation has at first.
    pub production: u16,
    /// The profile of compose that it is part of; of a numbered one, those after the first.
    #[serde(default)]
    pub profile: Option<String>,
    /// The most processors that one may use.
    pub cpus: f64,
    /// The most memory that one may hold.
    pub memory_mib: u32,
    /// Whether a new one starts before the old one of an update stops.
    pub order: String,
}

impl Topology {
    /// Reads the list.
    pub fn read() -> Result<Self> {
        serde_json::from_str(TEXT).context("deploy/topology.json")
    }

    /// The role of that name.
    pub fn service(&self, name: &str) -> Result<&Service> {
        let names = || {
            let names: Vec<&str> = self.processes.iter().map(|it| it.name.as_str()).collect();
            format!("no role {name}: there are {}", names.join(", "))
        };
        self.processes
            .iter()
            .find(|it| it.name == name)
            .with_context(names)
    }
}

impl Service {
    /// The words with which the process of that number is started.
    pub fn words(&self, number: u16) -> Vec<String> {
        let mut words = self.command.clone();
        if self.numbered {
            words.extend(["--number".to_owned(), number.to_string()]);
        }
        words
    }
}
