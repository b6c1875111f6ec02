//! Calls that a business asks for: accepted with their row, and named by the provider's id when that is known, whoever
//! hears it first.

use std::time::Duration;

use switchyard_core::address::Phone;
use switchyard_core::call::{CallObject, CallSid};
use switchyard_core::event::EventType;
use switchyard_core::flow::{CallFlow, Language};
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use super::in_hand::reserved;
use super::row::CallRow;
use super::{flow, must_find, number, sql, tell};
use crate::messages::{Idempotency, claim_key, named_by_key};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx};

/// Calls of one business that may wait to be placed.
pub const WAITING_MOST: i64 = 100;
/// Whoever waits is served a second after the call before of the same business, as far as the order goes.
const APART: Duration = Duration::from_secs(1);

/// What whoever answers hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// This node of the call flow, and what follows.
    Node(String),
    /// This text; then the call is over.
    Text(String),
}

/// A call that is asked for.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The number of the business that calls; `None`: the only one that it has.
    pub from: Option<Phone>,
    /// Who is called.
    pub to: Phone,
    /// What they hear.
    pub opening: Opening,
    /// For how long it rings.
    pub ring: Duration,
    /// For how long it may wait to be placed.
    pub expires_in: Duration,
    /// What makes asking twice harmless.
    pub idempotency: Option<Idempotency>,
}

/// How asking for a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// It will be placed, or its row says why not.
    New(CallObject),
    /// It was asked for before with this key; so it stands.
    Replay(CallObject),
}

/// Accepts a call with its row, which is `queued`. [`Error::Conflict`] `call_number_required`,
/// `no_such_call_number`, `no_such_node`, `opted_out`, `own_number`; [`Error::QuotaExceeded`] `waiting_calls`; [`Error::IdempotencyMismatch`].
pub async fn request_call(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    new: NewRequest,
) -> Result<Requested> {
    let input = (now, business, new);
    store
        .of(business)
        .write(Lane::Messages, input, |tx, (now, business, new)| {
            Box::pin(accept(tx, *now, *business, new))
        })
        .await
}

async fn accept(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    new: &NewRequest,
) -> Result<Requested> {
    let id = Uuid::now_v7();
    if let Some(key) = &new.idempotency
        && !claim_key(tx, now, business, key, id).await?
    {
        let earlier = CallSid::reserve(named_by_key(tx, business, key).await?);
        let (b, id) = (business.uuid(), earlier.as_str());
        let row = fetch_optional!(tx, CallRow, sql::GET_ASKED, b, id)?;
        let call = row.ok_or(Error::IdempotencyMismatch)?.into_object()?;
        return Ok(Requested::Replay(call));
    }
    let from = caller(tx, business, new).await?;
    let version = goes_by(tx, business, &new.opening).await?;
    let turn = turn(tx, now, business, &new.to).await?;
    let sid = CallSid::reserve(id);
    execute!(
        tx,
        sql::BEGIN_REQUESTED,
        business.uuid(),
        sid.as_str(),
        id,
        from.e164(),
        new.to.e164(),
        version,
        now.ms()
    )?;
    let (node, words) = match &new.opening {
        Opening::Node(node) => (Some(node.as_str()), None),
        Opening::Text(text) => (None, Some(text.as_str())),
    };
    execute!(
        tx,
        sql::REQUEST,
        business.uuid(),
        sid.as_str(),
        from.digits(),
        new.to.digits(),
        node,
        words,
        i64::try_from(new.ring.as_secs()).unwrap_or(i64::MAX),
        turn,
        now.ms(),
        now.plus(new.expires_in).ms()
    )?;
    must_find(tx, business, &sid).await.map(Requested::New)
}

/// The number that calls.
async fn caller(tx: &mut Tx, business: BusinessId, new: &NewRequest) -> Result<Phone> {
    let mut numbers = number::phones(tx, business).await?;
    if numbers.contains(&new.to) {
        return Err(Error::Conflict("own_number"));
    }
    if let Some(from) = &new.from {
        let known = numbers.into_iter().find(|known| known == from);
        return known.ok_or(Error::Conflict("no_such_call_number"));
    }
    match (numbers.pop(), numbers.pop()) {
        (Some(only), None) => Ok(only),
        _ => Err(Error::Conflict("call_number_required")),
    }
}

