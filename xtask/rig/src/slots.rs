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
/// How long a slot is kept where there are not enough of them; where there are it is given back at once.
const KEPT: Duration = Duration::from_millis(1);
/// How long each race lasts, and how often there is one: in turns, so that what else the machine does meets all alike.
const TIME: Duration = Duration::from_secs(1);
const ROUNDS: usize = 4;
/// The ways, by their names.
const WAYS: [(&str, Way); 3] = [
    ("leases", Way::Leases),
    ("counter", Way::Counter),
    ("optimistic", Way::Optimistic),
];

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

/// Races each way, calm and crowded, in turns. An error: more had a slot at one instant than there are.
pub(crate) async fn measure(url: &str) -> Result<Value> {
    let business = BusinessId::generate();
    let mut seen = serde_json::Map::new();
    for (load, clients) in [("calm", CALM), ("crowded", CROWD)] {
        let mut races = WAYS.map(|(name, way)| (name, way, Race::default()));
        for _ in 0..ROUNDS {
            for (_, way, race) in &mut races {
                race.run(url, *way, business, clients).await?;
            }
        }
        let counted = races.map(|(name, _, race)| (name.to_owned(), race.json()));
        seen.insert(
            load.to_owned(),
            Value::Object(counted.into_iter().collect()),
        );
    }
    Ok(json!({ "limit": LIMIT, "calm": CALM, "crowd": CROWD, "loads": seen }))
}

/// All rounds of one way with so many clients.
#[derive(Default)]
struct Race {
    seen: Seen,
    peak: u32,
    time: Duration,
}

impl Race {
    async fn run(&mut self, url: &str, way: Way, business: BusinessId, clients: u32) -> Result<()> {
        let gates = Gate::open(url, way, business, clients).await?;
        let witness = Arc::new(Witness::default());
        let prefix: u32 = rand::random();
        let start = Instant::now();
        let mut visits = JoinSet::new();
        for (number, gate) in (0_u32..).zip(gates) {
            // As long as the ids of calls are.
            let id = format!("CA{prefix:08x}{number:08x}");
            let crowded = clients > LIMIT;
            visits.spawn(visit(gate, id, start, crowded, Arc::clone(&witness)));
        }
        while let Some(seen) = visits.join_next().await {
            let mut seen = seen??;
            self.seen.taken = self.seen.taken.saturating_add(seen.taken);
            self.seen.refused = self.seen.refused.saturating_add(seen.refused);
            self.seen.times.append(&mut seen.times);
        }
        self.time = self.time.saturating_add(start.elapsed());
        self.peak = self.peak.max(witness.peak.load(Ordering::SeqCst));
        ensure!(
            self.peak <= LIMIT || way != Way::Leases,
            "{} had a slot at once, of {LIMIT}",
            self.peak
        );
        Ok(())
    }

    fn json(mut self) -> Value {
        self.seen.times.sort_unstable();
        let per_second = |count: u64| {
            f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / self.time.as_secs_f64()
        };
        json!({
            "taken_per_second": per_second(self.seen.taken),
            "refused_per_second": per_second(self.seen.refused),
            "peak": self.peak,
            "p50_us": per_mille(&self.seen.times, 500),
            "p99_us": per_mille(&self.seen.times, 990),
        })
    }
}

/// Takes a slot for one call after the other and gives it back.
async fn visit(
    mut gate: Gate,
    id: String,
    start: Instant,
    crowded: bool,
    witness: Arc<Witness>,
) -> Result<Seen> {
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
        if crowded {
            tokio::time::sleep(KEPT).await;
        }
        witness.live.fetch_sub(1, Ordering::SeqCst);
        gate.give_back(&id).await?;
        seen.taken = seen.taken.saturating_add(1);
    }
    Ok(seen)
}
