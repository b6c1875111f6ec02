//! Media streams at one replica: calls whose audio goes to a program of their business and comes back, 50 frames a second
//! each way, with the time that each frame took to pass the replica.
//!
//! The provider and the program are both here, so that one clock says when a frame was due and when it came. A frame's time
//! runs from the instant at which it was due: a replica that stalls makes every frame wait that was due meanwhile, and all
//! these waits count.

mod caller;
mod frame;
mod line;
mod program;

use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::per_mille;
use caller::Provider;
use frame::{INTERVAL, Window};
use line::Line;
use program::Program;

/// Calls that are placed at a time.
const AT_ONCE: usize = 8;
/// How long the streams run before anything counts, how long it counts, and how long a late frame is waited for.
const WARM_UP: Duration = Duration::from_secs(2);
const COUNTED: Duration = Duration::from_secs(8);
const LATE: Duration = Duration::from_secs(2);

/// What is asked for.
#[derive(Debug, Args)]
pub(crate) struct Wish {
    /// The replica's address, which is its public one too.
    #[arg(long)]
    calls: String,
    /// The account at the provider.
    #[arg(long)]
    account: String,
    /// Its token.
    #[arg(long)]
    token: String,
    /// The business that is called; its flow begins with a bridge to `--program`.
    #[arg(long)]
    business: String,
    /// Its number, with a plus.
    #[arg(long)]
    number: String,
    /// Where the program of the business listens.
    #[arg(long)]
    program: SocketAddr,
    /// How many streams.
    #[arg(long)]
    streams: u32,
}

/// What was counted: frames, and microseconds of each.
#[derive(Debug, Default)]
pub(crate) struct Count {
    frames: u64,
    times: Vec<u32>,
}

impl Count {
    fn add(&mut self, mut other: Self) {
        self.frames = self.frames.saturating_add(other.frames);
        self.times.append(&mut other.times);
    }

    fn json(mut self) -> Value {
        self.times.sort_unstable();
        let at = |share| per_mille(&self.times, share);
        json!({ "frames": self.frames, "p50_us": at(500), "p99_us": at(990), "longest_us": at(1_000) })
    }
}

/// Places the calls, lets their audio run, prints `counting` and `counted` around the time that counts, and ends the calls.
pub(crate) async fn measure(wish: &Wish) -> Result<Value> {
    let window = Arc::new(Window::default());
    let listener = TcpListener::bind(wish.program).await?;
    let over = CancellationToken::new();
    let program = Program::start(listener, Arc::clone(&window), over.clone());
    let provider = Provider::new(wish)?;
    let lines: Vec<Line> = stream::iter(0..wish.streams)
        .map(|number| {
            let (provider, window) = (&provider, Arc::clone(&window));
            async move {
                let call = provider.places(number).await?;
                // Neighbours in time as callers are: not all in one instant.
                let offset = INTERVAL / wish.streams.max(1) * number;
                Line::open(provider, call, offset, window).await
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .context("a stream did not begin")?;
    tokio::time::sleep(WARM_UP).await;
    told("counting")?;
    window.begin();
    tokio::time::sleep(COUNTED).await;
    window.end();
    told("counted")?;
    tokio::time::sleep(LATE).await;
    let (mut sent, mut returned) = (0_u64, Count::default());
    let mut broken = 0_u32;
    let mut sids = Vec::new();
    // Together: a farewell takes the replica a moment.
    for line in &lines {
        line.hang_up();
    }
    for end in join_all(lines.into_iter().map(Line::end)).await {
        broken = broken.saturating_add(u32::from(end.broken));
        sent = sent.saturating_add(end.sent);
        returned.add(end.heard);
        sids.push(end.sid);
    }
    for sid in sids {
        provider.ends(&sid).await?;
    }
    over.cancel();
    let heard = program.end().await?;
    Ok(json!({
        "streams": wish.streams, "broken": broken, "sent": sent,
        "to_program": heard.json(), "to_caller": returned.json(),
    }))
}

/// A word for whoever started this, at once.
fn told(word: &str) -> Result<()> {
    let mut out = stdout();
    writeln!(out, "{word}")?;
    out.flush()?;
    Ok(())
}
