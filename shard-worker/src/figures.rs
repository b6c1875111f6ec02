//! How this process does, as it tells with each renewal of its lease.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use store::leases::Figures;

use crate::metrics::Metrics;

/// What the process had used and carried when it was last looked at.
#[derive(Debug)]
pub(crate) struct Gauge {
    metrics: Metrics,
    at: Instant,
    cpu: Duration,
    messages: u64,
}

impl Gauge {
    /// Begins to look.
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            at: Instant::now(),
            cpu: processor_time(),
            messages: messages(&metrics),
            metrics,
        }
    }

    /// How it did since the last look.
    pub(crate) fn read(&mut self) -> Figures {
        let now = Self::new(self.metrics.clone());
        let elapsed = now.at.duration_since(self.at);
        let cpu = now.cpu.saturating_sub(self.cpu);
        let messages = now.messages.saturating_sub(self.messages);
        *self = now;
        Figures {
            cpu_milli: a_second(cpu.as_millis(), elapsed),
            rss_bytes: memory().unwrap_or(0),
            messages_milli: a_second(u128::from(messages).saturating_mul(1_000), elapsed),
        }
    }
}

/// So much within `elapsed` is so much a second.
fn a_second(much: u128, elapsed: Duration) -> i64 {
    let whole = much.saturating_mul(1_000);
    let rate = whole.checked_div(elapsed.as_millis()).unwrap_or(0);
    i64::try_from(rate).unwrap_or(i64::MAX)
}

/// Messages in and out since the start, repeats included.
fn messages(metrics: &Metrics) -> u64 {
    let arrived = ["new", "duplicate", "replaced"].map(|outcome| {
        let counter = metrics.inbound.with_label_values(&[outcome]);
        counter.get()
    });
    let arrived = arrived.into_iter().fold(0, u64::saturating_add);
    arrived.saturating_add(metrics.sends.get())
}

fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// The memory that this process has in use, in bytes, as the kernel tells.
fn memory() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kilobytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_tells_its_memory_and_what_it_used() {
        let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
        let mut gauge = Gauge::new(metrics.clone());
        metrics.sends.inc_by(10);
        let begun = Instant::now();
        // Work, so that there is something to tell.
        while begun.elapsed() < Duration::from_millis(50) {
            std::hint::spin_loop();
        }
        let figures = gauge.read();
        assert!(figures.rss_bytes > 1_000_000, "{figures:?}");
        assert!(figures.cpu_milli > 0, "{figures:?}");
        assert!(figures.messages_milli > 0, "{figures:?}");
        assert_eq!(gauge.read().messages_milli, 0);
    }

    #[test]
    fn a_rate_is_a_second() {
        assert_eq!(a_second(500, Duration::from_secs(1)), 500);
        assert_eq!(a_second(500, Duration::from_secs(5)), 100);
        assert_eq!(a_second(500, Duration::ZERO), 0);
    }
}
