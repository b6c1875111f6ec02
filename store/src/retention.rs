//! How long a business keeps its messages and events, and removing what is older, a little at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use switchyard_core::{BusinessId, SessionId, Timestamp};
use uuid::Uuid;

use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Lane, Result, Store, Tx, chats};

pub(crate) mod sql;

/// Rows that one call removes at most: it bounds how long others wait for the one writer.
const BATCH: u32 = 200;
const DAY: Duration = Duration::from_hours(24);

/// For how many days a business keeps what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Messages; `None`: for good.
    pub messages_days: Option<u32>,
    /// Events; `None`: as long as everybody's, which is seven days.
    pub events_days: Option<u32>,
}

/// A business that keeps less than everything.
#[derive(Debug, Clone, Copy)]
pub struct Keeps {
    /// The business.
    pub business: BusinessId,
    /// For how long it keeps what.
    pub retention: Retention,
}

/// The businesses that keep less than everything.
pub async fn keeping(store: &Store) -> Result<Vec<Keeps>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(conn, (Uuid, Option<i64>, Option<i64>), sql::KEEPING)?;
    let days = |stored: Option<i64>| stored.and_then(|days| u32::try_from(days).ok());
    let keeps = |(business, messages, events): (Uuid, _, _)| Keeps {
        business: business.into(),
        retention: Retention {
            messages_days: days(messages),
            events_days: days(events),
        },
    };
    Ok(rows.into_iter().map(keeps).collect())
}

/// The numbers that a business has, and those that it had: their messages are there.
pub async fn sessions(store: &Store, business: BusinessId) -> Result<Vec<SessionId>> {
    let mut conn = store.of(business).read().await?;
    let rows = fetch_all!(conn, (Uuid,), sql::SESSIONS, business.uuid())?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Removes some messages of a number that are older than so many days, the oldest first; what still waits to be sent
/// stays. A chat without any message left is not shown any more. Answers how many went; 0: none is left.
pub async fn forget_messages(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    session: SessionId,
    days: u32,
) -> Result<u64> {
    let before = now.minus(DAY.saturating_mul(days));
    let mut conn = store.of(business).read().await?;
    let picked = fetch_all!(
        conn,
        (Uuid, i64),
        sql::PICK_MESSAGES,
        business.uuid(),
        session.uuid(),
        before.ms(),
        i64::from(BATCH)
    )?;
    drop(conn);
    // By chat, in the order of ids, as everybody locks them.
    let mut places: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (chat, position) in picked {
        let last = places.entry(chat).or_insert(position);
        *last = position.max(*last);
    }
    if places.is_empty() {
        return Ok(0);
    }
    let input = (business, before, places);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (business, before, places)| {
            Box::pin(async move {
                let mut gone = 0_u64;
                for (chat, position) in places {
                    let forgotten = forget_in(tx, *business, *chat, *position, *before).await?;
                    gone = gone.saturating_add(forgotten);
                }
                Ok(gone)
            })
        })
        .await
}

async fn forget_in(
    tx: &mut Tx,
    business: BusinessId,
    chat: Uuid,
    position: i64,
    before: Timestamp,
) -> Result<u64> {
    let business = business.uuid();
    let locked = fetch_optional!(tx, (Uuid, i64), chats::sql::LOCK_BY_ID, business, chat)?;
    if locked.is_none() {
        return Ok(0);
    }
    let gone = fetch_all!(
        tx,
        (i64, String),
        sql::FORGET_MESSAGES,
        business,
        chat,
        position,
        before.ms()
    )?;
    let bytes = gone
        .iter()
        .fold(0_i64, |sum, (bytes, _)| sum.saturating_add(*bytes));
    let unread = gone.iter().filter(|(_, status)| status == "received");
    let unread = i64::try_from(unread.count()).unwrap_or(i64::MAX);
    execute!(tx, sql::FORGOTTEN, business, chat, bytes, unread)?;
    Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
}

/// Removes some events that are older than so many days, the oldest first. Answers how many went; 0: none is left.
pub async fn forget_events(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    days: u32,
) -> Result<u64> {
    let before = now.minus(DAY.saturating_mul(days));
    store
        .write(Lane::Rest, (business, before), |tx, (business, before)| {
            Box::pin(async move {
                let (of, limit) = (business.uuid(), i64::from(BATCH));
                execute!(tx, sql::FORGET_EVENTS, of, before.ms(), limit)
            })
        })
        .await
}
