//! Phone calls: begun once, moved forward only, ended once, each with the steps that it took.

use switchyard_core::call::{CallObject, CallSid, CallState, Direction, StepObject};
use switchyard_core::event::EventType;
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use crate::page::Cursor;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, NewEvent, Page, Result, Store, Tx};

mod audio;
mod flow;
mod hang_up;
mod in_hand;
mod limit;
mod load;
mod missed;
mod number;
mod progress;
mod recording;
mod reject;
mod request;
mod row;
pub(crate) mod sql;

pub use audio::{
    AUDIO_MAX, Audio, PIECE, fail_recording, forget_recordings, keep_recording, keeping_recordings,
    piece, recording_state,
};
pub use flow::{Put, StoredFlow, flow, flow_version, put_flow};
pub use hang_up::{Hangup, hang_up, take_hangups};
pub use in_hand::{
    Taken, ask_for, give_up_request, give_up_requests, lapsed_requests, put_back, take_request,
};
pub use limit::{call_limit, note_release, set_call_limit};
pub use load::{Load, Minute, load};
pub use missed::{ToTell, missed_caller, told_caller};
pub use number::{
    CallNumber, MOST as NUMBERS_MOST, Owner, add_number, business_of, limit_of, numbers,
    remove_number,
};
pub use progress::{Ending, Step, end_call, step_call};
pub use recording::{Recorded, note_recording};
pub use reject::{CALLERS_MAX, Rejected, call_rejected};
pub use request::{
    Confirmed, NewRequest, Opening, Requested, WAITING_MOST, asked_for, confirm_call, request_call,
};

use row::{CallRow, StepRow};

/// A call that begins.
#[derive(Debug, Clone)]
pub struct NewCall {
    /// The provider's id of it.
    pub sid: CallSid,
    /// Which way it goes.
    pub direction: Direction,
    /// Who calls, `+E.164` where it is a number; `None`: withheld.
    pub from: Option<String>,
    /// Who is called.
    pub to: Option<String>,
    /// Where it stands.
    pub state: CallState,
    /// The version of the flow that it goes by.
    pub flow_version: i64,
    /// What happened in it already, written down with it.
    pub first: Option<Step>,
}

/// How beginning a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is written down, and the world was told.
    New(CallObject),
    /// It was before; so it stands.
    Known(CallObject),
}

/// Writes a call down, with its event and its first step; asking again changes nothing. The answer is how it stood before
/// that step.
pub async fn begin_call(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    call: NewCall,
) -> Result<Begun> {
    let input = (now, business, call);
    store
        .of(business)
        .write(Lane::Messages, input, |tx, (now, business, call)| {
            Box::pin(begin(tx, *now, *business, call))
        })
        .await
}

async fn begin(tx: &mut Tx, now: Timestamp, business: BusinessId, call: &NewCall) -> Result<Begun> {
    let begun = execute!(
        tx,
        sql::BEGIN,
        business.uuid(),
        call.sid.as_str(),
        Uuid::now_v7(),
        call.direction.name(),
        call.from.as_deref(),
        call.to.as_deref(),
        call.state.name(),
        call.flow_version,
        now.ms()
    )?;
    let object = must_find(tx, business, &call.sid).await?;
    if begun > 0 {
        tell(tx, now, EventType::CallStarted, &object)?;
    }
    if let Some(first) = &call.first {
        progress::add_step(tx, now, business, &call.sid, first).await?;
    }
    Ok(if begun > 0 {
        Begun::New(object)
    } else {
        Begun::Known(object)
    })
}

/// Tells the world how a call stands.
fn tell(tx: &mut Tx, now: Timestamp, kind: EventType, call: &CallObject) -> Result<()> {
    tx.event(NewEvent {
        business: call.business_id,
        session: None,
        kind,
        at: now,
        data: serde_json::to_value(call)?,
    });
    Ok(())
}

async fn must_find(tx: &mut Tx, business: BusinessId, sid: &CallSid) -> Result<CallObject> {
    fetch_optional!(tx, CallRow, sql::GET, business.uuid(), sid.as_str())?
        .ok_or(Error::Conflict("no_such_call"))?
        .into_object()
}

/// One call, by its id or by the one that it was asked for as.
pub async fn get(store: &Store, business: BusinessId, sid: &CallSid) -> Result<Option<CallObject>> {
    let mut conn = store.of(business).read().await?;
    let statement = if sid.is_reserved() {
        &sql::GET_ASKED
    } else {
        &sql::GET
    };
    fetch_optional!(conn, CallRow, statement, business.uuid(), sid.as_str())?
        .map(CallRow::into_object)
        .transpose()
}

/// The steps of a call, in order.
pub async fn steps(store: &Store, business: BusinessId, sid: &CallSid) -> Result<Vec<StepObject>> {
    let most = switchyard_core::call::STEPS_MAX;
    let mut conn = store.of(business).read().await?;
    let rows = fetch_all!(
        conn,
        StepRow,
        sql::STEPS,
        business.uuid(),
        sid.as_str(),
        most
    )?;
    let read = |row: StepRow| row.into_object(sid.as_str());
    rows.into_iter().map(read).collect()
}

/// The calls of a business, newest first.
pub async fn list(
    store: &Store,
    business: BusinessId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<CallObject>> {
    let before = cursor.map(Cursor::parse).transpose()?;
    let before = before.unwrap_or(Cursor {
        at: i64::MAX,
        id: Uuid::max(),
    });
    let mut conn = store.of(business).read().await?;
    let mut rows = fetch_all!(
        conn,
        CallRow,
        sql::LIST,
        business.uuid(),
        before.at,
        before.id,
        i64::from(limit).saturating_add(1)
    )?;
    let next_cursor = Cursor::next(&mut rows, limit, CallRow::cursor);
    let data = rows.into_iter().map(CallRow::into_object);
    Ok(Page {
        data: data.collect::<Result<_>>()?,
        next_cursor,
    })
}

/// What an inbound call that nobody answered is called, by whether a message was left.
const fn unanswered(left_a_message: bool) -> CallReason {
    if left_a_message {
        CallReason::Voicemail
    } else {
        CallReason::Missed
    }
}
