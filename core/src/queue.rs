//! The nine queues and the four groups of workers: the one table that everything else reads.

use std::time::Duration;

use crate::named::named;

named! {
    /// A queue of background jobs; the most urgent first.
    pub enum Queue {
        /// Sending, and later the delivery of webhooks.
        High = "high",
        /// Standard work.
        Default = "default",
        /// Delivery and read receipts.
        Receipts = "receipts",
        /// What later receipts and replies imply for earlier messages.
        ReceiptsSync = "receipts_sync",
        /// Imports and exports.
        Low = "low",
        /// Sweeps, retention, clean-up.
        Maintenance = "maintenance",
        /// Pacing and fan-out of broadcasts.
        Broadcasts = "broadcasts",
        /// Download, upload, thumbnails.
        Media = "media",
        /// Fetching call recordings.
        Recordings = "recordings",
    }
}

named! {
    /// A set of queues that one worker process serves; `--queues` takes its name.
    pub enum Group {
        /// `high`.
        High = "high",
        /// `default`, `receipts`, `receipts_sync`.
        Default = "default",
        /// `low`, `maintenance`, `broadcasts`.
        Low = "low",
        /// `media`, `recordings`.
        Media = "media",
    }
}

/// How often a job of a queue is tried and how long it waits between tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The group that serves the queue.
    pub group: Group,
    /// One attempt may take this long.
    pub timeout: Duration,
    /// So many attempts, then the job is dead.
    pub attempts: u16,
    /// The wait after the first failure.
    pub backoff: Duration,
    /// Whether the wait doubles with every failure.
    pub doubles: bool,
}

impl Queue {
    /// Its row of the table.
    pub const fn policy(self) -> Policy {
        match self {
            Self::High => row(Group::High, 60, 10, 5, true),
            Self::Default => row(Group::Default, 300, 5, 30, true),
            Self::Receipts => row(Group::Default, 60, 5, 5, false),
            Self::ReceiptsSync => row(Group::Default, 300, 5, 30, false),
            Self::Low => row(Group::Low, 600, 3, 60, false),
            Self::Maintenance => row(Group::Low, 300, 3, 60, false),
            Self::Broadcasts => row(Group::Low, 900, 5, 60, false),
            Self::Media => row(Group::Media, 900, 5, 30, false),
            Self::Recordings => row(Group::Media, 600, 5, 30, false),
        }
    }
}

const fn row(group: Group, timeout_s: u64, attempts: u16, backoff_s: u64, doubles: bool) -> Policy {
    Policy {
        group,
        timeout: Duration::from_secs(timeout_s),
        attempts,
        backoff: Duration::from_secs(backoff_s),
        doubles,
    }
}

impl Policy {
    /// The wait after the `failures`-th failure (1 is the first), before jitter; at most one hour.
    pub fn backoff_after(&self, failures: u16) -> Duration {
        let doublings = if self.doubles {
            u32::from(failures.saturating_sub(1)).min(16)
        } else {
            0
        };
        self.backoff
            .saturating_mul(1 << doublings)
            .min(Duration::from_hours(1))
    }
}

impl Group {
    /// The queues that this group serves.
    pub fn queues(self) -> impl Iterator<Item = Queue> {
        Queue::ALL
            .into_iter()
            .filter(move |queue| queue.policy().group == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_belongs_to_one_group_and_reads_back_by_name() {
        let served: Vec<Queue> = Group::ALL.into_iter().flat_map(Group::queues).collect();
        assert_eq!(served.len(), Queue::ALL.len());
        for queue in Queue::ALL {
            assert_eq!(Queue::parse(queue.name()), Some(queue));
        }
    }

    #[test]
    fn the_wait_doubles_only_where_the_table_says_so() {
        assert_eq!(
            Queue::High.policy().backoff_after(1),
            Duration::from_secs(5)
        );
        assert_eq!(
            Queue::High.policy().backoff_after(4),
            Duration::from_secs(40)
        );
        assert_eq!(Queue::Low.policy().backoff_after(3), Duration::from_mins(1));
        assert_eq!(
            Queue::High.policy().backoff_after(u16::MAX),
            Duration::from_hours(1)
        );
    }
}
