//! Keeping the claims of this process alive, and taking up those of processes that died.

use std::time::Duration;

use switchyard_core::Timestamp;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::process::Process;

/// Lapsed claims that are taken up in one look; more are found by the next one, which follows at once.
const REAP: u32 = 100;
/// How often the depths of the queues are counted: it reads every waiting row.
const COUNT: Duration = Duration::from_secs(10);

/// Renews every claim of this process in one statement, every quarter of a lease. Not apalis's heartbeat:
/// that one is silent while all slots are busy.
pub(crate) async fn renew(process: Process, stop: CancellationToken) {
    let mut ticks = ticks(process.pace.lease / 4);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let held = process.holdings.list();
        if held.is_empty() {
            continue;
        }
        let lease = process.pace.lease;
        match store::jobs::renew(&process.store, &process.worker, held, lease).await {
            Ok(lost) => {
                let lost = process.holdings.lose(&lost);
                process
                    .metrics
                    .lost
                    .inc_by(u64::try_from(lost).unwrap_or(0));
            }
            Err(error) => process.metrics.refused("renew", &error),
        }
    }
}

/// Takes up lapsed claims, every quarter of a lease: again after a wait, or dead.
pub(crate) async fn reap(process: Process, stop: CancellationToken) {
    let mut ticks = ticks(process.pace.lease / 4);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        match store::jobs::reap(&process.store, Timestamp::now(), REAP).await {
            Ok(0) => {}
            Ok(reaped) => {
                tracing::warn!(jobs.reaped = reaped, "{reaped} jobs had lost their worker");
                if reaped >= u64::from(REAP) {
                    ticks.reset_immediately();
                }
            }
            Err(error) => process.metrics.refused("reap", &error),
        }
    }
}

/// Shows the depths of the queues.
pub(crate) async fn count(process: Process, stop: CancellationToken) {
    let mut ticks = ticks(COUNT);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let now = Timestamp::now();
        match store::jobs::counts(&process.store, now).await {
            Ok(counts) => process.metrics.show(&counts, now),
            Err(error) => process.metrics.refused("count", &error),
        }
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
