//! Dead letters: jobs that will not be tried again, unless somebody asks.

use std::str::FromStr;

use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, JobId, Timestamp};
use uuid::Uuid;

use super::share::business;
use super::sql;
use crate::hints::Hint;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Page, Result, Store};

/// A job that died, with what it was to do and why it could not.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The job.
    pub id: JobId,
    /// Its queue.
    pub queue: String,
    /// Its kind.
    pub kind: String,
    /// Whose it is; `None` for the platform's own.
    pub business: Option<BusinessId>,
    /// What it was to do: JSON, ids only.
    pub payload: String,
    /// So often it was tried.
    pub attempts: i64,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was pushed.
    pub created_at: Timestamp,
    /// When it died.
    pub died_at: Timestamp,
}

/// Dead letters, newest first, of one queue or of all.
pub async fn dead_letters(
    store: &Store,
    queue: Option<Queue>,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<DeadLetter>> {
    let before = match cursor {
        None => Before(i64::MAX, Uuid::max()),
        Some(text) => text.parse()?,
    };
    let mut conn = store.read().await?;
    let rows = fetch_all!(
        conn,
        DeadRow,
        sql::DEAD,
        before.0,
        before.1,
        queue.map_or("", Queue::name),
        i64::from(limit)
    )?;
    let full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let last = rows.last().filter(|_| full);
    let next_cursor = last.map(|row| format!("{}.{}", row.finished_at, row.id.simple()));
    Ok(Page {
        data: rows.into_iter().map(DeadRow::into_letter).collect(),
        next_cursor,
    })
}

/// Lets a dead letter live again, with all its attempts. False: there is no such dead letter.
pub async fn retry(store: &Store, now: Timestamp, id: JobId) -> Result<bool> {
    store
        .write(Lane::Rest, (now, id), |tx, (now, id)| {
            Box::pin(async move {
                let revived = fetch_optional!(tx, (String,), sql::REVIVE, id.uuid(), now.ms())?;
                if let Some((queue,)) = revived {
                    tx.changed(1);
                    if let Some(queue) = Queue::parse(&queue) {
                        tx.hint(Hint::Jobs(queue));
                    }
                    return Ok(true);
                }
                Ok(execute!(tx, sql::BURY, id.uuid(), now.ms())? > 0)
            })
        })
        .await
}

/// Where a page of dead letters begins: before this instant and id.
struct Before(i64, Uuid);

impl FromStr for Before {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('.');
        let read = |(at, id): (&str, &str)| Some(Self(at.parse().ok()?, Uuid::try_parse(id).ok()?));
        parts.and_then(read).ok_or(Error::InvalidCursor)
    }
}

#[derive(sqlx::FromRow)]
struct DeadRow {
    id: Uuid,
    queue: String,
    kind: String,
    business_id: Uuid,
    payload: String,
    attempts: i64,
    last_error: Option<String>,
    created_at: i64,
    finished_at: i64,
}

impl DeadRow {
    fn into_letter(self) -> DeadLetter {
        DeadLetter {
            id: self.id.into(),
            queue: self.queue,
            kind: self.kind,
            business: business(self.business_id),
            payload: self.payload,
            attempts: self.attempts,
            last_error: self.last_error,
            created_at: Timestamp(self.created_at),
            died_at: Timestamp(self.finished_at),
        }
    }
}
