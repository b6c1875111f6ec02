//! Voice webhooks at one replica: calls that begin at a rate, and at which rate it does not keep up any more.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::step::say;

use super::http::Http;
use super::lines::{Lines, NUMBER};
use super::network::Network;
use super::report::{Figure, Report};

/// Calls that begin in a second, one rate after the other.
const RATES: [u32; 4] = [250, 500, 1_000, 2_000];
/// The rate at which the goal must be kept.
const RATE: u32 = 500;
const GOAL_MS: f64 = 150.0;
/// Businesses that are called in turn: the events of each are written one after the other.
const BUSINESSES: u32 = 20;
/// How long each rate lasts.
const SECONDS: u32 = 8;
/// Each caller hears the beginning of the greeting and hangs up.
const SCRIPT: &str = "wait 1s\nhangup";
/// A load and what is left of it.
const OVER: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(200);

/// Starts a replica and lets the simulated telephone network call it, faster and faster.
pub(super) fn measure(program: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let folder = folder.join("voice");
    fs::create_dir_all(&folder)?;
    let network = Network::start(program, &folder)?;
    let lines = Lines::start(program, &folder, Some(network.url()), None)?;
    let mut called = lines.neighbours(BUSINESSES - 1)?;
    called.push((lines.business.clone(), NUMBER.to_owned()));
    for (business, number) in &called {
        take_number(&network.http, &lines.url, business, number)?;
    }
    let numbers: Vec<&str> = called.iter().map(|(_, number)| number.as_str()).collect();
    let mut most: f64 = 0.0;
    for rate in RATES {
        let cpu = lines.cpu()?;
        let seen = storm(&network.http, &numbers, rate, (SECONDS, SCRIPT), OVER)?;
        let cpu = (lines.cpu()? - cpu) * 1_000.0 / seen.placed.max(1.0);
        let answered = seen.answers / f64::from(SECONDS);
        say(&format!(
            "  {rate}/s: {seen:?}, {cpu:.2} ms of the processor each"
        ));
        let kept = seen.p99_ms <= GOAL_MS && seen.refused == 0.0;
        if kept {
            most = most.max(answered);
        }
        let named = |what: &str| format!("voice webhooks, {rate} calls/s, {what}");
        if rate == RATE {
            ensure!(
                seen.refused * 100.0 <= seen.placed,
                "calls were refused where there are lines for all: {seen:?}"
            );
            report.promise(
                seen.p99_ms <= GOAL_MS,
                named(&format!("p99 {} ms, ≤ 150 ms", seen.p99_ms)),
            );
        }
        report.add(Figure::less(named("p50"), "ms", seen.p50_ms, None));
        report.add(Figure::less(named("p99"), "ms", seen.p99_ms, None).goal("≤ 150 ms"));
        report.add(Figure::less(
            named("processor time a call"),
            "ms",
            cpu,
            None,
        ));
        if !kept && rate >= RATE {
            // Faster still would only make a longer queue.
            break;
        }
    }
    report.add(Figure::more(
        "voice webhooks answered, p99 ≤ 150 ms, the fastest rate".to_owned(),
        "answers/s",
        most,
        None,
    ));
    report.note("voice: one replica of `calls` with PostgreSQL, Redis and the simulated telephone network on the same machine; callers are independent of each other (open loop) and call 20 businesses in turn, each call is a signed voice webhook with its document and a status callback when the caller hangs up after a second. The time is the network's own, from dialling to the answer, in whole milliseconds; processor time of the replica for the whole call. Lines are unlimited; rates end with the first from 500 on that is not kept");
    Ok(())
}

/// What became of a storm, by the network's own count.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) placed: f64,
    pub(super) admitted: f64,
    pub(super) refused: f64,
    pub(super) peak: f64,
    pub(super) answers: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Calls at a rate, for so many seconds, by callers who do this, until all of them are over.
pub(super) fn storm(
    network: &Http,
    numbers: &[&str],
    rate: u32,
    (seconds, script): (u32, &str),
    patience: Duration,
) -> Result<Seen> {
    network.delete("/calls/stats")?;
    let storm = json!({ "to": numbers, "per_second": rate, "seconds": seconds, "script": script });
    network.post("/calls/load", &storm)?;
    let deadline = Instant::now() + Duration::from_secs(seconds.into()) + patience;
    loop {
        thread::sleep(LOOK);
        let stats = network.get("/calls/stats")?;
        let load = stats.get("load").context("a load")?;
        if load.get("running") == Some(&false.into()) && load.get("live") == Some(&0.into()) {
            ensure!(
                load.get("skipped") == Some(&0.into()),
                "callers found no room on this machine: {stats}"
            );
            return read(&stats);
        }
        ensure!(Instant::now() < deadline, "calls that do not end: {stats}");
    }
}

fn read(stats: &Value) -> Result<Seen> {
    let number = |place: &str| {
        let value = stats.pointer(place).and_then(Value::as_f64);
        value.with_context(|| format!("no {place} in {stats}"))
    };
    Ok(Seen {
        placed: number("/placed")?,
        admitted: number("/admitted")?,
        refused: number("/refused")?,
        peak: number("/peak_admitted")?,
        answers: number("/first_answer_ms/count")?,
        p50_ms: number("/first_answer_ms/p50")?,
        p99_ms: number("/first_answer_ms/p99")?,
    })
}

/// Gives a business's number its addresses at the network.
pub(super) fn take_number(network: &Http, calls: &str, business: &str, number: &str) -> Result<()> {
    let at = |route: &str| format!("{calls}/twilio/{business}/{route}");
    let number = json!({
        "phone": number, "voice_url": at("voice"), "fallback_url": at("fallback"), "status_url": at("status"),
    });
    network.post("/carrier/numbers", &number).map(drop)
}
