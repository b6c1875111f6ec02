//! Putting a job into its queue, in the caller's transaction.

use std::time::Duration;

use switchyard_core::job::Job;
use switchyard_core::{BusinessId, JobId, Timestamp};
use uuid::Uuid;

use super::{ms, sql};
use crate::hints::Hint;
use crate::run::{execute, fetch_optional};
use crate::statement::statements;
use crate::{Error, Lane, Result, Store, Tx};

statements! {
    /// A waiting job with the same unique key makes this one needless; a running one does not. Touching that row
    /// locks it until the commit: it cannot be claimed and carried out before what this push is about is visible.
    PUSH: across_tenants = {
        sqlite: "insert into jobs
                (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at)
            values ($1, $2, $3, $4, $5, 'waiting', 0, $6, 0, 0, $7, $8)
            on conflict (unique_key) where state = 'waiting' do update set run_at = min(jobs.run_at, excluded.run_at)
            returning id",
        postgres: "insert into jobs
                (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at)
            values ($1, $2, $3, $4, $5, 'waiting', 0, $6, 0, 0, $7, $8)
            on conflict (unique_key) where state = 'waiting' do update set run_at = least(jobs.run_at, excluded.run_at)
            returning id",
    };
}

/// Puts a job into its queue, to run at `run_at`; `None` as the business: work of the platform.
/// Answers false when a waiting job has the same unique key already; that one then runs at the earlier of the two
/// instants.
pub async fn push(
    tx: &mut Tx,
    now: Timestamp,
    business: Option<BusinessId>,
    job: &Job,
    run_at: Timestamp,
) -> Result<bool> {
    let queue = job.queue();
    let payload = serde_json::to_string(job)?;
    let id = JobId::generate().uuid();
    let row = fetch_optional!(
        tx,
        (Uuid,),
        PUSH,
        id,
        queue.name(),
        business.map_or(Uuid::nil(), BusinessId::uuid),
        job.kind(),
        payload.as_str(),
        run_at.ms(),
        job.unique_key(),
        now.ms()
    )?;
    tx.changed(1);
    if run_at <= now {
        tx.hint(Hint::Jobs(queue));
    }
    let (stored,) = row.ok_or(Error::Conflict("job_vanished"))?;
    Ok(stored == id)
}

/// Pushes a regular job of the platform for the tick that `now` lies in. Answers false when this tick was taken
/// before, by whichever process, or the last one still waits. A clock that is set back is followed at once.
pub async fn tick(store: &Store, now: Timestamp, job: &Job, every: Duration) -> Result<bool> {
    let every = ms(every).max(1);
    let input = (now, job.clone(), every);
    store
        .write(Lane::Rest, input, |tx, (now, job, every)| {
            Box::pin(async move {
                let tick = now.ms().div_euclid(*every).saturating_mul(*every);
                let taken = execute!(tx, sql::TICK, job.kind(), tick, *every)?;
                Ok(taken > 0 && push(tx, *now, None, job, *now).await?)
            })
        })
        .await
}
