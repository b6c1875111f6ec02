//! A storm of calls at a whole installation: more attempts than lines, by one replica and by three behind nginx, counted by
//! the network that calls.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::cluster::Cluster;
use crate::step::say;

use super::http::Http;
use super::lines::NUMBER;
use super::report::{Figure, Report};
use super::voice::{Seen, storm, take_number};

/// Attempts in a second, for how long, and what each caller does who is taken.
const RATE: u32 = 500;
const SECONDS: u32 = 10;
const SCRIPT: &str = "wait 2s\nhangup";
/// Replicas, and lines of all of them together.
const SIZES: [(u16, u32); 3] = [(1, 50), (3, 50), (3, 150)];
/// Lines of one business: the limit of all is what counts here.
const OF_ONE: &str = "1000";
/// What is left of a storm is over within this.
const OVER: Duration = Duration::from_mins(1);
/// Its slots are free after so many seconds; one that is held for ever is found by then.
const FREE_S: f64 = 30.0;
const LEAKED: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(250);

/// Starts the cluster and lets the storms blow, one after the other; everything ends with this.
pub(super) fn measure(program: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let settings = [("SWITCHYARD_CALLS_PER_BUSINESS", OF_ONE.to_owned())];
    let mut cluster = Cluster::at(&folder.join("storm"), program, &settings)?;
    let outcome = storms(&mut cluster, report);
    cluster.kill_all();
    outcome
}

fn storms(cluster: &mut Cluster, report: &mut Report) -> Result<()> {
    cluster.start()?;
    let network = Http::new(&cluster.book().sim_url, None);
    let number = format!(
        "insert into call_numbers (id, business_id, phone, name, created_at)
         values (gen_random_uuid(), '{}', '{}', 'Shop', 0)",
        cluster.book().business_id.trim_start_matches("biz_"),
        NUMBER.trim_start_matches('+'),
    );
    cluster.sql(&number)?;
    take_number(
        &network,
        &cluster.book().calls_url,
        &cluster.book().business_id,
        NUMBER,
    )?;
    for (replicas, lines) in SIZES {
        cluster.scale("calls", replicas)?;
        cluster
            .operator()?
            .put("/v1/admin/calls/limit", &json!({ "limit": lines }))?;
        let seen = storm(&network, &[NUMBER], RATE, (SECONDS, SCRIPT), OVER)?;
        let (slots, calls) = free(cluster)?;
        say(&format!(
            "  {replicas} replicas, {lines} lines: {seen:?}, slots free after {slots:.1} s, calls over after {calls:.1} s"
        ));
        ensure!(
            seen.peak <= f64::from(lines),
            "{} calls at once on {lines} lines",
            seen.peak
        );
        add(report, replicas, lines, &seen);
        let what = format!("storm, replicas: {replicas}, lines: {lines}, every slot free after");
        report.promise(slots <= FREE_S, format!("{what} {slots:.1} s, ≤ 30 s"));
        report.add(Figure::less(what, "s", slots, None).goal("≤ 30 s"));
        ensure!(seen.admitted >= f64::from(lines), "{seen:?}");
    }
    report.note("storm: nginx, three replicas of `calls` (or one), two of the API, PostgreSQL, Redis and the simulated telephone network on the same machine; 500 independent callers a second for 10 s to one number, each of whom is taken stays for 2 s; whoever is turned away asks the fallback address too. Admitted, refused and the most at once are the network's own count: an admission from the arrival of the document that takes the call until the call ends there. A storm with one call more than lines, or with a slot or an open call left 2 min after its last call, gives no figure");
    Ok(())
}

fn add(report: &mut Report, replicas: u16, lines: u32, seen: &Seen) {
    let named = |what: &str| format!("storm, replicas: {replicas}, lines: {lines}, {what}");
    let attempts = seen.placed / f64::from(SECONDS);
    report.add(Figure::more(named("attempts"), "calls/s", attempts, None));
    for (what, value) in [("admitted", seen.admitted), ("refused", seen.refused)] {
        report.add(Figure::more(named(what), "calls", value, None));
    }
    let goal = if lines == 50 { "≤ 50" } else { "≤ 150" };
    report.add(Figure::less(named("most at once"), "calls", seen.peak, None).goal(goal));
    report.add(Figure::less(
        named("first answer, p50"),
        "ms",
        seen.p50_ms,
        None,
    ));
    let p99 = Figure::less(named("first answer, p99"), "ms", seen.p99_ms, None);
    report.add(p99.goal("≤ 150 ms"));
}

/// Waits until no slot is held and no call is open in the database; how long the slots and the calls took, in seconds.
fn free(cluster: &Cluster) -> Result<(f64, f64)> {
    let start = Instant::now();
    let mut slots = None;
    loop {
        let live = live(cluster)?;
        let open = cluster.sql("select count(*) from calls where ended_at is null")?;
        let now = start.elapsed().as_secs_f64();
        if live == "0" && slots.is_none() {
            slots = Some(now);
        }
        if let Some(slots) = slots.filter(|_| open == "0") {
            return Ok((slots, now));
        }
        ensure!(
            start.elapsed() < LEAKED,
            "after {LEAKED:?} still {live} slots are held and {open} calls open"
        );
        thread::sleep(LOOK);
    }
}

/// Slots that are held, as a replica counts them.
fn live(cluster: &Cluster) -> Result<String> {
    let replica = cluster.book().of("calls").next().context("a replica")?;
    let url = replica.internal_url.as_deref().context("an address")?;
    let page = Http::new(url, None).text("/metrics")?;
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("switchyard_calls_live "));
    Ok(line.context("no count of live calls")?.trim().to_owned())
}
