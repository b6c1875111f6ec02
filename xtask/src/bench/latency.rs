//! Latency of a product with nothing else to do.

use std::thread;

use anyhow::{Context, Result};

use super::chats::{ACKNOWLEDGED, open};
use super::clock::{Moment, count, percentile};
use super::http::text;
use super::inbound::{RECORDED, write};
use super::report::{Figure, Report};
use super::stage::Stage;
use super::wire::{PAUSE, Times, opened};

/// How many messages each way.
const MESSAGES: usize = 200;

/// Single messages, one after the other, each to another chat.
pub(super) fn measure(stage: &mut Stage, report: &mut Report) -> Result<()> {
    open(stage)?;
    let before = stage.counter(ACKNOWLEDGED)?;
    let mut times = Times::of(&stage.api, &stage.network, &stage.chats, MESSAGES, |sent| {
        stage.wait_for(ACKNOWLEDGED, before, count(sent))
    })?;
    let mut commit = inbound(stage)?;
    for (what, values, goal) in [
        ("request to 202, idle", &mut times.accept, [None, None]),
        (
            "202 to the wire, idle",
            &mut times.wire,
            [None, Some("≤ 30 ms")],
        ),
        (
            "customer's phone to commit, idle",
            &mut commit,
            [None, None],
        ),
    ] {
        for (percent, goal) in [50, 95].into_iter().zip(goal) {
            let value = percentile(values, percent);
            let figure = Figure::less(format!("{what}, p{percent}"), "ms", value, None);
            report.add(match goal {
                Some(goal) => figure.goal(goal),
                None => figure,
            });
        }
    }
    report.note("latency: 200 single messages each way, one every 50 ms, each in another open chat. The wire: when the customer's phone had opened the message, by the network's ledger, so the network's own work is in it; negative where that came before the 202 was read. Inbound: from the network's ledger to the row's `created_at`");
    Ok(())
}

/// Milliseconds from the customer's phone to the commit, of each message.
fn inbound(stage: &Stage) -> Result<Vec<f64>> {
    let before = stage.counter(RECORDED)?;
    let mut written = Vec::new();
    for chat in stage.chats.iter().take(MESSAGES) {
        written.push((chat, write(stage, &chat.customer, &chat.shop)?));
        thread::sleep(PAUSE);
    }
    stage.wait_for(RECORDED, before, count(written.len()))?;
    written
        .iter()
        .map(|(chat, id)| {
            let rows = chat.messages(stage, 1)?;
            let row = rows.first().context("an empty chat")?;
            let committed = Moment::parse(text(row, "created_at")?)?;
            Ok(committed.since(opened(&stage.network, chat, id)?))
        })
        .collect()
}
