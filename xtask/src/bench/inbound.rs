//! Inbound: from typed on a customer's phone to committed by the product.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::step::say;

use super::chats::{Chat, open, open_theirs};
use super::clock::{Moment, count};
use super::http::text;
use super::many::side_by_side;
use super::outbound::{Seen, costs};
use super::report::{Figure, Report};
use super::stage::{Stage, THREADS, stranger};
use super::usage::Meter;

/// New inbound messages, as the product counts them.
pub(super) const RECORDED: &str = r#"switchyard_inbound_total{outcome="new"}"#;

/// Messages of each customer.
const MESSAGES: usize = 10;

/// What follows a commit belongs to the cost of a message.
const AFTERMATH: Duration = Duration::from_secs(1);

/// All customers at once, on both sides.
pub(super) fn measure(stage: &mut Stage, report: &mut Report) -> Result<()> {
    open(stage)?;
    let ours = ours(stage)?;
    let theirs = match stage.baileys {
        Some(_) => Some(theirs(stage)?),
        None => None,
    };
    report.add(
        Figure::more(
            "inbound, typed to committed".to_owned(),
            "messages/s",
            ours.per_second,
            theirs.as_ref().map(|it| it.per_second),
        )
        .goal("≥ 3,000/s"),
    );
    costs(report, "inbound", &ours, theirs.as_ref());
    report.note("inbound: 1,000 customers type 10 messages each at the network's control API, from 32 connections without a pause; from the first request to the last row's `created_at`, each row there once, in order. The typing is part of it. Baileys: until its last `messages.upsert`");
    Ok(())
}

/// Lets a customer write to a phone.
pub(super) fn write(stage: &Stage, customer: &str, to: &str) -> Result<String> {
    let message = json!({ "to": to, "text": "Is my order ready?" });
    let path = format!("/phones/{customer}/messages");
    let answer = stage.network.http.post(&path, &message)?;
    text(&answer, "id").map(str::to_owned)
}

fn ours(stage: &Stage) -> Result<Seen> {
    let writes: Vec<&Chat> = (0..MESSAGES).flat_map(|_| &stage.chats).collect();
    let total = count(writes.len());
    let before = stage.counter(RECORDED)?;
    let meter = stage.meter()?;
    let start = Moment::now();
    side_by_side(THREADS, &writes, |chat| {
        write(stage, &chat.customer, &chat.shop).map(drop)
    })?;
    let typed = total * 1_000.0 / Moment::now().since(start);
    stage.wait_for(RECORDED, before, total)?;
    thread::sleep(AFTERMATH);
    let cost = meter.per(total)?;
    let ends = side_by_side(THREADS, &stage.chats, |chat| last_commit(stage, chat))?;
    let end = ends.into_iter().fold(start, Moment::later);
    let per_second = total * 1_000.0 / end.since(start);
    say(&format!(
        "  switchyard: {per_second:.0} messages/s, typed at {typed:.0}/s"
    ));
    Ok(Seen { per_second, cost })
}

fn last_commit(stage: &Stage, chat: &Chat) -> Result<Moment> {
    let rows = chat.messages(stage, MESSAGES)?;
    let inbound = |row: &Value| text(row, "direction").is_ok_and(|it| it == "inbound");
    ensure!(
        rows.len() == MESSAGES && rows.iter().all(inbound),
        "a chat lost a message"
    );
    let last = rows.last().context("an empty chat")?;
    Moment::parse(text(last, "created_at")?)
}

fn theirs(stage: &mut Stage) -> Result<Seen> {
    let chats = open_theirs(stage)?;
    let writes: Vec<(String, &String)> = (0..MESSAGES)
        .flat_map(|_| chats.iter().enumerate())
        .flat_map(|(session, customers)| customers.iter().map(move |it| (stranger(session), it)))
        .collect();
    let network = stage.network.pid();
    let baileys = stage.baileys.as_mut().context("Baileys")?;
    let meter = Meter::start(baileys.pid(), network)?;
    let before = baileys.ask(&json!({ "do": "received" }))?;
    let before = received(&before)?;
    let until = before.saturating_add(u64::try_from(writes.len())?);
    baileys.begin(&json!({ "do": "receive", "until": until }))?;
    let start = Moment::now();
    side_by_side(THREADS, &writes, |(to, customer)| {
        write(stage, customer, to).map(drop)
    })?;
    let answer = stage.baileys.as_mut().context("Baileys")?.answer()?;
    thread::sleep(AFTERMATH);
    // What its connections lost under this load came again later, or not: what it received counts.
    let total = received(&answer)?.saturating_sub(before);
    let total = count(usize::try_from(total)?);
    let cost = meter.per(total)?;
    let end = answer
        .get("end")
        .and_then(Value::as_f64)
        .context("a time")?;
    let per_second = total * 1_000.0 / Moment::of_epoch_ms(end).since(start);
    say(&format!("  Baileys: {per_second:.0} messages/s"));
    Ok(Seen { per_second, cost })
}

/// How many messages Baileys says that it has received so far.
fn received(answer: &Value) -> Result<u64> {
    let received = answer.get("count").and_then(Value::as_u64);
    received.context("Baileys says no count")
}
