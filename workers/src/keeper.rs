//! Keeping the claims of this process alive, and taking up those of processes that died.

use std::sync::Arc;
use std::time::Duration;

use switchyard_core::Timestamp;
use switchyard_core::queue::Group;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::claims::KindLane;
use crate::process::Process;

/// Lapsed claims that are taken up in one look; more are found by the next one, which follows at once.
const REAP: u32 = 100;
/// How often a process says that it lives, and what has ended in it.
const BEAT: Duration = Duration::from_secs(5);
/// Within two seconds of an operator's word nobody claims from a paused queue: a look takes some of them.
const PAUSES: Duration = Duration::from_secs(1);
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
            Ok(counts) => {
                process.metrics.show(&counts, now);
                let noted = store::queues::note_depths(&process.store, now, &counts).await;
                if let Err(error) = noted {
                    process.metrics.refused("note_depths", &error);
                }
            }
            Err(error) => process.metrics.refused("count", &error),
        }
    }
}

/// Tells every few seconds, and once more when it stops, that this process lives and what has ended in it.
pub(crate) async fn beat(process: Process, serves: Vec<Group>, stop: CancellationToken) {
    let mut ticks = ticks(BEAT);
    loop {
        let is_last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        let ended = process.tally.take();
        let (store, worker, now) = (&process.store, &process.worker, Timestamp::now());
        if let Err(error) = store::queues::beat(store, now, worker, &serves, ended.clone()).await {
            process.tally.add(&ended);
            process.metrics.refused("beat", &error);
        }
        if is_last {
            return;
        }
    }
}

/// Looks every second which queues are paused. Unanswered, what was known last holds.
pub(crate) async fn obey(process: Process, lanes: Vec<Arc<KindLane>>, stop: CancellationToken) {
    let mut ticks = ticks(process.pace.poll.min(PAUSES));
    loop {
        tokio::select! {
            _ = ticks.tick() => look_for_pauses(&process, &lanes).await,
            () = stop.cancelled() => return,
        }
    }
}

/// Asks which queues are paused, and holds or opens their lanes.
pub(crate) async fn look_for_pauses(process: &Process, lanes: &[Arc<KindLane>]) {
    match store::queues::paused(&process.store).await {
        Ok(paused) => {
            process.metrics.show_paused(&paused);
            for lane in lanes {
                lane.set_paused(paused.contains(&lane.queue));
            }
        }
        Err(error) => process.metrics.refused("paused", &error),
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
