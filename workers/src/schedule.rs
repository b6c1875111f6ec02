//! The regular jobs: each tick is pushed once, however many processes tick.

use std::time::Duration;

use switchyard_core::Timestamp;
use switchyard_core::job::Job;
use tokio_util::sync::CancellationToken;

use crate::process::Process;

/// What runs how often. Lost drains and passed deadlines show within ten seconds; old rows can wait a minute, and so can
/// what businesses keep; for how many days they keep it is looked at every hour.
const REGULAR: [(Job, Duration); 5] = [
    (Job::SweepChats, Duration::from_secs(10)),
    (Job::ExpireMessages, Duration::from_secs(10)),
    (Job::Prune, Duration::from_mins(1)),
    (Job::MeasureStorage, Duration::from_mins(1)),
    (Job::ApplyRetention, Duration::from_hours(1)),
];

/// Pushes every regular job at its ticks until stopped; the tick of the present moment at once.
pub(crate) async fn run(process: Process, stop: CancellationToken) {
    loop {
        let now = Timestamp::now();
        for (job, every) in &REGULAR {
            if let Err(error) = store::jobs::tick(&process.store, now, job, *every).await {
                process.metrics.refused("tick", &error);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(until_next(now)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Until the next tick of any job.
fn until_next(now: Timestamp) -> Duration {
    let wait = |every: &Duration| {
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
        u64::try_from(every.saturating_sub(now.ms().rem_euclid(every))).unwrap_or(1)
    };
    let soonest = REGULAR.iter().map(|(_, every)| wait(every)).min();
    Duration::from_millis(soonest.unwrap_or(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_tick_is_the_soonest_of_all_jobs() {
        assert_eq!(until_next(Timestamp(120_000)), Duration::from_secs(10));
        assert_eq!(until_next(Timestamp(129_999)), Duration::from_millis(1));
    }
}
