//! How a call goes on: steps that are written down once, a state that only moves forward, and one end.

use switchyard_core::address::Phone;
use switchyard_core::call::{CallObject, CallSid, CallState, Direction, STEPS_MAX, StepKind};
use switchyard_core::event::EventType;
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};

use super::row::{Standing, StandingRow};
use super::{missed, must_find, recording, sql, tell};
use crate::run::{execute, fetch_optional};
use crate::{Lane, Result, Store, Tx};

/// Something that happened in a call.
#[derive(Debug, Clone)]
pub struct Step {
    /// What makes telling it twice harmless: the provider's token of the delivery, or what happened in words.
    pub told: String,
    /// What happened.
    pub kind: StepKind,
    /// The node of the flow.
    pub node: Option<String>,
    /// More of it, in a few words: never a number or anything that was said.
    pub detail: Option<String>,
    /// Where the call stands now, if this tells; an end is told by [`end_call`].
    pub state: Option<CallState>,
}

/// Writes a step down. A page of its flow brings back a call that was given up as lost. `None`: there is no such call; `Some(false)`: it was told before, or the call has
/// [`STEPS_MAX`] of them.
pub async fn step_call(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    sid: CallSid,
    step: Step,
) -> Result<Option<bool>> {
    let input = (now, business, sid, step);
    store
        .of(business)
        .write(Lane::Messages, input, |tx, (now, business, sid, step)| {
            Box::pin(add_step(tx, *now, *business, sid, step))
        })
        .await
}

pub(super) async fn add_step(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    sid: &CallSid,
    step: &Step,
) -> Result<Option<bool>> {
    let Some(mut call) = lock(tx, business, sid).await? else {
        return Ok(None);
    };
    let n = call.row.steps.saturating_add(1);
    let is_new = n <= STEPS_MAX && {
        let added = execute!(
            tx,
            sql::ADD_STEP,
            business.uuid(),
            sid.as_str(),
            n,
            step.told.as_str(),
            now.ms(),
            step.kind.name(),
            step.node.as_deref(),
            step.detail.as_deref()
        )?;
        added > 0
    };
    if is_new {
        call.row.steps = n;
    }
    if step.kind.is_answer() {
        call.answer();
    }
    if step.kind == StepKind::Node && step.node.is_some() {
        call.revive();
    }
    if let Some(state) = step.state.filter(|it| !it.is_over()) {
        call.go(now, state);
    }
    write(tx, business, sid, &call).await?;
    Ok(Some(is_new))
}

impl Standing {
    /// Somebody dealt with the caller. That may be told after the end, which then was not that of a missed call.
    fn answer(&mut self) {
        self.is_answered = true;
        if matches!(
            self.reason,
            Some(CallReason::Missed | CallReason::Voicemail)
        ) {
            self.reason = None;
        }
    }

    /// A call that was given up as lost has got a page of its flow: it lives.
    fn revive(&mut self) {
        if self.state.is_over() && self.reason == Some(CallReason::Lost) {
            self.state = CallState::InProgress;
            (self.reason, self.row.ended_at) = (None, None);
        }
    }

    /// To this state, where it lies ahead.
    fn go(&mut self, now: Timestamp, state: CallState) {
        if self.state.allows(state) {
            self.state = state;
            if state == CallState::InProgress {
                self.row.answered_at = Some(now.ms());
            }
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// One of the states that are an end; any other one counts as [`CallState::Completed`].
    pub state: CallState,
    /// How long it took, if the provider told.
    pub duration_s: Option<i64>,
    /// Why, if that is known; else it is found out whether the caller was missed.
    pub reason: Option<CallReason>,
}

impl Ending {
    /// The business took the call back before anybody was rung.
    pub(super) const TAKEN_BACK: Self = Self {
        state: CallState::Canceled,
        duration_s: None,
        reason: Some(CallReason::HungUp),
    };
}

/// Ends a call, with its event; the first end stands, a later one fills in what the first did not tell. A call that was
/// brought back ends anew. `None`: there is no such call. Of an inbound call that nobody answered and in which no
/// message was left, the caller is written to if the flow says so.
pub async fn end_call(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    sid: CallSid,
    ending: Ending,
) -> Result<Option<CallObject>> {
    let input = (now, business, sid, ending);
    store
        .of(business)
        .write(Lane::Messages, input, |tx, (now, business, sid, ending)| {
            Box::pin(end(tx, *now, *business, sid, *ending))
        })
        .await
}

pub(super) async fn end(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    sid: &CallSid,
    ending: Ending,
) -> Result<Option<CallObject>> {
    // Before the call, as whoever ends or names what waits has them.
    fetch_optional!(
        tx,
        (String,),
        sql::LOCK_REQUEST_OF,
        business.uuid(),
        sid.as_str()
    )?;
    let Some(mut call) = lock(tx, business, sid).await? else {
        return Ok(None);
    };
    let is_first = !call.state.is_over();
    call.row.duration_s = call.row.duration_s.or(ending.duration_s);
    if is_first {
        call.state = if ending.state.is_over() {
            ending.state
        } else {
            CallState::Completed
        };
        call.row.ended_at = Some(now.ms());
        call.reason = match ending.reason {
            None if call.is_hung_up => Some(CallReason::HungUp),
            None if call.direction == Direction::Inbound && !call.is_answered => {
                let has_message = recording::has_message(tx, business, sid).await?;
                Some(super::unanswered(has_message))
            }
            known => known,
        };
    }
    write(tx, business, sid, &call).await?;
    if call.direction == Direction::Outbound {
        execute!(tx, sql::DROP_REQUEST, business.uuid(), sid.as_str())?;
    }
    let object = must_find(tx, business, sid).await?;
    if is_first {
        tell(tx, now, EventType::CallEnded, &object)?;
        let caller = call.row.from_number.as_deref().and_then(Phone::parse);
        if let (Some(CallReason::Missed), Some(caller)) = (call.reason, caller) {
            missed::note(tx, now, business, &caller, Some(sid)).await?;
        }
    }
    Ok(Some(object))
}

/// The call as it stands, locked until the commit.
pub(super) async fn lock(
    tx: &mut Tx,
    business: BusinessId,
    sid: &CallSid,
) -> Result<Option<Standing>> {
    fetch_optional!(tx, StandingRow, sql::LOCK, business.uuid(), sid.as_str())?
        .map(|row| row.read(sid.as_str()))
        .transpose()
}

/// Writes it back.
pub(super) async fn write(
    tx: &mut Tx,
    business: BusinessId,
    sid: &CallSid,
    call: &Standing,
) -> Result<()> {
    execute!(
        tx,
        sql::MOVE,
        business.uuid(),
        sid.as_str(),
        call.state.name(),
        call.reason.map(CallReason::code),
        i64::from(call.is_answered),
        call.row.steps,
        call.row.answered_at,
        call.row.ended_at,
        call.row.duration_s
    )?;
    Ok(())
}
