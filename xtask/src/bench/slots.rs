//! Slots of calls on one server of Redis: taken and returned by the product's verbs, beside a bare counter and beside
//! optimistic transactions, with a line for each client and with ten clients for each line.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::redis::Redis;
use crate::step::say;
use crate::workspace::rig;

use super::report::{Figure, Report};

/// Whom ours stand beside, how they are called, and what is aimed at.
const RIVALS: [(&str, &str, &str, f64); 2] = [
    ("counter", "INCR and DECR", "≥ 0.4×", 0.4),
    ("optimistic", "WATCH, MULTI, EXEC", "≥ 40×", 40.0),
];

/// Races all ways on a server of their own.
pub(super) fn measure(_program: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let rig = rig()?;
    let folder = folder.join("slots");
    fs::create_dir_all(&folder)?;
    let redis = Redis::start(&folder.join("redis"))?;
    let output = Command::new(&rig)
        .args(["slots", "--redis", &redis.url()])
        .output()
        .with_context(|| format!("cannot start {}", rig.display()))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{complaint}");
    let seen: Value = serde_json::from_slice(&output.stdout)?;
    say(&format!("  {seen}"));
    let of = |way: &str, load: &str, what: &str| {
        let place = format!("/loads/{load}/{way}/{what}");
        let value = seen.pointer(&place).and_then(Value::as_f64);
        value.with_context(|| format!("no {place}"))
    };
    let taken = "taken_per_second";
    for (load, what) in [
        ("calm", "slots taken and returned, 50 clients, 50 lines"),
        ("crowded", "slots taken and returned, 500 clients, 50 lines"),
    ] {
        let ours = of("leases", load, taken)?;
        for (way, name, goal, least) in RIVALS {
            let theirs = of(way, load, taken)?;
            let figure = Figure::more(what.to_owned(), "slots/s", ours, Some(theirs));
            let figure = figure.beside(name.to_owned());
            if load == "calm" {
                let kept = ours >= theirs * least;
                let ratio = ours / theirs;
                report.promise(kept, format!("{what}: {ratio:.2} × {name}, {goal}"));
                report.add(figure.goal(goal));
            } else {
                report.add(figure);
            }
        }
    }
    let flowing = of("leases", "crowded", taken)?;
    report.promise(
        flowing > 0.0,
        "no slot was given while more asked than there are",
    );
    for (load, name) in [("calm", "50 clients"), ("crowded", "500 clients")] {
        let ms = of("leases", load, "p99_us")? / 1_000.0;
        let what = format!("a slot given, {name}, p99");
        report.add(Figure::less(what, "ms", ms, None));
    }
    let refused = of("leases", "crowded", "refused_per_second")?;
    let what = "refusals beside, 500 clients, 50 lines".to_owned();
    report.add(Figure::more(what, "refusals/s", refused, None));
    let peak = of("leases", "crowded", "peak")?;
    let what = "most that had a slot at once, 500 clients, 50 lines".to_owned();
    report.add(Figure::less(what, "slots", peak, None).goal("≤ 50"));
    report.note("slots: one server of Redis (appendfsync everysec) for all, four rounds of a second for each way, in turns; each client takes a slot for a new call and returns it, at once with 50 clients and after a millisecond with 500. Ours are the verbs of `store/src/slots.rs`, a script of Lua for each, with leases, a limit for each business, and what a call must remember; over one connection for all clients, as a replica has it, and INCR and DECR over one too, which know no leases and no ids; WATCH, ZCARD, MULTI, ZADD, EXEC over a connection for each client, again until nobody was faster. By the clients' own count ours were never above the limit, else there is no figure");
    Ok(())
}
