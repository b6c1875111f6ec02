//! A thousand numbers on one of three shards: how long they are away when it is killed, when every connection is cut at
//! once, when a business is moved and when a shard is emptied. The network says when: it notes each login and each end.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::step::say;

use super::clock::{Moment, count, percentile};
use super::http::{Http, rows, text};
use super::many::side_by_side;
use super::network::add_phones;
use super::report::{Figure, Report};
use super::sessions::link_phone;

/// Businesses, and numbers of each.
const BUSINESSES: usize = 250;
const NUMBERS: usize = 4;
const ALL: usize = BUSINESSES * NUMBERS;
/// A shard has room for all of them.
const CAPACITY: &str = "2000";
/// So many businesses are moved, one after the other.
const MOVED: usize = 25;
/// So many are linked at a time.
const AT_ONCE: usize = 8;
/// A hundredth of the sessions of a killed shard may live elsewhere later than after so many seconds.
const ADOPTED: f64 = 30.0;
/// And one of a hundred numbers that are moved may be away for longer.
const MOVE: f64 = 2.0;
/// Numbers that leave a drained shard in a second: 1,000 in a minute.
const DRAIN: f64 = 1_000.0 / 60.0;
/// Nothing that is waited for here takes longer without being wrong.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(250);

/// A business and its key.
struct Shop {
    id: String,
    phones: Vec<String>,
}

/// Starts the cluster, links everybody and makes one fault after the other; everything ends with this.
pub(super) fn measure(program: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let room = [("SHARD_CAPACITY", CAPACITY.to_owned())];
    let mut cluster = Cluster::at(&folder.join("fleet"), program, &room)?;
    let outcome = faults(&mut cluster, report);
    cluster.kill_all();
    outcome
}

fn faults(cluster: &mut Cluster, report: &mut Report) -> Result<()> {
    cluster.start()?;
    let network = Http::new(&cluster.book().sim_url, None);
    let numbers: Vec<usize> = (0..BUSINESSES).collect();
    let operator = cluster.operator()?;
    let shops = side_by_side(AT_ONCE, &numbers, |number| {
        shop(cluster, &operator, &network, *number)
    })?;
    say(&format!("  {ALL} numbers on shard 1"));
    let offered = log(&network, "qr_offered", 0)?.len();

    killed(cluster, &network, report)?;
    cut(&network, report)?;
    cluster.again("shard-1")?;
    cluster.wait("shard-1")?;
    moved(cluster, &network, &shops, report)?;
    drained(cluster, &network, report)?;
    whole(cluster)?;

    ensure!(
        log(&network, "qr_offered", 0)?.len() == offered,
        "a code was offered to a linked number"
    );
    let replaced = log(&network, "replaced", 0)?;
    ensure!(
        replaced.is_empty(),
        "connections were replaced: {replaced:?}"
    );
    report.note("fleet: two replicas of the API, three shards, workers, PostgreSQL, Redis and the simulated network on the same machine, 250 businesses of four numbers, all of them on shard 1 at first, lease 15 s; times are read from the network's own log of logins and ends, of every number; a run in which a code is offered or a connection replaced gives no figure");
    Ok(())
}

/// A new business on the first shard, with its numbers linked.
fn shop(cluster: &Cluster, operator: &Http, network: &Http, number: usize) -> Result<Shop> {
    let key = cluster.business_by(operator, &format!("Fleet {number}"), Some(1))?;
    let api = cluster.book().of("api").nth(number % 2).context("an API")?;
    let api = Http::new(api.url.as_deref().context("an address")?, Some(&key));
    let phones: Vec<String> = (0..NUMBERS)
        .map(|it| format!("1555{number:05}{it:02}"))
        .collect();
    add_phones(network, &phones)?;
    for phone in &phones {
        link_phone(&api, network, phone)?;
    }
    let me = api.get("/v1/me")?;
    let business = me.get("business").unwrap_or(&Value::Null);
    Ok(Shop {
        id: text(business, "id")?.to_owned(),
        phones,
    })
}

/// The shard that holds everybody is killed, and nobody starts it again.
fn killed(cluster: &Cluster, network: &Http, report: &mut Report) -> Result<()> {
    let last = newest(network)?;
    let at = Moment::now();
    cluster.kill("shard-1")?;
    let logins = logins(network, last, ALL)?;
    away(
        report,
        "adopted from a killed shard",
        "p99 ≤ 30 s",
        Some(ADOPTED),
        &mut since(&logins, at)?,
    );
    let shares = "select string_agg(n::text, ' and ' order by number) from
        (select s.number, count(*) as n from session_leases l join shards s on s.incarnation = l.incarnation
          where s.state = 'live' group by s.number) shares";
    report.note(format!(
        "fleet: the two live shards then held {} numbers",
        cluster.sql(shares)?
    ));
    Ok(())
}

/// Every connection is cut in the same moment.
fn cut(network: &Http, report: &mut Report) -> Result<()> {
    let last = newest(network)?;
    let at = Moment::now();
    network.post("/network/faults", &json!({ "kind": "cut", "count": ALL }))?;
    let logins = logins(network, last, ALL)?;
    away(
        report,
        "back after every connection was cut",
        "",
        None,
        &mut since(&logins, at)?,
    );
    Ok(())
}

