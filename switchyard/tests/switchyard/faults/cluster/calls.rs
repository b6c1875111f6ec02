//! Faults on the calls of a cluster: what counts them is wiped and goes away, callbacks are lost, replicas die and leave.
//! Who was taken is the ledger of the network that calls, never a count of ours.

mod agent;
mod clocks;
mod hall;
mod limits;
mod replicas;

use std::env;
use std::time::Duration;

use super::super::report;
use hall::Hall;

/// How large a storm is and how long something is away.
struct Scale {
    per_second: f64,
    seconds: u64,
    /// What each caller of the storm does who is taken.
    stays: &'static str,
    /// How long Redis is away.
    outage: Duration,
    /// Calls whose callbacks are lost, repeated and told in another order.
    troubled: usize,
    /// Calls that stay while replicas die and leave.
    staying: usize,
    /// How soon slots are those of live calls again.
    right: Duration,
}

const SHORT: Scale = Scale {
    per_second: 30.0,
    seconds: 5,
    stays: "wait 2s\nhangup",
    outage: Duration::from_secs(3),
    troubled: 12,
    staying: 15,
    // Whoever tests may have a machine that does something else beside it.
    right: Duration::from_mins(2),
};

const LONG_ONE: Scale = Scale {
    per_second: 500.0,
    seconds: 10,
    stays: "wait 2s\nhangup",
    outage: Duration::from_secs(30),
    troubled: 45,
    staying: 60,
    right: Duration::from_secs(30),
};

fn scale() -> Scale {
    match env::var("SWITCHYARD_TEST_CLUSTER") {
        Ok(word) if word == "long" => LONG_ONE,
        _ => SHORT,
    }
}

/// Tells what the network counted; there was never one call more than lines.
async fn judged(hall: &Hall, fault: &str, lines: u32, more: &str) {
    let stats = hall.stats().await;
    report::calls(fault, lines, &stats, more);
    assert!(
        stats["peak_admitted"].as_u64().unwrap() <= u64::from(lines),
        "{fault}: {stats}"
    );
}

fn in_seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Fails when one of these calls is over.
async fn all_stay(hall: &Hall, staying: &[String]) {
    let taken = hall.taken().await;
    let gone: Vec<_> = staying.iter().filter(|it| !taken.contains(*it)).collect();
    assert!(gone.is_empty(), "calls broke off: {gone:?}");
}
