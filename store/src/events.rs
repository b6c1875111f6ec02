//! Events: durable facts, numbered per business without gaps and in the order of commits.

use std::collections::BTreeMap;

use switchyard_core::event::EventType;
use switchyard_core::object::EventObject;
use switchyard_core::{BusinessId, EventId, SessionId, Timestamp};
use uuid::Uuid;

use crate::run::{answered, fetch_all, fetch_optional, hex};
use crate::{Engine, Error, NewEvent, Result, Store, Tx};

pub(crate) mod sql;

macro_rules! head_on {
    ($conn:expr, $business:expr) => {
        fetch_optional!($conn, (i64,), sql::HEAD, $business.uuid())
            .map(|row| row.map_or(0, |(seq,)| seq))
    };
}
macro_rules! rows_after {
    ($conn:expr, $business:expr, $after:expr, $limit:expr) => {
        fetch_all!(
            $conn,
            EventRow,
            sql::AFTER,
            $business.uuid(),
            $after,
            i64::from($limit)
        )?
    };
}

/// Events after a cursor.
#[derive(Debug, Clone)]
pub struct Events {
    /// In order.
    pub events: Vec<EventObject>,
    /// The cursor to continue from: the number of the last one, or the one asked with.
    pub next: i64,
}

/// The events after the number `after`, at most `limit`. 0 means from the oldest that is kept;
/// [`Error::CursorExpired`] when events between the cursor and the oldest kept one are gone, or when there never was
/// an event of that number: the cursor is of another business, or of a database that was set back.
pub async fn after(store: &Store, business: BusinessId, after: i64, limit: u32) -> Result<Events> {
    let mut conn = store.of(business).read().await?;
    let mut rows = rows_after!(conn, business, after, limit);
    if after > 0 && rows.is_empty() {
        // Nothing is newer, or all that is newer was pruned. The head is read before looking again, so that
        // an event committed in between is not mistaken for a pruned one.
        let head = head_on!(conn, business)?;
        rows = rows_after!(conn, business, after, limit);
        if rows.is_empty() && head != after {
            return Err(Error::CursorExpired);
        }
    }
    let pruned = |first: &EventRow| first.seq != after.saturating_add(1);
    if after > 0 && rows.first().is_some_and(pruned) {
        return Err(Error::CursorExpired);
    }
    let next = rows.last().map_or(after, |row| row.seq);
    let events = rows
        .into_iter()
        .map(EventRow::into_object)
        .collect::<Result<_>>()?;
    Ok(Events { events, next })
}

/// The number of the newest event; 0 before the first.
pub async fn head(store: &Store, business: BusinessId) -> Result<i64> {
    let mut conn = store.of(business).read().await?;
    head_on!(conn, business)
}

/// Writes the gathered events: the last statements of a transaction. The lock on the business's head
/// until the commit makes the order of numbers the order of commits.
pub(crate) async fn flush(tx: &mut Tx) -> Result<()> {
    if tx.events.is_empty() {
        return Ok(());
    }
    let mut by_business: BTreeMap<BusinessId, Vec<NewEvent>> = BTreeMap::new();
    for event in std::mem::take(&mut tx.events) {
        by_business.entry(event.business).or_default().push(event);
    }
    for (business, events) in by_business {
        let told = u64::try_from(events.len()).unwrap_or(u64::MAX);
        tx.changed(told);
        if insert(tx, business, &events).await? != told {
            return Err(headless(business));
        }
    }
    Ok(())
}

/// Writes the events of one business, and answers how many there are now.
async fn insert(tx: &mut Tx, business: BusinessId, events: &[NewEvent]) -> Result<u64> {
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let patience = tx.patience();
    let done = match tx.engine() {
        Engine::Postgres(connection) => {
            let columns = Columns::of(events)?;
            let inserted = sqlx::query(sql::INSERT.postgres)
                .bind(business.uuid())
                .bind(count)
                .bind(columns.ids)
                .bind(columns.sessions)
                .bind(columns.kinds)
                .bind(columns.ats)
                .bind(columns.data)
                .execute(connection);
            answered(patience, inserted).await?.rows_affected()
        }
        Engine::Sqlite(connection) => {
            let head: Option<(i64,)> = sqlx::query_as(sql::TAKE.sqlite)
                .bind(business.uuid())
                .bind(count)
                .fetch_optional(&mut *connection)
                .await?;
            let (head,) = head.ok_or_else(|| headless(business))?;
            sqlx::query(sql::INSERT.sqlite)
                .bind(business.uuid())
                .bind(as_json(head.saturating_sub(count), events)?)
                .execute(connection)
                .await?
                .rows_affected()
        }
    };
    Ok(done)
}

fn headless(business: BusinessId) -> Error {
    Error::Corrupt {
        table: "event_heads",
        column: "seq",
        id: business.to_string(),
    }
}

/// Events by row, as SQLite's `json_each` takes them.
fn as_json(base: i64, events: &[NewEvent]) -> Result<String> {
    let numbered = (base.saturating_add(1)..).zip(events);
    let rows: Vec<_> = numbered
        .map(|(seq, event)| {
            let id = hex(EventId::generate().uuid());
            let session = event.session.map(|it| hex(it.uuid()));
            (
                seq,
                id,
                session,
                event.kind.name(),
                event.at.ms(),
                &event.data,
            )
        })
        .collect();
    Ok(serde_json::to_string(&rows)?)
}

/// Events by column, as `unnest` takes them.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    sessions: Vec<Option<Uuid>>,
    kinds: Vec<&'static str>,
    ats: Vec<i64>,
    data: Vec<String>,
}

impl Columns {
    fn of(events: &[NewEvent]) -> Result<Self> {
        let mut columns = Self::default();
        for event in events {
            columns.ids.push(EventId::generate().uuid());
            columns.sessions.push(event.session.map(SessionId::uuid));
            columns.kinds.push(event.kind.name());
            columns.ats.push(event.at.ms());
            columns.data.push(serde_json::to_string(&event.data)?);
        }
        Ok(columns)
    }
}

#[derive(sqlx::FromRow)]
struct EventRow {
    business_id: Uuid,
    seq: i64,
    id: Uuid,
    session_id: Option<Uuid>,
    kind: String,
    at: i64,
    data: String,
}

impl EventRow {
    fn into_object(self) -> Result<EventObject> {
        let id = EventId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "events",
            column,
            id: id.to_string(),
        };
        Ok(EventObject {
            id,
            seq: self.seq,
            kind: EventType::parse(&self.kind).ok_or_else(|| corrupt("kind"))?,
            at: Timestamp(self.at),
            business_id: self.business_id.into(),
            session_id: self.session_id.map(SessionId::from),
            data: serde_json::from_str(&self.data).map_err(|_not_json| corrupt("data"))?,
        })
    }
}
