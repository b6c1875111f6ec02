//! Dead letters: jobs that will not be tried again, unless somebody asks.

use serde_json::{Value, json};
use switchyard_core::audit::AuditAction;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, JobId, Timestamp};
use uuid::Uuid;

use super::end::MEETINGS;
use super::share::business;
use super::sql;
use crate::audit::{self, Actor};
use crate::hints::Hint;
use crate::page::Cursor;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Lane, Page, Result, Store, Tx};

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

/// Which dead letters; one that asks for nothing finds all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this queue.
    pub queue: Option<Queue>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this business.
    pub business: Option<BusinessId>,
    /// That failed with this code the last time.
    pub error: Option<String>,
    /// That died not before this instant.
    pub since: Option<Timestamp>,
    /// That died before this instant.
    pub until: Option<Timestamp>,
}

impl Wanted {
    /// As the audit log shows it.
    fn shown(&self) -> Value {
        json!({
            "queue": self.queue.map(Queue::name),
            "kind": self.kind,
            "business_id": self.business,
            "error": self.error,
            "since": self.since,
            "until": self.until,
        })
    }
}

/// Dead letters, newest first.
pub async fn dead_letters(
    store: &Store,
    wanted: &Wanted,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<DeadLetter>> {
    let end = wanted.until.map_or(i64::MAX, Timestamp::ms);
    let before = match cursor {
        None => Cursor {
            at: end,
            id: Uuid::nil(),
        },
        Some(text) => Cursor::parse(text)?,
    };
    let mut conn = store.read().await?;
    let mut rows = fetch_all!(
        conn,
        DeadRow,
        sql::DEAD,
        before.at,
        before.id,
        wanted.queue.map(Queue::name),
        i64::from(limit).saturating_add(1),
        wanted.kind.as_deref(),
        wanted.business.map(BusinessId::uuid),
        wanted.error.as_deref(),
        wanted.since.map_or(i64::MIN, Timestamp::ms)
    )?;
    let next_cursor = Cursor::next(&mut rows, limit, DeadRow::cursor);
    Ok(Page {
        data: rows.into_iter().map(DeadRow::into_letter).collect(),
        next_cursor,
    })
}

/// Lets a dead letter live again, with all its attempts; an entry in the audit log of the operator's business says so.
/// False: there is no such dead letter.
pub async fn retry(
    store: &Store,
    now: Timestamp,
    by: Actor,
    noted_in: BusinessId,
    id: JobId,
) -> Result<bool> {
    let revived = revive(store, now, by, noted_in, vec![id], json!({})).await?;
    Ok(revived > 0)
}

/// Lets the newest `limit` dead letters that are wanted live again, like [`retry`]. Answers how many, and whether more
/// are left.
pub async fn retry_some(
    store: &Store,
    now: Timestamp,
    by: Actor,
    noted_in: BusinessId,
    wanted: &Wanted,
    limit: u32,
) -> Result<(u64, bool)> {
    let page = dead_letters(store, wanted, None, limit).await?;
    let ids: Vec<JobId> = page.data.iter().map(|letter| letter.id).collect();
    let revived = revive(store, now, by, noted_in, ids, wanted.shown()).await?;
    Ok((revived, page.next_cursor.is_some()))
}

async fn revive(
    store: &Store,
    now: Timestamp,
    by: Actor,
    noted_in: BusinessId,
    mut ids: Vec<JobId>,
    filter: Value,
) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    // In the order of ids, so that two batches never wait for each other's rows in a circle.
    ids.sort();
    let input = (now, by, noted_in, ids, filter);
    let mut meetings = 0;
    loop {
        let outcome = store
            .write(
                Lane::Rest,
                input.clone(),
                |tx, (now, by, noted_in, ids, filter)| {
                    Box::pin(revive_in(tx, *now, by, *noted_in, ids, filter))
                },
            )
            .await;
        match outcome {
            // A push of the same unique key at the same instant.
            Err(error) if error.is_unique_violation() && meetings < MEETINGS => meetings += 1,
            other => return other,
        }
    }
}

async fn revive_in(
    tx: &mut Tx,
    now: Timestamp,
    by: &Actor,
    noted_in: BusinessId,
    ids: &[JobId],
    filter: &Value,
) -> Result<u64> {
    let mut revived = 0_u64;
    for id in ids {
        let row = fetch_optional!(tx, (String,), sql::REVIVE, id.uuid(), now.ms())?;
        if let Some((queue,)) = row {
            tx.changed(1);
            revived = revived.saturating_add(1);
            if let Some(queue) = Queue::parse(&queue) {
                tx.hint(Hint::Jobs(queue));
            }
        } else {
            let buried = execute!(tx, sql::BURY, id.uuid(), now.ms())?;
            revived = revived.saturating_add(buried);
        }
    }
    if revived > 0 {
        let target = match ids {
            [one] => one.to_string(),
            _ => "dead_letters".to_owned(),
        };
        let detail = json!({"count": revived, "filter": filter});
        let action = AuditAction::DeadLettersRetried;
        audit::note(tx, now, noted_in, by, action, &target, &detail).await?;
    }
    Ok(revived)
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
    fn cursor(&self) -> Cursor {
        Cursor {
            at: self.finished_at,
            id: self.id,
        }
    }

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
