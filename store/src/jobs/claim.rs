//! Claiming due jobs of one kind, in turn between businesses.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use switchyard_core::job::Job;
use switchyard_core::{BusinessId, JobId, Timestamp, Trace};
use uuid::Uuid;

use super::share::{Due, Share, business, divide};
use super::{ms, sql};
use crate::run::{answered, fetch_all, hex};
use crate::{Conn, Engine, Lane, Result, Store, Tx};

/// What a worker asks for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The kind of job.
    pub kind: &'static str,
    /// Who asks; new at every start of a process.
    pub worker: Arc<str>,
    /// The slots that the worker has for this kind, and how many of them are free.
    pub slots: u32,
    /// At most so many jobs are claimed.
    pub free: u32,
    /// Jobs of this kind that the worker runs for each business now.
    pub running: HashMap<Option<BusinessId>, u32>,
    /// The turn begins after this business, which was served last.
    pub after: Option<BusinessId>,
    /// The claims are good for so long, unless they are renewed.
    pub lease: Duration,
}

/// What a worker got.
#[derive(Debug)]
pub struct Taken {
    /// The claimed jobs.
    pub jobs: Vec<Claimed>,
    /// Where the next turn begins.
    pub served: Option<BusinessId>,
    /// Some business has due jobs, of which it gets no more at present.
    pub left_some: bool,
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id.
    pub id: JobId,
    /// Whose it is; `None` for the platform's own.
    pub business: Option<BusinessId>,
    /// What to do; `None` when the stored payload cannot be read.
    pub job: Option<Job>,
    /// 1 for the first attempt.
    pub attempt: u16,
    /// Who finishes it must name this.
    pub fence: i64,
    /// The trace of whoever pushed it.
    pub trace: Option<Trace>,
}

/// Claims due jobs: as many as there are free slots, in turn between businesses, and for one of them no more than
/// a quarter of the slots while another waits. Attempts are raised now, so that a job which ends the process
/// dies after its limit too.
pub async fn claim(store: &Store, now: Timestamp, ask: Ask) -> Result<Taken> {
    let mut conn = store.read().await?;
    let due = due(&mut conn, now, &ask).await?;
    let shares = divide(&due, ask.slots, ask.free, &ask.running);
    let Some(last) = shares.last() else {
        return Ok(Taken {
            jobs: Vec::new(),
            served: ask.after,
            left_some: !due.is_empty(),
        });
    };
    let served = business(last.due.business);
    let picked = match store {
        Store::Sqlite(_) => pick(&mut conn, now, &ask, &shares).await?,
        Store::Postgres(_) => Vec::new(),
    };
    drop(conn);
    let input = (now, ask, shares, picked);
    let jobs = store
        .write_relaxed(Lane::Messages, input, |tx, (now, ask, shares, picked)| {
            Box::pin(take(tx, *now, ask, shares, picked))
        })
        .await?;
    Ok(Taken {
        jobs: jobs.into_iter().map(JobRow::into_claimed).collect(),
        served,
        left_some: true,
    })
}

/// A kind has at most so many priorities.
const PRIORITIES: i64 = 3;

/// The businesses with due jobs, from whose turn it is: as many as can be served beside those that may have their
/// share already, and one more, to know whether another waits.
async fn due(conn: &mut Conn, now: Timestamp, ask: &Ask) -> Result<Vec<Due>> {
    let served = i64::try_from(ask.running.len()).unwrap_or(i64::MAX);
    let businesses = i64::from(ask.free).saturating_add(served).saturating_add(1);
    let limit = businesses.saturating_mul(PRIORITIES);
    let first = ask.after.map_or(Uuid::nil(), |it| successor(it.uuid()));
    let enough = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = walk(conn, now, ask, Uuid::nil(), limit).await?;
    if found.len() < enough {
        // That is all of them, mostly few.
        let turn = found.partition_point(|(id, _)| *id < first);
        found.rotate_left(turn);
    } else {
        let start = std::mem::replace(&mut found, walk(conn, now, ask, first, limit).await?);
        if found.len() < enough {
            found.extend(start.into_iter().take_while(|(id, _)| *id < first));
        }
    }
    let mut due: Vec<Due> = Vec::with_capacity(found.len());
    for (business, priority) in found {
        // Only the most urgent jobs of a business; the rest have their turn when those are taken.
        if due.last().is_none_or(|it| it.business != business) {
            due.push(Due { business, priority });
        }
    }
    Ok(due)
}

/// Businesses with due jobs from an id on, in order, with the priorities of those.
async fn walk(
    conn: &mut Conn,
    now: Timestamp,
    ask: &Ask,
    from: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, i64)>> {
    fetch_all!(conn, (Uuid, i64), sql::DUE, ask.kind, from, now.ms(), limit)
}

/// The jobs of all shares, as they wait now.
async fn pick(conn: &mut Conn, now: Timestamp, ask: &Ask, shares: &[Share]) -> Result<Vec<String>> {
    let mut picked = Vec::new();
    for share in shares {
        let due = share.due;
        let jobs = i64::from(share.jobs);
        let (business, priority) = (due.business, due.priority);
        let ids = fetch_all!(
            conn,
            (Uuid,),
            sql::PICK,
            ask.kind,
            business,
            priority,
            now.ms(),
            jobs
        )?;
        picked.extend(ids.into_iter().map(|(id,)| hex(id)));
    }
    Ok(picked)
}

async fn take(
    tx: &mut Tx,
    now: Timestamp,
    ask: &Ask,
    shares: &[Share],
    picked: &[String],
) -> Result<Vec<JobRow>> {
    let patience = tx.patience();
    let rows = match tx.engine() {
        Engine::Sqlite(connection) => {
            sqlx::query_as::<_, JobRow>(sql::TAKE.sqlite)
                .bind(ask.kind)
                .bind(&*ask.worker)
                .bind(ms(ask.lease))
                .bind(now.ms())
                .bind(serde_json::to_string(picked)?)
                .fetch_all(connection)
                .await?
        }
        Engine::Postgres(connection) => {
            let businesses: Vec<Uuid> = shares.iter().map(|it| it.due.business).collect();
            let priorities: Vec<i64> = shares.iter().map(|it| it.due.priority).collect();
            let jobs: Vec<i64> = shares.iter().map(|it| i64::from(it.jobs)).collect();
            let taken = sqlx::query_as::<_, JobRow>(sql::TAKE.postgres)
                .bind(ask.kind)
                .bind(&*ask.worker)
                .bind(ms(ask.lease))
                .bind(now.ms())
                .bind(businesses)
                .bind(priorities)
                .bind(jobs)
                .fetch_all(connection);
            answered(patience, taken).await?
        }
    };
    tx.changed(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    Ok(rows)
}

fn successor(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().wrapping_add(1))
}

#[derive(sqlx::FromRow)]
struct JobRow {
    id: Uuid,
    business_id: Uuid,
    payload: String,
    attempts: i64,
    fence: i64,
    trace: Option<String>,
}

impl JobRow {
    fn into_claimed(self) -> Claimed {
        Claimed {
            id: self.id.into(),
            business: business(self.business_id),
            job: serde_json::from_str(&self.payload).ok(),
            attempt: u16::try_from(self.attempts).unwrap_or(u16::MAX),
            fence: self.fence,
            trace: self.trace.and_then(|it| it.parse().ok()),
        }
    }
}
