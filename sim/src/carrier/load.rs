//! Many callers at once: a storm of calls at a rate, each with the same script.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::Carrier;
use super::people::Script;

/// The fastest, longest and largest storm.
const PER_SECOND: f64 = 5_000.0;
const SECONDS: u64 = 3_600;
const NUMBERS: usize = 10_000;

/// How many calls of a storm may be on the line at once: this machine has no sockets for more. Callers beyond that
/// are counted and do not call.
const AT_ONCE: u64 = 5_000;

/// A storm.
pub(crate) struct Storm {
    /// Who is called, one after the other.
    pub(crate) to: Vec<String>,
    /// How many call in a second, on the average; the times between them are those of independent callers.
    pub(crate) per_second: f64,
    /// How long, by the world's clock.
    pub(crate) seconds: u64,
    /// What each caller does.
    pub(crate) script: Script,
}

/// What became of the latest storm.
#[derive(Default)]
pub(crate) struct Weather {
    stormy: AtomicBool,
    live: AtomicU64,
    called: AtomicU64,
    skipped: AtomicU64,
}

impl Weather {
    /// As the control API shows it.
    pub(crate) fn describe(&self) -> Value {
        json!({
            "running": self.stormy.load(Ordering::Acquire),
            "live": self.live.load(Ordering::Acquire),
            "called": self.called.load(Ordering::Acquire),
            "skipped": self.skipped.load(Ordering::Acquire),
        })
    }
}

/// Begins a storm; it goes on by itself. Fails when there is one, or it is too large.
pub(crate) fn begin(carrier: &Arc<Carrier>, storm: Storm) -> anyhow::Result<()> {
    ensure!(
        storm.per_second > 0.0 && storm.per_second <= PER_SECOND,
        "a storm has up to {PER_SECOND} calls a second"
    );
    ensure!(
        (1..=SECONDS).contains(&storm.seconds),
        "a storm lasts 1 to {SECONDS} seconds"
    );
    ensure!(
        (1..=NUMBERS).contains(&storm.to.len()),
        "a storm goes to 1 to {NUMBERS} numbers"
    );
    for to in &storm.to {
        ensure!(
            carrier.exchange.number(to).is_some(),
            "nobody has the number {to}"
        );
    }
    let weather = &carrier.weather;
    ensure!(
        !weather.stormy.swap(true, Ordering::AcqRel),
        "there is a storm already"
    );
    weather.called.store(0, Ordering::Release);
    weather.skipped.store(0, Ordering::Release);
    let blown = Arc::clone(carrier);
    carrier.spawn(async move {
        blow(&blown, storm).await;
        blown.weather.stormy.store(false, Ordering::Release);
    });
    Ok(())
}

async fn blow(carrier: &Arc<Carrier>, storm: Storm) {
    let mut next = Instant::now();
    let end = next + Duration::from_secs(storm.seconds);
    for (number, to) in (0_u64..).zip(storm.to.iter().cycle()) {
        // The logarithm of what is never nothing.
        let chance = 1.0 - rand::random::<f64>();
        next += Duration::from_secs_f64(-chance.ln() / storm.per_second);
        if next > end {
            return;
        }
        // Who is late calls at once, so that the rate holds.
        sleep_until(next).await;
        call_once(carrier, number, to, &storm.script);
    }
}

fn call_once(carrier: &Arc<Carrier>, number: u64, to: &str, script: &Script) {
    let weather = &carrier.weather;
    let from = format!("+1999{:08}", number % 100_000_000);
    let full = weather.live.load(Ordering::Acquire) >= AT_ONCE;
    let call = (!full).then(|| carrier.dial(&from, to, script.clone()));
    let Some(Ok(call)) = call else {
        weather.skipped.fetch_add(1, Ordering::AcqRel);
        return;
    };
    weather.called.fetch_add(1, Ordering::AcqRel);
    weather.live.fetch_add(1, Ordering::AcqRel);
    let over = Arc::clone(carrier);
    carrier.spawn(async move {
        call.ended().await;
        over.weather.live.fetch_sub(1, Ordering::AcqRel);
    });
}
