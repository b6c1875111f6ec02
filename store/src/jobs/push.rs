//! Putting a job into its queue, in the caller's transaction.

use switchyard_core::job::Job;
use switchyard_core::{BusinessId, JobId, Timestamp};
use uuid::Uuid;

use crate::hints::Hint;
use crate::run::execute;
use crate::statement::statements;
use crate::{Result, Tx};

statements! {
    /// A waiting job with the same unique key makes this one needless; a running one does not.
    PUSH = "insert into jobs
            (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at)
        values ($1, $2, $3, $4, $5, 'waiting', 0, $6, 0, 0, $7, $8)
        on conflict (unique_key) where state = 'waiting' do nothing";
}

/// Puts a job into its queue, to run at `run_at`; `None` as the business: work of the platform.
/// Answers false when a waiting job has the same unique key already.
pub async fn push(
    tx: &mut Tx,
    now: Timestamp,
    business: Option<BusinessId>,
    job: &Job,
    run_at: Timestamp,
) -> Result<bool> {
    let queue = job.queue();
    let payload = serde_json::to_string(job)?;
    let pushed = execute!(
        tx,
        PUSH,
        JobId::generate().uuid(),
        queue.name(),
        business.map_or(Uuid::nil(), BusinessId::uuid),
        job.kind(),
        payload.as_str(),
        run_at.ms(),
        job.unique_key(),
        now.ms()
    )?;
    if pushed > 0 && run_at <= now {
        tx.hint(Hint::Jobs(queue));
    }
    Ok(pushed > 0)
}