/// Businesses go back to the first shard, one after the other.
fn moved(cluster: &Cluster, network: &Http, shops: &[Shop], report: &mut Report) -> Result<()> {
    let (from_login, from_end) = (newest(network)?, newest_of(network, "ended")?);
    let operator = cluster.operator()?;
    for shop in shops.iter().take(MOVED) {
        let path = format!("/v1/admin/businesses/{}/move", shop.id);
        operator.post(&path, &json!({ "shard": 1 }))?;
        until(|| Ok(text(&operator.get(&path)?, "state")? == "done"))?;
    }
    let logins = logins(network, from_login, MOVED * NUMBERS)?;
    let wanted: Vec<&String> = shops.iter().take(MOVED).flat_map(|it| &it.phones).collect();
    ensure!(
        wanted.iter().all(|phone| logins.contains_key(*phone)),
        "a number that was moved did not log in"
    );
    let ends = times(&log(network, "ended", from_end)?)?;
    away(
        report,
        "away in a move",
        "p99 ≤ 2 s",
        Some(MOVE),
        &mut gaps(&ends, &logins)?,
    );
    Ok(())
}

/// The shard that holds the most is emptied.
fn drained(cluster: &Cluster, network: &Http, report: &mut Report) -> Result<()> {
    let (from_login, from_end) = (newest(network)?, newest_of(network, "ended")?);
    let operator = cluster.operator()?;
    let start = Instant::now();
    operator.post("/v1/admin/shards/2/drain", &json!({}))?;
    let mut seen = Value::Null;
    until(|| {
        seen = operator.get("/v1/admin/shards/2/drain")?;
        Ok(text(&seen, "state")? == "drained")
    })?;
    let took = start.elapsed().as_secs_f64();
    let total = seen.get("moved").and_then(Value::as_u64).context("moved")?;
    let what = format!("a shard with {total} numbers emptied");
    let pace = count(usize::try_from(total)?) / took;
    report.promise(pace >= DRAIN, format!("{what}: {took:.1} s"));
    report.add(Figure::less(what, "s", took, None).goal("1,000 in ≤ 60 s"));
    let logins = logins(network, from_login, usize::try_from(total)?)?;
    let ends = times(&log(network, "ended", from_end)?)?;
    away(
        report,
        "away in a drain",
        "p99 ≤ 2 s",
        Some(MOVE),
        &mut gaps(&ends, &logins)?,
    );
    Ok(())
}

/// Nobody was lost on the way: every number is connected, and held once.
fn whole(cluster: &Cluster) -> Result<()> {
    let connected = "select count(*) from sessions s join session_leases l on l.session_id = s.id
        where s.state = 'connected' and l.incarnation is not null";
    let mut seen = String::new();
    let there = until(|| {
        seen = cluster.sql(connected)?;
        Ok(seen.parse::<usize>()? == ALL)
    });
    there.with_context(|| format!("{seen} of {ALL} numbers are connected"))
}

/// Adds half of the times, all but a hundredth, and the longest; `within`: all but a hundredth last no longer, in seconds.
fn away(
    report: &mut Report,
    what: &str,
    goal: &'static str,
    within: Option<f64>,
    times: &mut [f64],
) {
    let numbers = times.len();
    for (percent, name) in [(50, "p50"), (99, "p99"), (100, "longest")] {
        let seconds = percentile(times, percent) / 1_000.0;
        let figure = Figure::less(
            format!("{what}, {numbers} numbers, {name}"),
            "s",
            seconds,
            None,
        );
        if percent == 99 {
            let kept = within.is_none_or(|most| seconds <= most);
            report.promise(kept, format!("{what}: p99 {seconds:.2} s, {goal}"));
            report.add(figure.goal(goal));
        } else {
            report.add(figure);
        }
    }
    let mean = times.iter().sum::<f64>() / count(numbers) / 1_000.0;
    say(&format!(
        "  {what}: {numbers} numbers, {mean:.2} s in the mean"
    ));
}

/// Rows of the network's log of one kind behind a place in it.
fn log(network: &Http, kind: &str, after: u64) -> Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), after);
    loop {
        let page = network.get(&format!("/network/log?kind={kind}&after={after}"))?;
        let page = rows(&page)?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        after = number(last)?;
        all.extend(page.iter().cloned());
    }
}

fn number(row: &Value) -> Result<u64> {
    row.get("n")
        .and_then(Value::as_u64)
        .context("a row without `n`")
}

fn newest_of(network: &Http, kind: &str) -> Result<u64> {
    log(network, kind, 0)?.last().map_or(Ok(0), number)
}

/// The place of the last login.
fn newest(network: &Http) -> Result<u64> {
    newest_of(network, "login")
}

/// When each phone of these rows came last.
fn times(rows: &[Value]) -> Result<BTreeMap<String, Moment>> {
    rows.iter()
        .map(|row| {
            Ok((
                text(row, "phone")?.to_owned(),
                Moment::parse(text(row, "at")?)?,
            ))
        })
        .collect()
}

/// Waits until so many different phones have logged in behind a place in the log; the last login of each.
fn logins(network: &Http, after: u64, wanted: usize) -> Result<BTreeMap<String, Moment>> {
    let mut seen = BTreeMap::new();
    until(|| {
        seen = times(&log(network, "login", after)?)?;
        Ok(seen.len() >= wanted)
    })?;
    Ok(seen)
}

/// Milliseconds from a moment to each login.
fn since(logins: &BTreeMap<String, Moment>, at: Moment) -> Result<Vec<f64>> {
    ensure!(!logins.is_empty(), "nobody logged in");
    Ok(logins.values().map(|login| login.since(at)).collect())
}

/// Milliseconds from the end of each phone's connection to its next login.
fn gaps(ends: &BTreeMap<String, Moment>, logins: &BTreeMap<String, Moment>) -> Result<Vec<f64>> {
    logins
        .iter()
        .map(|(phone, login)| {
            let end = ends
                .get(phone)
                .context("a login without an end before it")?;
            Ok(login.since(*end))
        })
        .collect()
}

/// Looks until it is so.
fn until(mut look: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !look()? {
        ensure!(Instant::now() < deadline, "not within {PATIENCE:?}");
        thread::sleep(LOOK);
    }
    Ok(())
}
