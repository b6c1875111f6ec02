//! Jobs: how many a second, and how long from their push to their start, beside RQ and BullMQ.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::redis::Redis;
use crate::step::say;

use super::clock::{count, percentile};
use super::paced::paced;
use super::report::{Figure, Report};
use super::rival::Rival;
use super::roles::Roles;

/// Jobs of a backlog: ours and BullMQ's, and what RQ carries out in a like time, forking and not.
const MANY: usize = 100_000;
const FORKED: usize = 1_000;
const SIMPLE: usize = 4_000;

/// As many as the slots of a kind in one worker process of ours.
const CONCURRENCY: &str = "32";

/// The steady load.
const PER_SECOND: u32 = 50;
const STEADY: usize = 1_000;

const PATIENCE: Duration = Duration::from_mins(2);

/// The worker counts an end, then records it.
const RECORDED: Duration = Duration::from_secs(2);

/// Drains of chats whose session nobody holds: a job of that kind looks the lease up in the database and is done. Of
/// eight businesses, which are served in turn. They come due together, a moment after they are there.
const PUSH: &str = "
insert into jobs (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at)
    select gen_random_uuid(), 'high', md5('backlog ' || n % 8)::uuid, 'drain_chat',
        json_build_object('kind', 'drain_chat', 'session', 'ses_' || md5('nobody'), 'chat', 'chat_' || md5(n::text))::text,
        'waiting', 0, now_ms + 6000, 0, 0, 'drain_chat:chat_' || md5(n::text), now_ms
    from generate_series(1, 100000) as n, (select (extract(epoch from now()) * 1000)::bigint as now_ms) as clock;
analyze jobs;
";
/// All of them, each claimed once: how many, and how long in all.
const TOOK_MS: &str = "select count(*), max(finished_at) - min(started_at) from jobs where state = 'done' and fence = 1 and business_id in
    (select md5('backlog ' || n)::uuid from generate_series(0, 7) as n)";

/// What was seen of one side.
struct Seen {
    per_second: f64,
    waits_ms: Vec<f64>,
}

/// Ours, then each rival on a Redis server of its own.
pub(super) fn measure(roles: &mut Roles, report: &mut Report) -> Result<()> {
    let ours = ours(roles)?;
    let mut beside = Vec::new();
    if !roles.alone {
        let redis = Redis::start(&roles.folder.join("rivals"))?;
        let [rq, bullmq] = [Rival::rq()?, Rival::bullmq()?];
        for (rival, name, how, many, goal) in [
            (&rq, "", "rq.worker.Worker", FORKED, "≥ 40×"),
            (
                &rq,
                " without forks",
                "rq.worker.SimpleWorker",
                SIMPLE,
                "≥ 40×",
            ),
            (&bullmq, "", CONCURRENCY, MANY, "≥ 1×"),
        ] {
            let name = format!("{}{name}", rival.name);
            beside.push((theirs(rival, &redis, how, many)?, name, goal));
        }
    }
    tell(report, ours, beside);
    report.note("jobs: ours is one `worker` process with 32 slots for the kind on PostgreSQL, every end of a job on the disk before it counts, fair between 8 businesses: 100,000 drains of chats whose session nobody holds, pushed by SQL, each of which reads the lease and is done; from the first `started_at` to the last `finished_at`, each claimed once. From push to start: the drains of messages accepted by the API at 50/s, `created_at` to `started_at`, the chat really drained to the simulated network. RQ: `rq worker --quiet` as documented, which forks for each job (1,000 jobs), and SimpleWorker (4,000 jobs); BullMQ: one worker process with concurrency 32 (100,000 jobs); their jobs do nothing, their times are those of their own records, and pushes came from another process. Their Redis writes an append-only file that is synced every second (appendfsync everysec), so that a power cut may take a second of jobs from them and none from us. BullMQ has no fairness between businesses in this edition, RQ has none");
    Ok(())
}

fn tell(report: &mut Report, mut ours: Seen, beside: Vec<(Seen, String, &'static str)>) {
    let p99 = percentile(&mut ours.waits_ms, 99);
    let rate = "jobs carried out by one worker process";
    let wait = "from push to start at 50 jobs/s, p99";
    if beside.is_empty() {
        report.add(Figure::more(
            rate.to_owned(),
            "jobs/s",
            ours.per_second,
            None,
        ));
        report.add(Figure::less(wait.to_owned(), "ms", p99, None));
    }
    for (theirs, name, goal) in &beside {
        let theirs = Some(theirs.per_second);
        let figure = Figure::more(rate.to_owned(), "jobs/s", ours.per_second, theirs);
        report.add(figure.beside(name.clone()).goal(goal));
    }
    for (mut theirs, name, _) in beside {
        let theirs = Some(percentile(&mut theirs.waits_ms, 99));
        let figure = Figure::less(wait.to_owned(), "ms", p99, theirs);
        report.add(figure.beside(name));
    }
}

fn ours(roles: &Roles) -> Result<Seen> {
    let waits_ms = waits(roles)?;
    let before = roles.drains()?;
    roles.postgres.sql(PUSH)?;
    roles.drained(before + count(MANY), PATIENCE)?;
    thread::sleep(RECORDED);
    let row = roles.postgres.sql(TOOK_MS)?;
    let (jobs, took_ms) = row.split_once('|').context("two columns")?;
    ensure!(
        jobs == MANY.to_string(),
        "{jobs} of {MANY} jobs were claimed once"
    );
    let per_second = count(MANY) * 1_000.0 / took_ms.parse::<f64>()?;
    say(&format!("  switchyard: {per_second:.0} jobs/s"));
    Ok(Seen {
        per_second,
        waits_ms,
    })
}

/// Real messages to real customers, each with its drain.
fn waits(roles: &Roles) -> Result<Vec<f64>> {
    let now = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";
    let before = roles.postgres.sql(now)?;
    paced(PER_SECOND, STEADY, |number| {
        let chat = roles
            .chats
            .get(number % roles.chats.len())
            .context("a chat")?;
        chat.send(&roles.api, "Your order is ready").map(drop)
    })?;
    roles.sent()?;
    let drains = format!(
        "select started_at - created_at from jobs
            where kind = 'drain_chat' and created_at >= {before} and started_at is not null"
    );
    let rows = roles.postgres.sql(&drains)?;
    let waits: Vec<f64> = rows.lines().map(str::parse).collect::<Result<_, _>>()?;
    // A message joins the drain that its chat still waits for, so that a busy machine has fewer.
    ensure!(waits.len() >= STEADY / 10, "only {} drains", waits.len());
    Ok(waits)
}

fn theirs(rival: &Rival, redis: &Redis, how: &str, many: usize) -> Result<Seen> {
    let (jobs, steady, rate) = (many.to_string(), STEADY.to_string(), PER_SECOND.to_string());
    let seen = rival.measure(redis, &["throughput", how, &jobs])?;
    let per_second = seen
        .get("per_second")
        .and_then(Value::as_f64)
        .context("a rate")?;
    say(&format!("  {} {how}: {per_second:.0} jobs/s", rival.name));
    let seen = rival.measure(redis, &["steady", how, &steady, &rate])?;
    let waits = seen
        .get("waits_ms")
        .and_then(Value::as_array)
        .context("waits")?;
    let waits_ms: Vec<f64> = waits.iter().filter_map(Value::as_f64).collect();
    ensure!(
        waits_ms.len() == STEADY,
        "{} of {STEADY} waits",
        waits_ms.len()
    );
    Ok(Seen {
        per_second,
        waits_ms,
    })
}
