//! What the processes of a cluster do, as a table in the terminal.

use std::fmt::Write as _;
use std::io::{Write, stdout};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use crate::bench::http::Http;
use crate::bench::usage::{cpu, memory_kb};

use super::Cluster;
use super::book::Entry;
use super::process::{Life, life};

/// How long the processor time of a table that is printed once is watched.
const ONCE: Duration = Duration::from_millis(500);

/// How often the live table is drawn anew.
const REFRESH: Duration = Duration::from_secs(2);

/// A process that does not answer so long is shown as silent.
const ASK: Duration = Duration::from_millis(800);

/// What is shown of a role beside its health: the sum over a metric of its own.
const FIGURES: [(&str, &str, &str); 3] = [
    (
        "shard",
        r#"switchyard_sessions{state="connected"}"#,
        "connected",
    ),
    ("worker", "switchyard_jobs_running", "jobs running"),
    ("api", "switchyard_live_streams", "live streams"),
];

/// Prints the table once.
pub(super) fn print(cluster: &Cluster) -> Result<()> {
    let before = times(cluster);
    thread::sleep(ONCE);
    write!(stdout(), "{}", drawn(cluster, &before, ONCE))?;
    Ok(())
}

/// Draws the table until the terminal is closed or the person has seen enough (Ctrl-C); the processes go on.
pub(super) fn live(cluster: &Cluster) -> Result<()> {
    let (mut before, mut since) = (times(cluster), Instant::now());
    let mut cluster = Cluster::open(&cluster.folder)?;
    loop {
        thread::sleep(REFRESH);
        let text = drawn(&cluster, &before, since.elapsed());
        (before, since) = (times(&cluster), Instant::now());
        // ED 2 and CUP of ECMA-48: an empty screen, from its upper left corner.
        write!(
            stdout(),
            "\x1b[2J\x1b[H{text}\nCtrl-C ends this view, not the cluster\n"
        )?;
        stdout().flush()?;
        // Another command may have scaled it.
        cluster = Cluster::open(&cluster.folder)?;
    }
}

type Times = Vec<(u32, Duration)>;

fn times(cluster: &Cluster) -> Times {
    let entries = cluster.book.processes.iter();
    entries
        .filter_map(|it| Some((it.pid, cpu(it.pid).ok()?)))
        .collect()
}

fn drawn(cluster: &Cluster, before: &Times, span: Duration) -> String {
    let mut text = format!(
        "{:<18} {:<10} {:>8} {:>6} {:>9}  {}\n",
        "process", "state", "pid", "cpu", "memory", "says"
    );
    for entry in &cluster.book.processes {
        let (state, says) = match life(entry) {
            Life::Dead => ("dead", String::new()),
            Life::Paused => ("paused", String::new()),
            Life::Runs => health(entry),
        };
        let used = used(entry, before, span).unwrap_or_default();
        let memory = memory_kb(entry.pid).unwrap_or_default() / 1_000.0;
        // Writing to a string cannot fail.
        writeln!(
            text,
            "{:<18} {state:<10} {:>8} {used:>5.0}% {memory:>6.0} MB  {says}",
            entry.name, entry.pid
        )
        .ok();
    }
    text
}

/// Processor time in per cent of one processor.
fn used(entry: &Entry, before: &Times, span: Duration) -> Option<f64> {
    let (_, then) = before.iter().find(|(pid, _)| *pid == entry.pid)?;
    let now = cpu(entry.pid).ok()?;
    Some(now.saturating_sub(*then).as_secs_f64() / span.as_secs_f64() * 100.0)
}

/// What a running process says of itself.
fn health(entry: &Entry) -> (&'static str, String) {
    let Some(url) = &entry.internal_url else {
        return ("runs", entry.url.clone().unwrap_or_default());
    };
    let http = Http::patient(url, None, ASK);
    match http.answer("/health/ready") {
        Ok((200, _)) => ("ready", figure(entry, &http)),
        Ok((_, body)) => ("not ready", failing(&body)),
        Err(_) => ("silent", String::new()),
    }
}

/// The checks that fail.
fn failing(body: &Value) -> String {
    let checks = body.get("checks").and_then(Value::as_object);
    let failing = checks.into_iter().flatten().filter_map(|(name, check)| {
        let is_ok = check.get("ok").and_then(Value::as_bool).unwrap_or(false);
        let detail = check
            .get("detail")
            .and_then(Value::as_str)
            .unwrap_or_default();
        (!is_ok).then(|| format!("{name}: {detail}"))
    });
    failing.collect::<Vec<_>>().join("; ")
}

fn figure(entry: &Entry, http: &Http) -> String {
    let Some((_, metric, word)) = FIGURES
        .iter()
        .find(|(role, _, _)| entry.role.starts_with(role))
    else {
        return String::new();
    };
    let page = http.text("/metrics").unwrap_or_default();
    format!("{} {word}", sum(&page, metric))
}

/// The sum over the lines of a metrics page that begin so.
fn sum(page: &str, metric: &str) -> f64 {
    let lines = page.lines().filter(|line| line.starts_with(metric));
    lines
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_metric_is_summed_over_its_labels_alone() {
        let page = "# HELP a b\na{q=\"1\"} 2\na{q=\"2\"} 3\nb 7\n";
        assert!((sum(page, "a{") - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn only_failing_checks_are_told() {
        let body = json!({ "checks": {
            "redis": { "ok": false, "detail": "away" }, "process": { "ok": true, "detail": "" },
        } });
        assert_eq!(failing(&body), "redis: away");
    }
}
