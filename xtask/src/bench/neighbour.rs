//! A noisy neighbour: how much a long backlog of one business delays the messages of another.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::step::say;

use super::clock::percentile;
use super::report::{Figure, Report};
use super::roles::Roles;
use super::wire::Times;

/// Messages with and without the neighbour.
const MESSAGES: usize = 400;

/// Once so many of the neighbour's jobs are done, it is under way.
const BEGUN: f64 = 100.0;

/// So many of the neighbour's jobs wait all the time.
const BACKLOG: u64 = 100_000;

/// The neighbour's jobs: as many more as may be carried out while it is measured. Drains of chats whose session nobody
/// holds, in the queue that sends wait in. They come due together, so that all of them are there when the first begins.
const PUSH: &str = "
insert into jobs (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at)
    select gen_random_uuid(), 'high', md5('neighbour')::uuid, 'drain_chat',
        json_build_object('kind', 'drain_chat', 'session', 'ses_' || md5('nobody'), 'chat', 'chat_' || md5(n::text))::text,
        'waiting', 0, now_ms + 15000, 0, 0, 'drain_chat:chat_' || md5(n::text), now_ms
    from generate_series(1, 400000) as n, (select (extract(epoch from now()) * 1000)::bigint as now_ms) as clock;
analyze jobs;
";
const WAITING: &str =
    "select count(*) from jobs where business_id = md5('neighbour')::uuid and state = 'waiting'";

/// The same messages twice: alone, then beside the backlog.
pub(super) fn measure(roles: &mut Roles, report: &mut Report) -> Result<()> {
    let mut alone = times(roles)?;
    let before = roles.drains()?;
    roles.postgres.sql(PUSH)?;
    roles.drained(before + BEGUN, Duration::from_mins(1))?;
    let mut beside = times(roles)?;
    let left: u64 = roles.postgres.sql(WAITING)?.parse()?;
    ensure!(
        left >= BACKLOG,
        "the neighbour's backlog was {left} at the end"
    );
    say(&format!("  {left} jobs of the neighbour still wait"));
    for percent in [50, 95] {
        let pair = [&mut alone, &mut beside].map(|it| percentile(&mut it.wire, percent));
        for (what, value) in ["alone", "beside a neighbour with 100,000 waiting jobs"]
            .iter()
            .zip(pair)
        {
            let what = format!("202 to the wire on the roles, {what}, p{percent}");
            report.add(Figure::less(what, "ms", value, None));
        }
        if percent == 95 {
            let [alone, beside] = pair;
            let what = "delay by the neighbour, p95".to_owned();
            report.add(Figure::less(what, "×", beside / alone, None).goal("≤ 1.5×"));
        }
    }
    report.note("neighbour: 400 messages of one business, one every 50 ms, before and while another business has 100,000 to 400,000 due jobs in the same queue, pushed by SQL: drains of chats whose session nobody holds, which are looked up and done. The worker is never without them, so that it and PostgreSQL have no idle moment on this machine. At the end 100,000 or more still waited, else there is no figure");
    Ok(())
}

fn times(roles: &Roles) -> Result<Times> {
    Times::of(&roles.api, &roles.network, &roles.chats, MESSAGES, |_| {
        roles.sent()
    })
}
