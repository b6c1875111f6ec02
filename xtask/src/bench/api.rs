//! The API under a steady load of many readers and some senders, with a million messages stored.

use std::process;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::step::say;

use super::chats::Chat;
use super::clock::{count, percentile};
use super::http::text;
use super::many::side_by_side;
use super::paced::{Done, paced};
use super::report::{Figure, Report};
use super::roles::Roles;
use super::seed::{EVENTS_EACH, MESSAGES, Seeded};
use super::stage::THREADS;
use super::usage::{cpu, family_cpu};

const PER_SECOND: u32 = 500;
const WARM_UP_S: usize = 5;
const MEASURED_S: usize = 30;

/// Out of ten requests: what comes when, so that no kind comes in bursts.
const MIX: [Ask; 10] = [
    Ask::Chats,
    Ask::Thread,
    Ask::Chats,
    Ask::Thread,
    Ask::Events,
    Ask::Chats,
    Ask::Thread,
    Ask::Chats,
    Ask::Thread,
    Ask::Send,
];

/// What is asked.
#[derive(Clone, Copy, PartialEq)]
enum Ask {
    Chats,
    Thread,
    Events,
    Send,
}

/// A message that was accepted.
struct Accepted<'a> {
    chat: &'a Chat,
    wa_id: String,
}

/// Warms up, measures, and looks for every accepted message on its customer's phone.
pub(super) fn measure(roles: &mut Roles, report: &mut Report) -> Result<()> {
    roles.seed()?;
    let seeded = roles.seeded.as_ref().context("stored just now")?;
    let rate = usize::try_from(PER_SECOND)?;
    let total = (WARM_UP_S + MEASURED_S) * rate;
    let before = used(roles)?;
    let all = paced(PER_SECOND, total, |number| ask(roles, seeded, number))?;
    let after = used(roles)?;
    roles.sent()?;
    let accepted: Vec<&Accepted> = all.iter().filter_map(|it| it.answer.as_ref()).collect();
    side_by_side(THREADS, &roles.chats, |chat| check(roles, chat, &accepted))?;
    let measured: Vec<&Done<_>> = all
        .iter()
        .filter(|it| it.number >= WARM_UP_S * rate)
        .collect();
    let times = |only: Option<Ask>| -> Vec<f64> {
        let asked = |it: &&&Done<_>| only.is_none_or(|ask| kind(it.number) == ask);
        measured.iter().filter(asked).map(|it| it.ms).collect()
    };
    for (percent, goal) in [(50, ""), (95, "≤ 50 ms"), (99, "")] {
        let what =
            format!("API at {PER_SECOND} requests/s, {MESSAGES} messages stored, p{percent}");
        let value = percentile(&mut times(None), percent);
        say(&format!("  p{percent} {value:.1} ms"));
        report.add(Figure::less(what, "ms", value, None).goal(goal));
    }
    for (name, only) in [
        ("list of chats", Ask::Chats),
        ("messages of a chat", Ask::Thread),
        ("events", Ask::Events),
        ("send", Ask::Send),
    ] {
        let value = percentile(&mut times(Some(only)), 95);
        report.add(Figure::less(
            format!("of these, {name}, p95"),
            "ms",
            value,
            None,
        ));
    }
    for (name, before, after) in [
        ("the API", before[0], after[0]),
        ("PostgreSQL", before[1], after[1]),
        ("the load itself", before[2], after[2]),
    ] {
        let ms = after.saturating_sub(before).as_secs_f64() * 1_000.0 / count(total);
        let what = format!("of these, processor time a request of {name}");
        report.add(Figure::less(what, "ms", ms, None));
    }
    report.note(format!("api: the roles `api`, `shard`, `worker --queues high,default,low` as processes of their own on PostgreSQL (its defaults, every commit on the disk) and Redis; {MESSAGES} messages in 10,000 chats of 4 businesses and 200,000 events, stored by SQL; 500 requests a second for 30 s after 5 s of warm-up, 40 % pages of chats, 40 % the newest 50 messages of any chat, 10 % 50 events from anywhere, 10 % messages to 200 customers of 5 linked sessions. Open loop: a request's time runs from the instant at which it should have begun, over at most 64 connections. Every answer was 2xx and every accepted message was shown once by its customer's phone, else there is no figure. The limits of the keys were raised by SQL"));
    Ok(())
}

/// Processor time so far of the API, of PostgreSQL and of this program.
fn used(roles: &Roles) -> Result<[Duration; 3]> {
    Ok([
        cpu(roles.api_pid()?)?,
        family_cpu(roles.postgres.pid())?,
        cpu(process::id())?,
    ])
}

fn kind(number: usize) -> Ask {
    MIX.get(number % MIX.len()).copied().unwrap_or(Ask::Chats)
}

/// Any of them, another one for each number, the same in every run.
fn any<T>(items: &[T], number: usize) -> Result<&T> {
    // Knuth's multiplicative hash spreads neighbours.
    let spread = number.wrapping_mul(2_654_435_761) >> 7;
    let place = spread.checked_rem(items.len()).context("none to choose")?;
    items.get(place).context("one of them")
}

fn ask<'a>(roles: &'a Roles, seeded: &Seeded, number: usize) -> Result<Option<Accepted<'a>>> {
    let business = any(&seeded.businesses, number)?;
    let turn = number / MIX.len();
    match kind(number) {
        Ask::Chats => business.api.read(any(&business.pages, turn)?)?,
        Ask::Thread => {
            let chat = any(&business.chats, number)?;
            business.api.read(&format!("/v1/chats/{chat}/messages"))?;
        }
        Ask::Events => {
            let after = turn.wrapping_mul(7_919) % EVENTS_EACH;
            business.api.read(&format!("/v1/events?after={after}"))?;
        }
        Ask::Send => {
            let chat = roles
                .chats
                .get(turn % roles.chats.len())
                .context("a chat")?;
            let message = chat.send(&roles.api, "Your order is ready")?;
            let wa_id = text(&message, "wa_id")?.to_owned();
            return Ok(Some(Accepted { chat, wa_id }));
        }
    }
    Ok(None)
}

/// Every message to this customer was shown once.
fn check(roles: &Roles, chat: &Chat, accepted: &[&Accepted]) -> Result<()> {
    let shown = chat.on_the_phone(&roles.network)?;
    for message in accepted.iter().filter(|it| it.chat.id == chat.id) {
        let times = shown.get(&message.wa_id).and_then(|it| it.get("shown"));
        let times = times.and_then(Value::as_u64);
        ensure!(times == Some(1), "a message was shown {times:?} times");
    }
    Ok(())
}
