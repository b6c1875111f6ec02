//! Ending a call because somebody of the business wants it: written down first, then told to the provider until it is over.

use std::time::Duration;

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::call::{CallObject, CallSid};
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use super::request::RequestRow;
use super::row::CallRow;
use super::{Ending, must_find, progress, sql};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// When the provider is told again of a call that is not over; also how soon it is looked again for the id of a call that
/// the provider may have and has not named yet.
const AGAIN: Duration = Duration::from_secs(3);

/// Ends a call, by whichever of its ids. One that waits for a line is over with this and is never placed; any other one is
/// for [`take_hangups`]. Asking again changes nothing. `None`: there is no such call; [`Error::Conflict`] `call_over`: it was
/// over before anybody asked.
pub async fn hang_up(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    sid: CallSid,
) -> Result<Option<CallObject>> {
    let input = (now, by, business, sid);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, sid)| {
            Box::pin(end_by(tx, *now, by, *business, sid))
        })
        .await
}

async fn end_by(
    tx: &mut Tx,
    now: Timestamp,
    by: &Actor,
    business: BusinessId,
    named: &CallSid,
) -> Result<Option<CallObject>> {
    let b = business.uuid();
    let statement = if named.is_reserved() {
        &sql::GET_ASKED
    } else {
        &sql::GET
    };
    let Some(row) = fetch_optional!(tx, CallRow, statement, b, named.as_str())? else {
        return Ok(None);
    };
    let found = row.into_object()?;
    let (sid, waits) = stands(tx, business, &found).await?;
    if execute!(tx, sql::HANG_UP, b, sid.as_str(), now.ms())? == 0 {
        let call = must_find(tx, business, &sid).await?;
        return match call.hangup_at {
            Some(_) => Ok(Some(call)),
            None => Err(Error::Conflict("call_over")),
        };
    }
    let (action, target) = (AuditAction::CallHungUp, sid.as_str());
    audit::note(tx, now, business, by, action, target, &json!({})).await?;
    if waits {
        return progress::end(tx, now, business, &sid, Ending::TAKEN_BACK).await;
    }
    must_find(tx, business, &sid).await.map(Some)
}

/// Its id now, and whether the provider was surely not asked for it; until the commit nobody asks, and nobody names it.
async fn stands(tx: &mut Tx, business: BusinessId, found: &CallObject) -> Result<(CallSid, bool)> {
    let Some(asked_as) = &found.asked_as else {
        return Ok((found.call_sid.clone(), false));
    };
    let (b, id) = (business.uuid(), asked_as.as_str());
    let Some((named, state, ..)) = fetch_optional!(tx, RequestRow, sql::LOCK_REQUEST, b, id)?
    else {
        // It ended since it was read: whatever its id is now, there is nothing to end.
        let row = fetch_optional!(tx, CallRow, sql::GET_ASKED, b, id)?;
        let call = row.map(CallRow::into_object).transpose()?;
        let sid = call.map_or_else(|| found.call_sid.clone(), |call| call.call_sid);
        return Ok((sid, false));
    };
    let sid = named.parse().map_err(|_not_a_sid| Error::Corrupt {
        table: "call_requests",
        column: "call_sid",
        id: id.to_owned(),
    })?;
    Ok((sid, state == "waiting"))
}

/// A call that the provider is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hangup {
    /// Whose call it is.
    pub business: BusinessId,
    /// Its id; one of ours while the provider has not named it.
    pub sid: CallSid,
}

/// Takes the calls in hand, `most` of them, that somebody wants ended, that are not over and that are due: nobody else has
/// them for three seconds, and then they are due again.
pub async fn take_hangups(store: &Store, now: Timestamp, most: u32) -> Result<Vec<Hangup>> {
    let mut conn = store.read().await?;
    let due = fetch_all!(
        conn,
        (Uuid, String, i64),
        sql::HANGUPS,
        now.ms(),
        i64::from(most)
    )?;
    drop(conn);
    let mut taken = Vec::new();
    for (business, sid, run_at) in due {
        let Ok(sid) = sid.parse::<CallSid>() else {
            // One row that cannot be read keeps no other call from its end.
            tracing::error!(sid, "the id of a call that is to end cannot be read");
            continue;
        };
        let hangup = Hangup {
            business: business.into(),
            sid,
        };
        if take(store, now, &hangup, run_at).await? {
            taken.push(hangup);
        }
    }
    Ok(taken)
}

async fn take(store: &Store, now: Timestamp, hangup: &Hangup, run_at: i64) -> Result<bool> {
    let input = (now.plus(AGAIN).ms(), hangup.clone(), run_at);
    store
        .of(hangup.business)
        .write(Lane::Messages, input, |tx, (next, hangup, run_at)| {
            Box::pin(async move {
                let (b, id) = (hangup.business.uuid(), hangup.sid.as_str());
                Ok(execute!(tx, sql::TAKE_HANGUP, b, id, *run_at, *next)? > 0)
            })
        })
        .await
}
