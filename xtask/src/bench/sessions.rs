//! Sessions: how long linking and connecting takes, and how much memory an idle one holds.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::step::say;

use super::clock::count;
use super::http::{Http, text};
use super::many::side_by_side;
use super::network::Network;
use super::report::{Figure, Report};
use super::stage::{Shop, Stage, shop, stranger};
use super::usage::memory_kb;

/// How many are linked at the same time, by the product and by Baileys.
const AT_ONCE: usize = 8;

/// Up to how many Baileys links: more take it many minutes.
const THEIRS: usize = 1_000;

/// So much dearer may a session be where there are many.
const FLAT: f64 = 1.15;
const MANY: usize = 1_000;

/// For how long a process is left alone before its memory is read.
const REST: Duration = Duration::from_secs(5);

/// A scan and what follows takes no longer.
const LINK_DEADLINE: Duration = Duration::from_mins(1);

/// One side with so many sessions.
#[derive(Clone, Copy)]
struct Step {
    size: usize,
    /// Kilobytes of the process.
    memory: f64,
    /// Seconds from the start until they were connected.
    linked: f64,
}

/// Links sessions in steps, on both sides.
pub(super) fn measure(stage: &mut Stage, report: &mut Report) -> Result<()> {
    let sizes = stage.sizes;
    let ours = ours(stage, sizes)?;
    let theirs = match stage.baileys {
        Some(_) => {
            let sizes: Vec<usize> = sizes.iter().copied().filter(|it| *it <= THEIRS).collect();
            theirs(stage, &sizes)?
        }
        None => Vec::new(),
    };
    for (place, pair) in ours.windows(2).enumerate() {
        if let [before, after] = pair {
            let their_pair = theirs
                .get(place)
                .copied()
                .zip(theirs.get(place + 1).copied());
            tell(report, (*before, *after), their_pair);
        }
    }
    flat(report, &ours);
    report.note("memory: the proportional set size (PSS) of the process, 5 s after the last link, Baileys after a forced garbage collection and with its keys packed outside of its heap; the product keeps everything in its SQLite file");
    report.note("linking: new numbers, 8 at a time, from the first request to the last `connected`; ours through the API (create, connect, QR by long poll, scan at the network), durable, with 50 one-time keys a number; Baileys scans by itself, stores nothing, and makes 812");
    Ok(())
}

/// Whether a session costs no more however many there are: beyond the first ten, the dearest later step over the first.
fn flat(report: &mut Report, steps: &[Step]) {
    let pairs = steps.windows(2).skip(1).filter_map(|pair| match pair {
        [before, after] => Some(marginal((*before, *after))),
        _ => None,
    });
    let costs: Vec<f64> = pairs.collect();
    let Some((first, later)) = costs.split_first() else {
        return;
    };
    let ratio = later.iter().copied().fold(0.0, f64::max) / first;
    let what = "memory of a session more, the dearest later step over that from 10 to 50";
    // A few numbers more are within what an allocator keeps back.
    if steps.last().is_some_and(|step| step.size >= MANY) {
        report.promise(ratio <= FLAT, format!("{what}: {ratio:.2} ×, ≤ {FLAT} ×"));
    }
    report.add(Figure::less(what.to_owned(), "×", ratio, None).goal("≤ 1.15×"));
}

/// Kilobytes that one session more took in this step.
fn marginal((from, to): (Step, Step)) -> f64 {
    (to.memory - from.memory) / count(to.size - from.size)
}

/// The figures of one step of ours, and of the same step of theirs.
fn tell(report: &mut Report, ours: (Step, Step), theirs: Option<(Step, Step)>) {
    let (before, after) = ours;
    let size = after.size;
    report.add(Figure::less(
        format!("memory of the process, {size} idle sessions"),
        "MB",
        after.memory / 1_000.0,
        theirs.map(|(_, after)| after.memory / 1_000.0),
    ));
    report.add(
        Figure::less(
            format!("marginal memory of a session, {} → {size}", before.size),
            "kB",
            marginal(ours),
            theirs.map(marginal),
        )
        .goal("≤ 150 kB, ≥ 9×"),
    );
    let linked = Figure::less(
        format!("{size} sessions linked and connected"),
        "s",
        after.linked,
        theirs.map(|(_, after)| after.linked),
    );
    report.add(if size == 200 {
        linked.goal("≥ 15×")
    } else {
        linked
    });
}

