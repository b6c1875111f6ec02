//! How many calls of a business there were at a time, minute by minute of the last hour, from the calls themselves.

use std::time::Duration;

use switchyard_core::{BusinessId, Timestamp};

use super::number::counted;
use super::sql;
use crate::run::{fetch_all, fetch_optional};
use crate::{Result, Store};

const MINUTE_MS: i64 = 60_000;
/// Minutes that are shown.
const MINUTES: i64 = 60;
/// No call is longer, so none that began before matters.
const LONGEST: Duration = Duration::from_hours(5);
/// Calls that are looked at; a business with more has had more than five a second.
const MOST: i64 = 20_000;

/// A minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Its beginning.
    pub at: Timestamp,
    /// The most calls at a time in it.
    pub most: u32,
}

/// How busy the lines of a business are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Calls that are live now.
    pub live: u32,
    /// The most that it may have at a time; `None`: as many as the settings say.
    pub most: Option<u32>,
    /// The last hour, the present minute last.
    pub minutes: Vec<Minute>,
}

/// Calls that are live now, and the most at a time in each minute of the last hour, the present one included.
pub async fn load(store: &Store, now: Timestamp, business: BusinessId) -> Result<Load> {
    let since = now.minus(LONGEST).ms();
    let mut conn = store.of(business).read().await?;
    let rows = fetch_all!(
        conn,
        (i64, Option<i64>),
        sql::SPANS,
        business.uuid(),
        since,
        MOST
    )?;
    let limit = fetch_optional!(conn, (Option<i64>,), sql::MAX_CALLS, business.uuid())?;
    drop(conn);
    let first = now.ms() - now.ms().rem_euclid(MINUTE_MS) - (MINUTES - 1) * MINUTE_MS;
    let minutes = (0..MINUTES).map(|n| {
        let at = first + n * MINUTE_MS;
        Minute {
            at: Timestamp(at),
            most: most(&rows, at, at + MINUTE_MS),
        }
    });
    let live = rows.iter().filter(|(_, end)| end.is_none()).count();
    Ok(Load {
        live: u32::try_from(live).unwrap_or(u32::MAX),
        most: limit.and_then(|(most,)| most).map(counted),
        minutes: minutes.collect(),
    })
}

/// The most at a time from `begin` until before `end`.
fn most(spans: &[(i64, Option<i64>)], begin: i64, end: i64) -> u32 {
    let mut steps = Vec::new();
    for (start, over) in spans {
        let over = over.unwrap_or(i64::MAX);
        if *start < end && over > begin {
            steps.push((*start, 1_i32));
            steps.push((over, -1));
        }
    }
    // Of an end and a beginning at one instant the end is first: a slot that is handed on counts once.
    steps.sort_unstable();
    let (mut live, mut most) = (0_i32, 0);
    for (at, step) in steps {
        live += step;
        if at < end && (at >= begin || step > 0) {
            most = most.max(live);
        }
    }
    u32::try_from(most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_of_a_minute_counts_what_began_before_and_a_slot_handed_on_once() {
        let spans = [(0, Some(50)), (50, Some(90)), (10, None), (200, Some(210))];
        assert_eq!(most(&spans, 0, 60), 2);
        assert_eq!(most(&spans, 60, 90), 2);
        assert_eq!(most(&spans, 90, 200), 1);
        assert_eq!(most(&spans, 200, 260), 2);
        assert_eq!(most(&[], 0, 60), 0);
    }
}
