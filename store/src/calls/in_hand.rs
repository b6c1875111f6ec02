//! Requests for calls in hand: taken by one process at a time, asked for at the provider at most once, put back, or given
//! up when their time is over.

use std::time::Duration;

use switchyard_core::call::{CallSid, CallState};
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use super::progress::end;
use super::{Ending, must_find, sql};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// For how long one process has a request in hand before another one may take it.
const IN_HAND: Duration = Duration::from_secs(45);
/// Lapsed requests that are answered at a time.
const LAPSED_MOST: i64 = 100;

/// A request that a process has in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whose call it is.
    pub business: BusinessId,
    /// Our id of it.
    pub asked_as: CallSid,
    /// The number of the business that calls, `+E.164`.
    pub from: String,
    /// Who is called, `+E.164`.
    pub to: String,
    /// For how long it rings.
    pub ring: Duration,
    /// When it is given up if it was not placed.
    pub expires_at: Timestamp,
    /// Until when it is in hand, which tells those apart who had it one after the other.
    pub in_hand_until: Timestamp,
}

type TakenRow = (Uuid, String, String, String, i64, i64, i64);

/// Takes the next request in hand that is due, of whatever business; businesses take turns. Nobody else has it for
/// longer than it takes to place it.
pub async fn take_request(store: &Store, now: Timestamp) -> Result<Option<Taken>> {
    let mut conn = store.read().await?;
    let due = fetch_optional!(conn, (i64,), sql::DUE_REQUEST, now.ms())?;
    drop(conn);
    if due.is_none() {
        return Ok(None);
    }
    let row = store
        .write(Lane::Messages, now, |tx, now| {
            Box::pin(async move {
                let until = now.plus(IN_HAND).ms();
                fetch_optional!(tx, TakenRow, sql::TAKE_REQUEST, now.ms(), until)
            })
        })
        .await?;
    let Some((business, asked_as, from, to, ring_s, until, run_at)) = row else {
        return Ok(None);
    };
    Ok(Some(Taken {
        business: business.into(),
        asked_as: reserved(&asked_as)?,
        from: format!("+{from}"),
        to: format!("+{to}"),
        ring: Duration::from_secs(u64::try_from(ring_s).unwrap_or_default()),
        expires_at: Timestamp(until),
        in_hand_until: Timestamp(run_at),
    }))
}

/// An id of ours as it is stored.
pub(super) fn reserved(asked_as: &str) -> Result<CallSid> {
    asked_as.parse().map_err(|_not_a_sid| Error::Corrupt {
        table: "call_requests",
        column: "asked_as",
        id: asked_as.to_owned(),
    })
}

/// The provider is about to be asked, once and never again, whatever becomes of the answer: without a word of the call
/// by `until` it is given up. `false`: its time is over, or somebody else has it in hand or asked.
pub async fn ask_for(
    store: &Store,
    now: Timestamp,
    taken: &Taken,
    until: Timestamp,
) -> Result<bool> {
    let input = (now, taken.clone(), until);
    store
        .of(taken.business)
        .write(Lane::Messages, input, |tx, (now, taken, until)| {
            Box::pin(async move {
                let (b, id) = (taken.business.uuid(), taken.asked_as.as_str());
                let mine = taken.in_hand_until.ms();
                Ok(execute!(tx, sql::ASK, b, id, mine, until.ms(), now.ms())? > 0)
            })
        })
        .await
}

/// It was surely not placed, for this reason: it may be taken in hand again at `run_at`. Of a request that somebody else
/// took in hand since, nothing changes; one that somebody wanted ended meanwhile is over with this.
pub async fn put_back(
    store: &Store,
    now: Timestamp,
    taken: &Taken,
    run_at: Timestamp,
    reason: CallReason,
) -> Result<()> {
    let input = (now, taken.clone(), run_at, reason);
    store
        .of(taken.business)
        .write(Lane::Messages, input, |tx, (now, taken, run_at, reason)| {
            Box::pin(put(tx, *now, taken, *run_at, *reason))
        })
        .await
}

async fn put(
    tx: &mut Tx,
    now: Timestamp,
    taken: &Taken,
    run_at: Timestamp,
    reason: CallReason,
) -> Result<()> {
    let (business, asked_as) = (taken.business, &taken.asked_as);
    let moved = execute!(
        tx,
        sql::PUT_BACK,
        business.uuid(),
        asked_as.as_str(),
        taken.in_hand_until.ms(),
        run_at.ms(),
        reason.code(),
        taken.expires_at.ms()
    )?;
    if moved > 0 && must_find(tx, business, asked_as).await?.hangup_at.is_some() {
        end(tx, now, business, asked_as, Ending::TAKEN_BACK).await?;
    }
    Ok(())
}

type LapsedRow = (Uuid, String, Option<String>);

/// Requests whose time is over, each with why it failed, for [`give_up_request`].
pub async fn lapsed_requests(
    store: &Store,
    now: Timestamp,
) -> Result<Vec<(BusinessId, CallSid, CallReason)>> {
    let mut conn = store.read().await?;
    let mut lapsed = Vec::new();
    for (state, usual) in [
        ("waiting", CallReason::NotPlaced),
        ("asking", CallReason::Unconfirmed),
    ] {
        let (now, most) = (now.ms(), LAPSED_MOST);
        let rows = fetch_all!(conn, LapsedRow, sql::LAPSED, state, now, most)?;
        for (business, asked_as, reason) in rows {
            let known = reason.as_deref().and_then(CallReason::parse);
            let reason = known.filter(|_| usual == CallReason::NotPlaced);
            lapsed.push((
                business.into(),
                reserved(&asked_as)?,
                reason.unwrap_or(usual),
            ));
        }
    }
    Ok(lapsed)
}

/// Ends requests whose time is over, some hundred at a time, where no process that takes calls did; answers how many.
pub async fn give_up_requests(store: &Store, now: Timestamp) -> Result<usize> {
    let mut given_up = 0_usize;
    for (business, asked_as, reason) in lapsed_requests(store, now).await? {
        let is_over = give_up_request(store, now, business, asked_as, reason).await?;
        given_up = given_up.saturating_add(usize::from(is_over));
    }
    Ok(given_up)
}

/// Ends a request whose time is over, for this reason. `false`: it is not, or not any more.
pub async fn give_up_request(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    asked_as: CallSid,
    reason: CallReason,
) -> Result<bool> {
    let input = (now, business, asked_as, reason);
    store
        .of(business)
        .write(
            Lane::Messages,
            input,
            |tx, (now, business, asked_as, reason)| {
                Box::pin(give_up(tx, *now, *business, asked_as, *reason))
            },
        )
        .await
}

async fn give_up(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    asked_as: &CallSid,
    reason: CallReason,
) -> Result<bool> {
    let (b, id) = (business.uuid(), asked_as.as_str());
    if fetch_optional!(tx, (String,), sql::STILL_LAPSED, b, id, now.ms())?.is_none() {
        return Ok(false);
    }
    let ending = Ending {
        state: CallState::Failed,
        duration_s: None,
        reason: Some(reason),
    };
    end(tx, now, business, asked_as, ending).await?;
    Ok(true)
}
