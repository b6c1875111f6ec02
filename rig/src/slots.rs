//! How fast slots are taken and returned: by the verbs of the product, by a bare counter, and by optimistic
//! transactions, one after the other on one server; with as many clients as lines, and with ten times as many.

mod gate;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use switchyard_core::BusinessId;
use tokio::task::JoinSet;

use crate::per_mille;
use gate::{Gate, LIMIT, Way};

/// Clients where there is a line for each, and where there are ten for one.
const CALM: u32 = LIMIT;
const CROWD: u32 = LIMIT * 10;
/// How long each race lasts.
pub(crate) const TIME: Duration = Duration::from_secs(4);

/// What was seen of one race.
#[derive(Default)]
struct Seen {
    taken: u64,
    refused: u64,
    /// Microseconds from asking to the answer.
    times: Vec<u32>,
}

/// How many have a slot, by those who have them: whoever was let in and has not begun to give it back.
#[derive(Default)]
struct Witness {
    live: AtomicU32,
    peak: AtomicU32,
}

/// Races each way, calm and crowded. An error: more had a slot at one instant than there are.
pub(crate) async fn measure(url: &str) -> Result<Value> {
    let business = BusinessId::generate();
    let mut seen = serde_json::Map::new();
    for (name, way) in [
        ("leases", Way::Leases),
        ("counter", Way::Counter),
        ("optimistic", Way::Optimistic),
    ] {
        let calm = race(url, way, business, CALM).await?;
        let crowded = race(url, way, business, CROWD).await?;
        seen.insert(name.to_owned(), json!({ "calm": calm, "crowded": crowded }));
    }
    Ok(json!({ "limit": LIMIT, "calm": CALM, "crowd": CROWD, "ways": seen }))
}

async fn race(url: &str, way: Way, business: BusinessId, clients: u32) -> Result<Value> {
    let gates = Gate::open(url, way, business, clients).await?;
    let witness = Arc::new(Witness::default());
    let prefix: u32 = rand::random();
    let start = Instant::now();
    let mut visits = JoinSet::new();
    for (number, gate) in (0_u32..).zip(gates) {
        // As long as the ids of calls are.
        let id = format!("CA{prefix:08x}{number:08x}");
        visits.spawn(visit(gate, id, start, Arc::clone(&witness)));
    }
    let mut all = Seen::default();
    while let Some(seen) = visits.join_next().await {
        let mut seen = seen??;
        all.taken = all.taken.saturating_add(seen.taken);
        all.refused = all.refused.saturating_add(seen.refused);
        all.times.append(&mut seen.times);
    }
    let seconds = start.elapsed().as_secs_f64();
    let peak = witness.peak.load(Ordering::SeqCst);
    ensure!(
        peak <= LIMIT || way != Way::Leases,
        "{peak} had a slot at once, of {LIMIT}"
    );
    all.times.sort_unstable();
    Ok(json!({
        "taken_per_second": per_second(all.taken, seconds),
        "refused_per_second": per_second(all.refused, seconds),
        "peak": peak,
        "p50_us": per_mille(&all.times, 500),
        "p99_us": per_mille(&all.times, 990),
    }))
}

/// Takes a slot for one call after the other and gives it back at once.
async fn visit(mut gate: Gate, id: String, start: Instant, witness: Arc<Witness>) -> Result<Seen> {
    let mut seen = Seen::default();
    for number in 0_u32.. {
        if start.elapsed() >= TIME {
            break;
        }
        let id = format!("{id}{number:016x}");
        let asked = Instant::now();
        if !gate.take(&id, start).await? {
            seen.refused = seen.refused.saturating_add(1);
            continue;
        }
        let took = asked.elapsed().as_micros();
        seen.times.push(u32::try_from(took).unwrap_or(u32::MAX));
        let live = witness
            .live
            .fetch_add(1, Ordering::SeqCst)
            .saturating_add(1);
        witness.peak.fetch_max(live, Ordering::SeqCst);
        witness.live.fetch_sub(1, Ordering::SeqCst);
        gate.give_back(&id).await?;
        seen.taken = seen.taken.saturating_add(1);
    }
    Ok(seen)
}

fn per_second(count: u64, seconds: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
}
