//! What a run consists of: the network, the product, Baileys, and who is who on the network.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::product::Product;
use crate::step::say;

use super::baileys::{self, Baileys};
use super::chats::Chat;
use super::http::Http;
use super::network::Network;
use super::usage::Meter;

/// How many threads load the product or the network.
pub(super) const THREADS: usize = 32;

/// How many sessions send and receive, and with how many customers each.
pub(super) const TALKING: usize = 50;
pub(super) const CUSTOMERS: usize = 20;

/// How many sessions the one process takes: more than are ever linked, where a shard takes 1,000 unless it is told to.
const ROOM: &str = "2500";

/// Nothing that is counted stands still for longer while it works.
const STALLED: Duration = Duration::from_mins(1);

const LOOK: Duration = Duration::from_millis(100);
const TELL: Duration = Duration::from_secs(2);

/// A session of the product.
pub(super) struct Shop {
    pub(super) id: String,
    pub(super) phone: String,
}

/// Everything that runs.
pub(super) struct Stage {
    /// Dropped first: it ends while its network still answers.
    pub(super) product: Product,
    pub(super) baileys: Option<Baileys>,
    pub(super) network: Network,
    pub(super) api: Http,
    metrics: Http,
    /// Up to how many sessions are linked where sessions are measured.
    pub(super) sizes: &'static [usize],
    pub(super) shops: Vec<Shop>,
    /// Of Baileys.
    pub(super) strangers: Vec<String>,
    /// The clients of Baileys have written to their customers.
    pub(super) strangers_talk: bool,
    pub(super) chats: Vec<Chat>,
}

impl Stage {
    /// Starts all processes.
    pub(super) fn set(program: &Path, folder: &Path, full: bool, alone: bool) -> Result<Self> {
        let network = Network::start(program, folder)?;
        let flags = ["--sim", network.url(), "--shard-capacity", ROOM];
        let product = Product::start(program, folder, &flags)?;
        let field = |name| {
            product
                .field(name)
                .with_context(|| format!("demo.json has no {name}"))
        };
        let api = Http::new(&field("api_url")?, Some(&field("api_key")?));
        let metrics = Http::new(&field("internal_url")?, None);
        let baileys = if alone {
            None
        } else {
            baileys::install()?;
            Some(Baileys::start(&network)?)
        };
        Ok(Self {
            product,
            baileys,
            network,
            api,
            metrics,
            sizes: if full {
                &[10, 50, 200, 1_000, 2_000]
            } else {
                &[10, 50, 200]
            },
            shops: Vec::new(),
            strangers: Vec::new(),
            strangers_talk: false,
            chats: Vec::new(),
        })
    }

    /// Counts the processor time of the product and of the network.
    pub(super) fn meter(&self) -> Result<Meter> {
        Meter::start(self.product.pid(), self.network.pid())
    }

    /// A counter of the product, with its labels as `/metrics` writes them.
    pub(super) fn counter(&self, name: &str) -> Result<f64> {
        let text = self.metrics.text("/metrics")?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|value| value.trim().parse().ok());
        // A counter with labels is there once it has counted something.
        Ok(value.unwrap_or_default())
    }

    /// Waits until a counter of the product has grown by so much since it was `before`.
    pub(super) fn wait_for(&self, counter: &str, before: f64, grown: f64) -> Result<()> {
        let (mut best, mut since, mut told) = (0.0, Instant::now(), Instant::now());
        loop {
            let now = self.counter(counter)? - before;
            if now >= grown {
                return Ok(());
            }
            if now > best {
                (best, since) = (now, Instant::now());
            }
            if since.elapsed() > STALLED {
                bail!("{counter} stands still at {now} of {grown}");
            }
            if told.elapsed() > TELL {
                told = Instant::now();
                say(&format!("  {now} of {grown}"));
            }
            thread::sleep(LOOK);
        }
    }
}

/// The number of a phone of ours, of Baileys, or of a customer.
pub(super) fn shop(number: usize) -> String {
    format!("1555{number:07}")
}

/// See [`shop`].
pub(super) fn stranger(number: usize) -> String {
    format!("1777{number:07}")
}

/// A customer of a session of ours.
pub(super) fn customer(session: usize, number: usize) -> String {
    format!("1666{session:04}{number:03}")
}

/// A customer of a client of Baileys.
pub(super) fn their_customer(session: usize, number: usize) -> String {
    format!("1888{session:04}{number:03}")
}