/// The version of the flow that it goes by, which has the node.
async fn goes_by(tx: &mut Tx, business: BusinessId, opening: &Opening) -> Result<i64> {
    let stored = flow::current(tx, business).await?;
    let version = stored.as_ref().map_or(0, |stored| stored.version);
    if let Opening::Node(node) = opening {
        let flow = stored.map_or_else(|| CallFlow::standard(Language::En), |stored| stored.flow);
        if !flow.nodes.contains_key(node) {
            return Err(Error::Conflict("no_such_node"));
        }
    }
    Ok(version)
}

/// Its place among all that wait. Whoever asked not to be contacted is not called, and no business fills the queue.
async fn turn(tx: &mut Tx, now: Timestamp, business: BusinessId, to: &Phone) -> Result<i64> {
    let b = business.uuid();
    let opted_out = fetch_optional!(tx, (Option<i64>,), sql::OPTED_OUT, b, to.digits())?;
    if matches!(opted_out, Some((Some(_since),))) {
        return Err(Error::Conflict("opted_out"));
    }
    let waiting = fetch_optional!(tx, (i64, Option<i64>), sql::WAITING, b)?;
    let (count, last) = waiting.unwrap_or((0, None));
    if count >= WAITING_MOST {
        return Err(Error::QuotaExceeded("waiting_calls"));
    }
    let after_last = last.map_or(0, |turn| Timestamp(turn).plus(APART).ms());
    Ok(now.ms().max(after_last))
}

/// What is known of a request whose call has an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// It is that call; whoever answers hears this, after ringing so long at most.
    Placed(Opening, Duration),
    /// It is over, or was given up before the provider said anything: nobody is to hear anything.
    Over,
}

/// The id that a request goes by, its state, what is heard, and for how long it rings.
pub(super) type RequestRow = (String, String, Option<String>, Option<String>, i64);

/// The provider has the call under this id, says its answer or a callback, whichever is first: the rows have that id from
/// now on, and the world is told that it began. Saying it again changes nothing.
pub async fn confirm_call(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    asked_as: CallSid,
    sid: CallSid,
) -> Result<Confirmed> {
    let input = (now, business, asked_as, sid);
    store
        .of(business)
        .write(
            Lane::Messages,
            input,
            |tx, (now, business, asked_as, sid)| {
                Box::pin(confirm(tx, *now, *business, asked_as, sid))
            },
        )
        .await
}

async fn confirm(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    asked_as: &CallSid,
    sid: &CallSid,
) -> Result<Confirmed> {
    let (b, ours, theirs) = (business.uuid(), asked_as.as_str(), sid.as_str());
    let Some((named, state, node, words, ring_s)) =
        fetch_optional!(tx, RequestRow, sql::LOCK_REQUEST, b, ours)?
    else {
        return Ok(Confirmed::Over);
    };
    if state == "placed" {
        // Another call of the same request is none that anybody asked for.
        if named != theirs {
            return Ok(Confirmed::Over);
        }
    } else {
        execute!(tx, sql::PLACED, b, ours, theirs)?;
        execute!(tx, sql::NAME_CALL, b, ours, theirs, now.ms())?;
        execute!(tx, sql::NAME_STEPS, b, ours, theirs)?;
        let object = must_find(tx, business, sid).await?;
        tell(tx, now, EventType::CallStarted, &object)?;
    }
    let text = Opening::Text(words.unwrap_or_default());
    let opening = node.map_or(text, Opening::Node);
    let ring = Duration::from_secs(u64::try_from(ring_s).unwrap_or_default());
    Ok(Confirmed::Placed(opening, ring))
}

/// Our id of the one call between these numbers whose answer may have been lost; `None` where it may be any of several.
pub async fn asked_for(
    store: &Store,
    business: BusinessId,
    from: &Phone,
    to: &Phone,
) -> Result<Option<CallSid>> {
    let (b, from, to) = (business.uuid(), from.digits(), to.digits());
    let mut conn = store.of(business).read().await?;
    let mut rows = fetch_all!(conn, (String,), sql::ASKED_FOR, b, from, to)?;
    match (rows.pop(), rows.pop()) {
        (Some((only,)), None) => reserved(&only).map(Some),
        _ => Ok(None),
    }
}
