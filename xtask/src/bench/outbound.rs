//! Outbound: from accepted by the API to acknowledged by WhatsApp's server.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::step::say;

use super::chats::{ACKNOWLEDGED, Chat, open, open_theirs};
use super::clock::{Moment, count};
use super::http::text;
use super::many::side_by_side;
use super::report::{Figure, Report};
use super::stage::{Stage, THREADS};
use super::usage::{Cost, Meter};

/// Messages of each chat.
const MESSAGES: usize = 10;

/// Baileys begins no send after this, so that a run ends in time on a busy machine too.
const THEIR_LIMIT_MS: u32 = 40_000;

/// What follows an acknowledgement, the receipts above all, belongs to the cost of a message.
const AFTERMATH: Duration = Duration::from_secs(2);

/// What was seen of one side.
pub(super) struct Seen {
    pub(super) per_second: f64,
    /// A message's.
    pub(super) cost: Cost,
}

/// All chats at once, on both sides.
pub(super) fn measure(stage: &mut Stage, report: &mut Report) -> Result<()> {
    open(stage)?;
    let (ours, accepted) = ours(stage)?;
    let theirs = match stage.baileys {
        Some(_) => Some(theirs(stage)?),
        None => None,
    };
    report.add(
        Figure::more(
            "outbound, accepted to acknowledged".to_owned(),
            "messages/s",
            ours.per_second,
            theirs.as_ref().map(|it| it.per_second),
        )
        .goal("≥ 2,000/s, ≥ 2×"),
    );
    report.add(Figure::more(
        "outbound, accepted by the API".to_owned(),
        "messages/s",
        accepted,
        None,
    ));
    costs(report, "outbound", &ours, theirs.as_ref());
    report.note("outbound: 50 sessions × 20 open chats × 10 messages, `POST /v1/messages` from 32 connections without a pause; from the first request to the last row's `sent_at`; every commit durable. Each row was `sent` and each customer's phone showed each message once, else there is no figure. Baileys: the same shape, `sendMessage` to all chats in turn, 32 at a time and for 40 s at most, until the last acknowledgement; what is acknowledged counts, for under full load it loses connections and what was on them");
    Ok(())
}

/// The rows about processor time.
pub(super) fn costs(report: &mut Report, what: &str, ours: &Seen, theirs: Option<&Seen>) {
    let mut add = |of: &str, part: fn(Cost) -> f64, goal| {
        let figure = Figure::less(
            format!("{what}, processor time a message{of}"),
            "ms",
            part(ours.cost),
            theirs.map(|it| part(it.cost)),
        );
        report.add(figure.goal(goal));
    };
    add("", |cost| cost.client, "");
    add(
        " of the simulated network",
        |cost| cost.network,
        "≤ 0.2 ms: 5,000/s a core",
    );
    add(" of the load itself", |cost| cost.load, "");
}

fn ours(stage: &Stage) -> Result<(Seen, f64)> {
    let sends: Vec<&Chat> = (0..MESSAGES).flat_map(|_| &stage.chats).collect();
    let total = count(sends.len());
    let before = stage.counter(ACKNOWLEDGED)?;
    let meter = stage.meter()?;
    let start = Moment::now();
    side_by_side(THREADS, &sends, |chat| {
        chat.send(&stage.api, "Your order is ready").map(drop)
    })?;
    let accepted = total * 1_000.0 / Moment::now().since(start);
    stage.wait_for(ACKNOWLEDGED, before, total)?;
    thread::sleep(AFTERMATH);
    let cost = meter.per(total)?;
    let ends = side_by_side(THREADS, &stage.chats, |chat| check(stage, chat))?;
    let end = ends.into_iter().fold(start, Moment::later);
    let per_second = total * 1_000.0 / end.since(start);
    say(&format!("  switchyard: {per_second:.0} messages/s"));
    Ok((Seen { per_second, cost }, accepted))
}

/// When the last message of the chat was acknowledged; an error when one is missing anywhere.
fn check(stage: &Stage, chat: &Chat) -> Result<Moment> {
    let rows = chat.messages(stage, MESSAGES)?;
    ensure!(rows.len() == MESSAGES, "a chat lost a message");
    let shown = chat.on_the_phone(&stage.network)?;
    let mut last = None;
    for row in &rows {
        let on_phone = shown.get(text(row, "wa_id")?);
        let times = on_phone
            .and_then(|it| it.get("shown"))
            .and_then(Value::as_u64);
        ensure!(
            times == Some(1),
            "a message was shown {times:?} times: {row}"
        );
        last = Some(Moment::parse(text(row, "sent_at")?)?);
    }
    last.context("an empty chat")
}

fn theirs(stage: &mut Stage) -> Result<Seen> {
    let chats = open_theirs(stage)?;
    let network = stage.network.pid();
    let baileys = stage.baileys.as_mut().context("Baileys")?;
    let meter = Meter::start(baileys.pid(), network)?;
    let command = json!({ "do": "send", "chats": chats, "messages": MESSAGES, "at_once": THREADS, "limit_ms": THEIR_LIMIT_MS });
    let answer = baileys.ask(&command)?;
    thread::sleep(AFTERMATH);
    let at = |field| {
        answer
            .get(field)
            .and_then(Value::as_f64)
            .context("a number")
    };
    let total = at("acknowledged")?;
    let cost = meter.per(total)?;
    let per_second = total * 1_000.0 / (at("end")? - at("start")?);
    say(&format!(
        "  Baileys: {per_second:.0} messages/s, {total} of {} acknowledged, {} connections lost so far",
        at("sent")?,
        at("lost")?
    ));
    Ok(Seen { per_second, cost })
}
