//! What a job answers, and how that becomes an end in the jobs table.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use store::jobs::End;
use switchyard_core::job::Job;
use switchyard_core::{BusinessId, JobId, Timestamp};

use crate::options::Pace;

/// One attempt at a job.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The job's id.
    pub id: JobId,
    /// Whose it is; `None` for the platform's own.
    pub business: Option<BusinessId>,
    /// What to do.
    pub job: Job,
    /// 1 for the first attempt.
    pub attempt: u16,
}

/// Carries out one attempt.
pub type Perform = Arc<dyn Fn(Assignment) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do.
    Done,
    /// Not finished, through no fault: again after a while, behind the business's turn. Does not count as an attempt.
    Again {
        /// After so long.
        after: Duration,
        /// Why.
        code: &'static str,
    },
    /// Failed: again after the queue's back-off, or dead when that was its last attempt.
    Failed {
        /// Why.
        code: &'static str,
    },
    /// Cannot succeed, however often it is tried.
    Dead {
        /// Why.
        code: &'static str,
    },
}

impl Outcome {
    /// What is recorded. `jitter` is 0 to 1 and lengthens the wait by up to a quarter, so that what failed
    /// together does not come back together.
    pub(crate) fn end(
        self,
        job: &Job,
        attempt: u16,
        now: Timestamp,
        pace: &Pace,
        jitter: f64,
    ) -> End {
        match self {
            Self::Done => End::Done,
            Self::Again { after, code } => End::RetryAt {
                at: now.plus(after),
                code,
                counts: false,
            },
            Self::Dead { code } => End::Dead { code },
            Self::Failed { code } => {
                let policy = job.queue().policy();
                if attempt >= policy.attempts {
                    return End::Dead { code };
                }
                let wait = policy.backoff_after(attempt).min(pace.backoff_at_most);
                End::RetryAt {
                    at: now.plus(wait.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 4.0)),
                    code,
                    counts: true,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn a_failed_attempt_waits_longer_each_time_and_the_last_one_is_dead() {
        let failed = Outcome::Failed { code: "refused" };
        let end = |attempt, jitter| failed.end(&Job::Prune, attempt, NOW, &Pace::default(), jitter);
        let at = |wait_ms| End::RetryAt {
            at: Timestamp(NOW.ms() + wait_ms),
            code: "refused",
            counts: true,
        };
        assert_eq!(end(1, 0.0), at(60_000));
        assert_eq!(end(2, 1.0), at(75_000));
        assert_eq!(end(3, 0.0), End::Dead { code: "refused" });
    }

    #[test]
    fn what_is_not_finished_through_no_fault_comes_again_uncounted_and_never_dies() {
        let again = Outcome::Again {
            after: Duration::from_secs(1),
            code: "more",
        };
        let end = again.end(&Job::Prune, u16::MAX, NOW, &Pace::default(), 0.5);
        let expected = End::RetryAt {
            at: Timestamp(NOW.ms() + 1_000),
            code: "more",
            counts: false,
        };
        assert_eq!(end, expected);
    }
}
