//! Putting a job into its queue, in the caller's transaction.

use std::collections::HashSet;
use std::time::Duration;

use switchyard_core::job::Job;
use switchyard_core::{BusinessId, JobId, Timestamp};
use uuid::Uuid;

use super::{ms, sql};
use crate::hints::Hint;
use crate::run::{answered, execute, fetch_optional, hex};
use crate::statement::statements;
use crate::{Engine, Error, Lane, Result, Store, Tx};

statements! {
    /// A waiting job with the same unique key makes this one needless; a running one does not. Touching that row
    /// locks it until the commit: it cannot be claimed and carried out before what this push is about is visible. It keeps
    /// the trace of whoever pushed it first.
    PUSH: across_tenants = {
        sqlite: "insert into jobs
                (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at,
                    trace)
            values ($1, $2, $3, $4, $5, 'waiting', 0, $6, 0, 0, $7, $8, $9)
            on conflict (unique_key) where state = 'waiting' do update set run_at = min(jobs.run_at, excluded.run_at),
                    trace = coalesce(jobs.trace, excluded.trace)
            returning id",
        postgres: "insert into jobs
                (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at,
                    trace)
            values ($1, $2, $3, $4, $5, 'waiting', 0, $6, 0, 0, $7, $8, $9)
            on conflict (unique_key) where state = 'waiting' do update set run_at = least(jobs.run_at, excluded.run_at),
                    trace = coalesce(jobs.trace, excluded.trace)
            returning id",
    };

    /// The same for the jobs of a whole transaction, no unique key twice.
    PUSH_LAST: across_tenants = {
        sqlite: "insert into jobs
                (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at,
                    trace)
            select unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4, 'waiting', 0,
                value ->> 5, 0, 0, value ->> 6, value ->> 8, value ->> 7
            from json_each($1) where true
            on conflict (unique_key) where state = 'waiting' do update set run_at = min(jobs.run_at, excluded.run_at),
                    trace = coalesce(jobs.trace, excluded.trace)",
        postgres: "insert into jobs
                (id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, unique_key, created_at,
                    trace)
            select id, queue, business, kind, payload, 'waiting', 0, run_at, 0, 0, unique_key, created_at, trace
            from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
                    $9::bigint[])
                as new (id, queue, business, kind, payload, run_at, unique_key, trace, created_at)
            on conflict (unique_key) where state = 'waiting' do update set run_at = least(jobs.run_at, excluded.run_at),
                    trace = coalesce(jobs.trace, excluded.trace)",
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
    let trace = tx.trace.as_ref().map(ToString::to_string);
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
        now.ms(),
        trace
    )?;
    tx.changed(1);
    if run_at <= now {
        tx.hint(Hint::Jobs(queue));
    }
    let (stored,) = row.ok_or(Error::Conflict("job_vanished"))?;
    Ok(stored == id)
}

/// Puts a job of a business into its queue like [`push`], to run at once, with the last statements of the
/// transaction: those of all its verbs together. For whoever need not know whether it is new.
pub(crate) fn push_last(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    job: &Job,
) -> Result<()> {
    push_last_at(tx, now, business, job, now)
}

/// The same for a job that is to run later.
pub(crate) fn push_last_at(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    job: &Job,
    run_at: Timestamp,
) -> Result<()> {
    let queue = job.queue();
    if run_at <= now {
        tx.hint(Hint::Jobs(queue));
    }
    tx.jobs.push(NewJob {
        id: JobId::generate().uuid(),
        queue: queue.name(),
        business,
        kind: job.kind(),
        payload: serde_json::to_string(job)?,
        unique_key: job.unique_key(),
        now,
        run_at,
        trace: tx.trace.as_ref().map(ToString::to_string),
    });
    Ok(())
}

/// A job that a transaction will write among its last statements.
#[derive(Debug, Clone)]
pub(crate) struct NewJob {
    id: Uuid,
    queue: &'static str,
    business: BusinessId,
    kind: &'static str,
    payload: String,
    unique_key: Option<String>,
    now: Timestamp,
    run_at: Timestamp,
    trace: Option<String>,
}

/// Writes the gathered jobs. Of those with one unique key the earliest: no row is met twice.
pub(crate) async fn flush(tx: &mut Tx) -> Result<()> {
    let mut keys = HashSet::new();
    let mut jobs = std::mem::take(&mut tx.jobs);
    jobs.sort_by_key(|job| job.run_at);
    jobs.retain(|job| job.unique_key.clone().is_none_or(|key| keys.insert(key)));
    if jobs.is_empty() {
        return Ok(());
    }
    // In the order of keys, so that two transactions never wait for each other's rows in a circle.
    jobs.sort_by(|a, b| (&a.unique_key, a.id).cmp(&(&b.unique_key, b.id)));
    tx.changed(u64::try_from(jobs.len()).unwrap_or(u64::MAX));
    let patience = tx.patience();
    match tx.engine() {
        Engine::Sqlite(connection) => {
            sqlx::query(PUSH_LAST.sqlite)
                .bind(as_json(&jobs)?)
                .execute(connection)
                .await?;
        }
        Engine::Postgres(connection) => {
            let pushed = sqlx::query(PUSH_LAST.postgres)
                .bind(jobs.iter().map(|it| it.id).collect::<Vec<_>>())
                .bind(jobs.iter().map(|it| it.queue).collect::<Vec<_>>())
                .bind(jobs.iter().map(|it| it.business.uuid()).collect::<Vec<_>>())
                .bind(jobs.iter().map(|it| it.kind).collect::<Vec<_>>())
                .bind(
                    jobs.iter()
                        .map(|it| it.payload.as_str())
                        .collect::<Vec<_>>(),
                )
                .bind(jobs.iter().map(|it| it.run_at.ms()).collect::<Vec<_>>())
                .bind(
                    jobs.iter()
                        .map(|it| it.unique_key.as_deref())
                        .collect::<Vec<_>>(),
                )
                .bind(
                    jobs.iter()
                        .map(|it| it.trace.as_deref())
                        .collect::<Vec<_>>(),
                )
                .bind(jobs.iter().map(|it| it.now.ms()).collect::<Vec<_>>())
                .execute(connection);
            answered(patience, pushed).await?;
        }
    }
    Ok(())
}

/// Jobs by row, as SQLite's `json_each` takes them.
fn as_json(jobs: &[NewJob]) -> Result<String> {
    let mut rows = Vec::with_capacity(jobs.len());
    for job in jobs {
        rows.push((
            hex(job.id),
            job.queue,
            hex(job.business.uuid()),
            job.kind,
            job.payload.as_str(),
            job.run_at.ms(),
            job.unique_key.as_deref(),
            job.trace.as_deref(),
            job.now.ms(),
        ));
    }
    Ok(serde_json::to_string(&rows)?)
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