fn ours(stage: &mut Stage, sizes: &[usize]) -> Result<Vec<Step>> {
    let mut steps = vec![Step {
        size: 0,
        memory: rested(stage.product.pid())?,
        linked: 0.0,
    }];
    let mut linked = 0.0;
    for size in sizes {
        linked += link(stage, *size)?;
        let memory = rested(stage.product.pid())?;
        steps.push(Step {
            size: *size,
            memory,
            linked,
        });
        say(&format!(
            "  switchyard: {size} sessions after {linked:.1} s"
        ));
    }
    Ok(steps)
}

fn theirs(stage: &mut Stage, sizes: &[usize]) -> Result<Vec<Step>> {
    let mut steps = vec![Step {
        size: 0,
        memory: their_memory(stage)?,
        linked: 0.0,
    }];
    let mut linked = 0.0;
    for size in sizes {
        linked += link_theirs(stage, *size)?;
        let memory = their_memory(stage)?;
        steps.push(Step {
            size: *size,
            memory,
            linked,
        });
        say(&format!("  Baileys: {size} sessions after {linked:.1} s"));
    }
    Ok(steps)
}

fn rested(pid: u32) -> Result<f64> {
    thread::sleep(REST);
    memory_kb(pid)
}

fn their_memory(stage: &mut Stage) -> Result<f64> {
    thread::sleep(REST);
    let Some(baileys) = &mut stage.baileys else {
        return Ok(0.0);
    };
    baileys.ask(&json!({ "do": "rest" }))?;
    memory_kb(baileys.pid())
}

/// Links sessions of the product until there are so many; seconds that it took.
pub(super) fn link(stage: &mut Stage, until: usize) -> Result<f64> {
    let phones: Vec<String> = (stage.shops.len()..until).map(shop).collect();
    stage.network.make_phones(&phones)?;
    let start = Instant::now();
    let made = side_by_side(AT_ONCE, &phones, |phone| {
        link_one(&stage.api, &stage.network, phone)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    stage.shops.extend(made);
    stage
        .shops
        .sort_by(|one, other| one.phone.cmp(&other.phone));
    Ok(seconds)
}

/// Links a new session to a phone and waits until it is connected.
pub(super) fn link_one(api: &Http, network: &Network, phone: &str) -> Result<Shop> {
    link_phone(api, &network.http, phone)
}

/// The same on the network with that control API.
pub(super) fn link_phone(api: &Http, network: &Http, phone: &str) -> Result<Shop> {
    let session = api.post("/v1/sessions", &json!({ "name": phone }))?;
    let id = text(&session, "id")?.to_owned();
    api.post(&format!("/v1/sessions/{id}/connect"), &Value::Null)?;
    let deadline = Instant::now() + LINK_DEADLINE;
    let (mut after, mut scanned) = (String::new(), false);
    while Instant::now() < deadline {
        let path = format!("/v1/sessions/{id}/qr?wait=20&after={after}");
        let (tag, seen) = api.tagged(&path)?;
        after = tag;
        if let (Ok(qr), false) = (text(&seen, "qr"), scanned) {
            let code = json!({ "qr": qr });
            network.post(&format!("/phones/{phone}/scan"), &code)?;
            scanned = true;
        }
        if text(&seen, "state")? == "connected" {
            return Ok(Shop {
                id,
                phone: phone.to_owned(),
            });
        }
    }
    bail!("a session was not connected within {LINK_DEADLINE:?}")
}

/// Links clients of Baileys until there are so many; seconds that it took.
pub(super) fn link_theirs(stage: &mut Stage, until: usize) -> Result<f64> {
    let phones: Vec<String> = (stage.strangers.len()..until).map(stranger).collect();
    stage.network.make_phones(&phones)?;
    let Some(baileys) = &mut stage.baileys else {
        return Ok(0.0);
    };
    let start = Instant::now();
    let answer = baileys.ask(&json!({ "do": "link", "phones": &phones, "at_once": AT_ONCE }))?;
    let seconds = start.elapsed().as_secs_f64();
    if let Some(lost) = answer.get("lost").filter(|lost| **lost != 0) {
        say(&format!(
            "  Baileys lost {lost} connections so far and made them again"
        ));
    }
    stage.strangers.extend(phones);
    Ok(seconds)
}
