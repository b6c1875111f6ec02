//! What a business may use: numbers at a time, messages a day, what it keeps, and calls at a time. No limit is set unless an
//! operator sets one.

use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use crate::run::{execute, fetch_all, fetch_optional};
use crate::sessions::midnight;
use crate::{Error, Lane, Result, Store, Tx};

pub(crate) mod sql;

/// The limits of a business; `None`: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Numbers at a time.
    pub sessions: Option<u32>,
    /// Messages accepted for sending between midnight and midnight in UTC.
    pub messages_per_day: Option<u32>,
    /// Bytes of the texts of its messages, in and out, as UTF-8, and of what callers recorded. What customers write is
    /// kept whatever the limit; what they record stays at the provider then.
    pub storage_bytes: Option<u64>,
    /// Phone calls at a time; `None`: as many as the settings say.
    pub concurrent_calls: Option<u32>,
}

/// What [`Error::QuotaExceeded`] names when a business keeps all that it may.
pub const STORAGE: &str = "storage";

/// Businesses that one call of [`measure_storage`] looks at.
const MEASURED: i64 = 50;

/// What a text counts.
pub(crate) fn bytes(text: Option<&str>) -> i64 {
    text.map_or(0, |text| i64::try_from(text.len()).unwrap_or(i64::MAX))
}

/// [`Error::QuotaExceeded`] when the business has as many numbers as it may. Of any number at once none slips through:
/// the business's row stays locked until the commit.
pub(crate) async fn admit_session(tx: &mut Tx, business: BusinessId) -> Result<()> {
    let id = business.uuid();
    let row = fetch_optional!(tx, (Option<i64>,), sql::LOCK_SESSIONS, id)?;
    let Some((Some(most),)) = row else {
        return Ok(());
    };
    let has = fetch_optional!(tx, (i64,), sql::SESSIONS, id)?;
    if has.is_some_and(|(has,)| has >= most) {
        Err(Error::QuotaExceeded("sessions"))
    } else {
        Ok(())
    }
}

/// Counts a message that this transaction has just accepted, for a business that has a limit;
/// [`Error::QuotaExceeded`] when it is one too many today.
pub(crate) async fn count_message(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    most: i64,
) -> Result<()> {
    let id = business.uuid();
    let day = midnight(now);
    let mut counted = fetch_optional!(tx, (i64,), sql::COUNT, id, day)?;
    if counted.is_none() {
        counted = fetch_optional!(tx, (i64,), sql::FIRST, id, day)?;
    }
    if counted.is_some_and(|(today,)| today > most) {
        Err(Error::QuotaExceeded("messages_per_day"))
    } else {
        Ok(())
    }
}

/// Messages that the business's people and programs had accepted since midnight in UTC.
pub async fn messages_today(store: &Store, now: Timestamp, business: BusinessId) -> Result<i64> {
    let mut conn = store.of(business).read().await?;
    let row = fetch_optional!(conn, (i64,), sql::SINCE, business.uuid(), midnight(now))?;
    Ok(row.map_or(0, |(messages,)| messages))
}

/// Bytes that the business keeps now.
pub async fn storage(store: &Store, business: BusinessId) -> Result<i64> {
    let mut conn = store.of(business).read().await?;
    let row = fetch_optional!(conn, (i64,), sql::STORAGE, business.uuid())?;
    Ok(row.map_or(0, |(bytes,)| bytes))
}

/// [`Error::QuotaExceeded`] when the business keeps all that it may.
pub(crate) async fn admit_bytes(tx: &mut Tx, business: BusinessId) -> Result<()> {
    let row = fetch_optional!(tx, (Option<bool>,), sql::IS_FULL, business.uuid())?;
    match row {
        Some((Some(true),)) => Err(Error::QuotaExceeded(STORAGE)),
        _ => Ok(()),
    }
}

/// Measures what businesses with a limit keep, of those after `after`; answers the last one, none when there are no
/// more. What a business is refused by was measured by the last round.
pub async fn measure_storage(
    store: &Store,
    after: Option<BusinessId>,
) -> Result<Option<BusinessId>> {
    let after = after.map_or(Uuid::nil(), BusinessId::uuid);
    let mut conn = store.read().await?;
    let found = fetch_all!(conn, (Uuid, i64, i64), sql::MEASURED, after, MEASURED)?;
    drop(conn);
    let last = found.last().map(|(business, ..)| (*business).into());
    let grown = found.into_iter().filter(|(_, noted, now)| noted != now);
    for (business, _, now) in grown {
        store
            .write_relaxed(Lane::Rest, (business, now), |tx, (business, now)| {
                Box::pin(async move {
                    execute!(tx, sql::NOTE_STORAGE, *business, *now)?;
                    Ok(())
                })
            })
            .await?;
    }
    Ok(last)
}

/// The limit changed: the next message counts the day anew.
pub(crate) async fn forget_count(tx: &mut Tx, business: BusinessId) -> Result<()> {
    execute!(tx, sql::FORGET, business.uuid())?;
    Ok(())
}
