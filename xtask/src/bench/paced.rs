//! Open-loop load: things begin at a fixed rate, whether or not those before have ended.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::http::CONNECTIONS;
use super::many::side_by_side;

/// The threads have started by then.
const LEAD: Duration = Duration::from_millis(100);

/// One thing that was done.
pub(super) struct Done<T> {
    pub(super) number: usize,
    /// From the instant at which it should have begun until its end: a server that stalls makes every one wait that was
    /// to begin meanwhile, and all these waits count.
    pub(super) ms: f64,
    pub(super) answer: T,
}

/// Does `work` for the numbers below `count`, so many a second, in as many threads as there are connections.
pub(super) fn paced<T: Send>(
    per_second: u32,
    count: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<Done<T>>> {
    let numbers: Vec<usize> = (0..count).collect();
    let start = Instant::now() + LEAD;
    let every = Duration::from_secs(1) / per_second.max(1);
    side_by_side(CONNECTIONS, &numbers, |number| {
        let due = start + every.saturating_mul(u32::try_from(*number)?);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let answer = work(*number)?;
        Ok(Done {
            number: *number,
            ms: due.elapsed().as_secs_f64() * 1_000.0,
            answer,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_to_wait_for_a_stall_counts_its_wait() {
        let stall = std::sync::Mutex::new(());
        let done = paced(1_000, 20, |number| {
            let _turn = stall.lock();
            if number == 0 {
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        })
        .unwrap();
        let late = done.iter().filter(|it| it.ms >= 70.0).count();
        assert_eq!(done.len(), 20);
        assert!(late >= 15, "{late} of 20 count the stall");
    }
}
