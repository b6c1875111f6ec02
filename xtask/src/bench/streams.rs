//! Media streams at one replica on a processor of its own: how many of them it passes on in time.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::cluster::launch::CARRIER;
use crate::step::say;
use crate::workspace::rig;

use super::lines::{Lines, NUMBER, free_port, other_cores};
use super::report::{Figure, Report};

/// How many streams at once, one size after the other until one is not passed on in time.
const SIZES: [u32; 5] = [100, 200, 300, 400, 500];
/// The longest that all but a hundredth of the frames may take through the replica.
const GOAL_MS: f64 = 20.0;
/// The processor of the replica.
const CORE: &str = "0";

/// What one size showed.
struct Seen {
    p50_ms: f64,
    p99_ms: f64,
    lost: f64,
    /// Of one processor, for each stream.
    percent: f64,
}

/// Starts a replica on one processor, and its load on the others.
pub(super) fn measure(program: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let others = other_cores()?;
    let rig = rig()?;
    let folder = folder.join("streams");
    fs::create_dir_all(&folder)?;
    let lines = Lines::start(program, &folder, None, Some(CORE))?;
    let door = format!("127.0.0.1:{}", free_port()?);
    lines.key.put("/v1/call-flow", &flow(&lines, &door)?)?;
    let mut in_time = 0;
    for streams in SIZES {
        let seen = size(&rig, &others, &lines, &door, streams)?;
        say(&format!(
            "  {streams} streams: p50 {:.2} ms, p99 {:.2} ms, {} frames lost, {:.3} % of a processor each",
            seen.p50_ms, seen.p99_ms, seen.lost, seen.percent
        ));
        let named = |what: &str| format!("{streams} media streams on one processor, {what}");
        for (what, unit, value) in [
            ("a frame through the replica, p50", "ms", seen.p50_ms),
            ("a frame through the replica, p99", "ms", seen.p99_ms),
            ("frames lost", "frames", seen.lost),
            ("of the processor, a stream", "%", seen.percent),
        ] {
            let figure = Figure::less(named(what), unit, value, None);
            report.add(if what.ends_with("p99") {
                figure.goal("≤ 20 ms")
            } else {
                figure
            });
        }
        if seen.p99_ms > GOAL_MS || seen.lost > 0.0 {
            break;
        }
        in_time = streams;
    }
    let what = "media streams on one processor, each frame passed on, p99 ≤ 20 ms".to_owned();
    let goal = SIZES.last().copied().unwrap_or_default();
    report.promise(in_time >= goal, format!("{what}: {in_time}"));
    report.add(Figure::more(what, "streams", in_time.into(), None).goal("≥ 500"));
    report.note("streams: one replica of `calls` on one processor (taskset), its load on the others with PostgreSQL and Redis wherever the kernel puts them; each call is asked for by a signed webhook, opens its signed socket and says a frame of 160 bytes every 20 ms, which the replica passes on to a program of the business, which says it back at once. Both ways count, 8 s of them after 2 s of warm-up: on the way there from the instant at which the frame was due, on the way back from the instant at which the program had it; each until the other end had it, so the load's own work is in it. Sizes end with the first that loses a frame or is late");
    Ok(())
}

/// What callers are led to at once: the program.
fn flow(lines: &Lines, door: &str) -> Result<Value> {
    let now = lines.key.get("/v1/call-flow")?;
    let version = now.get("version").cloned().context("a flow's version")?;
    let bridge =
        json!({ "kind": "bridge", "url": format!("ws://{door}/"), "done": "bye", "failed": "bye" });
    Ok(json!({
        "version": version,
        "flow": {
            "language": "en", "time_zone": "UTC", "entry": { "open": "agent", "closed": "agent" },
            "nodes": { "agent": bridge, "bye": { "kind": "hangup", "text": "Good bye" } },
        },
    }))
}

fn size(rig: &Path, others: &str, lines: &Lines, door: &str, streams: u32) -> Result<Seen> {
    let mut command = Command::new("taskset");
    command.args(["-c", others]).arg(rig).arg("streams");
    for (flag, value) in [
        ("--calls", lines.url.as_str()),
        ("--business", &lines.business),
        ("--number", NUMBER),
        ("--account", account()?.0),
        ("--token", account()?.1),
        ("--program", door),
        ("--streams", &streams.to_string()),
    ] {
        command.args([flag, value]);
    }
    let mut load = command.stdout(Stdio::piped()).spawn()?;
    let seen = counted(&mut load, lines);
    if seen.is_err() {
        load.kill().ok();
    }
    let status = load.wait()?;
    let (used, counts) = seen?;
    ensure!(status.success(), "the load ended with {status}");
    let number = |place: &str| {
        let value = counts.pointer(place).and_then(Value::as_f64);
        value.with_context(|| format!("no {place} in {counts}"))
    };
    ensure!(number("/broken")? == 0.0, "streams broke: {counts}");
    let worse = |what: &str| -> Result<f64> {
        let there = number(&format!("/to_program/{what}"))?;
        Ok(there.max(number(&format!("/to_caller/{what}"))?) / 1_000.0)
    };
    let sent = number("/sent")?;
    Ok(Seen {
        p50_ms: worse("p50_us")?,
        p99_ms: worse("p99_us")?,
        lost: (sent - number("/to_caller/frames")?).max(0.0),
        percent: used * 100.0 / f64::from(streams),
    })
}

/// The replica's use of its processor while the load counted, and what the load counted.
fn counted(load: &mut Child, lines: &Lines) -> Result<(f64, Value)> {
    let mut said = BufReader::new(load.stdout.take().context("its output")?);
    expect(&mut said, "counting")?;
    let (before, start) = (lines.cpu()?, std::time::Instant::now());
    expect(&mut said, "counted")?;
    let used = (lines.cpu()? - before) / start.elapsed().as_secs_f64();
    Ok((used, serde_json::from_str(&line(&mut said)?)?))
}

fn expect(said: &mut BufReader<ChildStdout>, word: &str) -> Result<()> {
    let line = line(said)?;
    ensure!(line.trim() == word, "`{line}` in place of `{word}`");
    Ok(())
}

fn line(said: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    if said.read_line(&mut line)? == 0 {
        bail!("the load ended before it had counted");
    }
    Ok(line)
}

/// The account at the provider and its token.
fn account() -> Result<(&'static str, &'static str)> {
    let value = |name| CARRIER.iter().find(|(it, _)| *it == name).map(|it| it.1);
    let account = value("TWILIO_ACCOUNT_SID").zip(value("TWILIO_AUTH_TOKEN"));
    account.context("the account of the simulated network")
}
