//! A whole installation with one, two and three shards: messages a second both ways, what one costs each kind of process,
//! and the memory of the shards.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::cluster::Cluster;
use crate::step::say;

use super::clock::{Moment, count};
use super::http::Http;
use super::many::side_by_side;
use super::network::add_phones;
use super::report::{Figure, Report};
use super::sessions::link_phone;
use super::usage::{cpu, family_cpu, memory_kb};

/// Businesses of each size, each with one number, on the shards in turn.
const BUSINESSES: usize = 12;
/// Customers of each number.
const CUSTOMERS: usize = 10;
/// Messages to and from each customer.
const MESSAGES: usize = 10;
/// Threads that send, and as many that type.
const THREADS: usize = 16;

/// So long the work after a load may take.
const DONE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(200);

/// The roles whose processor time a message costs, and what they are called in the table.
const COSTS: [(&str, &str); 4] = [
    ("shard", "the shards"),
    ("worker", "the workers"),
    ("api", "the API"),
    ("postgres", "PostgreSQL"),
];

/// A number that is linked, and how its business is reached.
struct Shop {
    api: Http,
    phone: String,
    customers: Vec<String>,
}

/// What one size carried.
struct Seen {
    per_second: f64,
    /// Milliseconds of processor time a message, in the order of [`COSTS`].
    costs: Vec<f64>,
    /// Megabytes of all shards.
    memory: f64,
}

/// Starts the cluster and measures each size; everything ends with this.
pub(super) fn measure(program: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let mut cluster = Cluster::at(&folder.join("cluster"), program, &[])?;
    let outcome = sizes(&mut cluster, report);
    cluster.kill_all();
    outcome
}

fn sizes(cluster: &mut Cluster, report: &mut Report) -> Result<()> {
    cluster.start()?;
    for shards in 1..=3_u16 {
        cluster.scale("shard", shards)?;
        let seen = size(cluster, shards)?;
        let named = |what: &str| format!("{what}, shards: {shards}");
        let (rate, memory) = (seen.per_second, seen.memory);
        report.add(Figure::more(
            named("messages both ways"),
            "messages/s",
            rate,
            None,
        ));
        report.add(Figure::less(
            named("memory of all shards"),
            "MB",
            memory,
            None,
        ));
        for ((_, who), cost) in COSTS.iter().zip(seen.costs) {
            let what = named(&format!("processor time a message of {who}"));
            report.add(Figure::less(what, "ms", cost, None));
        }
    }
    report.note("shards: two replicas of the API, workers high ×2, default and low, PostgreSQL, Redis and the simulated network on the same machine, each size with 12 new businesses of one number and 10 customers; 1,200 messages out by `POST /v1/messages` and 1,200 typed by customers at the same time, from 16 connections each without a pause, until every row was sent and every typed one committed. The rows were counted, else there is no figure. What is on the machine beside is the limit here, so that more shards carry no more on it: the processor times are what a larger one is reckoned by");
    Ok(())
}

fn size(cluster: &Cluster, shards: u16) -> Result<Seen> {
    let network = Http::new(&cluster.book().sim_url, None);
    let numbers: Vec<usize> = (0..BUSINESSES).collect();
    let shops = side_by_side(4, &numbers, |number| {
        shop(cluster, &network, shards, *number)
    })?;
    let before = rows(cluster)?;
    let times = times(cluster)?;
    let start = Moment::now();
    let since = Instant::now();
    both_ways(&network, &shops)?;
    let total = BUSINESSES * CUSTOMERS * MESSAGES * 2;
    let (wanted, deadline) = (before + total, Instant::now() + DONE);
    while rows(cluster)? < wanted {
        ensure!(
            Instant::now() < deadline,
            "messages are missing after {DONE:?}"
        );
        thread::sleep(LOOK);
    }
    ensure!(
        rows(cluster)? == wanted,
        "messages are there that nobody wrote"
    );
    let end = Moment::of_epoch_ms(last(cluster)?);
    let per_second = count(total) * 1_000.0 / end.since(start);
    let after = self::times(cluster)?;
    let spent = after
        .iter()
        .zip(&times)
        .map(|(now, then)| now.saturating_sub(*then));
    let costs = spent.map(|it| it.as_secs_f64() * 1_000.0 / count(total));
    let costs: Vec<f64> = costs.collect();
    let mut memory = 0.0;
    for shard in cluster.book().of("shard") {
        memory += memory_kb(shard.pid)? / 1_000.0;
    }
    let took = since.elapsed().as_secs_f64();
    say(&format!(
        "  {shards} shards: {per_second:.0} messages/s in {took:.1} s"
    ));
    Ok(Seen {
        per_second,
        costs,
        memory,
    })
}

/// A new business on one of the shards, linked, with customers that wrote once.
fn shop(cluster: &Cluster, network: &Http, shards: u16, number: usize) -> Result<Shop> {
    let home = u16::try_from(number)? % shards + 1;
    let key = cluster.business(&format!("Size {shards} shop {number}"), Some(home))?;
    let api = cluster.book().of("api").nth(number % 2).context("an API")?;
    let api = Http::new(api.url.as_deref().context("an address")?, Some(&key));
    let phone = format!("1555{shards:03}{number:04}");
    let customers: Vec<String> = (0..CUSTOMERS)
        .map(|it| format!("1666{shards:02}{number:03}{it:02}"))
        .collect();
    add_phones(network, &customers)?;
    add_phones(network, std::slice::from_ref(&phone))?;
    link_phone(&api, network, &phone)?;
    Ok(Shop {
        api,
        phone,
        customers,
    })
}

fn both_ways(network: &Http, shops: &[Shop]) -> Result<()> {
    let pairs: Vec<(&Shop, &String)> = (0..MESSAGES)
        .flat_map(|_| {
            shops
                .iter()
                .flat_map(|shop| shop.customers.iter().map(move |it| (shop, it)))
        })
        .collect();
    thread::scope(|scope| {
        let out = scope.spawn(|| {
            side_by_side(THREADS, &pairs, |(shop, customer)| {
                let message =
                    json!({ "to": format!("+{customer}"), "text": "Your order is ready" });
                shop.api.post("/v1/messages", &message).map(drop)
            })
        });
        side_by_side(THREADS, &pairs, |(shop, customer)| {
            let message = json!({ "to": shop.phone, "text": "Thank you" });
            let path = format!("/phones/{customer}/messages");
            network.post(&path, &message).map(drop)
        })?;
        out.join().ok().context("a thread that sends")?.map(drop)
    })
}

/// Rows that are where they belong: sent, or received.
fn rows(cluster: &Cluster) -> Result<usize> {
    let there = "select count(*) from messages where direction = 'inbound' or sent_at is not null";
    Ok(cluster.sql(there)?.parse()?)
}

/// When the last one was there, in milliseconds since 1970.
fn last(cluster: &Cluster) -> Result<f64> {
    let last = "select max(coalesce(sent_at, created_at)) from messages where direction = 'inbound' or sent_at is not null";
    Ok(cluster.sql(last)?.parse()?)
}

/// Processor time so far, in the order of [`COSTS`].
fn times(cluster: &Cluster) -> Result<Vec<Duration>> {
    let of = |kind: &str| {
        let entries = cluster.book().processes.iter();
        let own = entries.filter(|it| it.role.starts_with(kind));
        let times = own.map(|it| match kind {
            "postgres" => family_cpu(it.pid),
            _ => cpu(it.pid),
        });
        times.sum::<Result<Duration>>()
    };
    COSTS.iter().map(|(kind, _)| of(kind)).collect()
}
