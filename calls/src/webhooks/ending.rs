//! A call ends: its row first, then its slot. Told any number of times and in any order it ends once.

use store::calls::{Ending, Step, end_call};
use switchyard_core::BusinessId;
use switchyard_core::call::{CallSid, CallState, StepKind};
use switchyard_core::reason::CallReason;

use crate::desk::Desk;
use crate::door::Posted;
use crate::webhooks::progress;

/// Whether a request tells that its call is over.
pub(super) fn is_told(posted: &Posted) -> bool {
    state(posted).is_some_and(CallState::is_over)
}

/// Where a request says that its call stands.
pub(super) fn state(posted: &Posted) -> Option<CallState> {
    CallState::of_status(posted.form.get("CallStatus")?)
}

/// Ends the call of a request that says so; what could not be written down is told again by others.
pub(super) async fn note(desk: &Desk, posted: &Posted) {
    if let Err(error) = told(desk, posted).await {
        tracing::warn!(%error, "the end of a call is not written down yet");
    }
}

/// The same, with the error.
pub(super) async fn told(desk: &Desk, posted: &Posted) -> store::Result<()> {
    let state = state(posted).unwrap_or(CallState::Completed);
    let duration_s = posted.form.get("CallDuration");
    let ending = Ending {
        state,
        duration_s: duration_s.and_then(|it| it.parse().ok()),
        reason: None,
    };
    end(desk, posted.business, &posted.sid, ending).await
}

/// Ends a call.
pub(crate) async fn end(
    desk: &Desk,
    business: BusinessId,
    sid: &CallSid,
    ending: Ending,
) -> store::Result<()> {
    let mut ended = end_call(&desk.store, Desk::now(), business, sid.clone(), ending).await?;
    free(desk, business, sid, ending.state.name()).await;
    if ended.is_none() {
        // Its row may have come in between. Whoever writes it from now on finds the call ended (see `overtook`).
        ended = end_call(&desk.store, Desk::now(), business, sid.clone(), ending).await?;
    }
    if let Some(call) = ended
        && call.state != ending.state
    {
        // The first word stands; that there was another one is noted.
        let step = Step {
            told: format!("end:{}", ending.state.name()),
            kind: StepKind::Status,
            node: None,
            detail: Some(ending.state.name().to_owned()),
            state: None,
        };
        progress::note(desk, business, sid, step).await?;
    }
    Ok(())
}

/// Whether a call whose row was written just now had ended before it was there; then the row is ended too.
pub(super) async fn overtook(desk: &Desk, business: BusinessId, sid: &CallSid) -> bool {
    let Ok(last) = desk.slots.last(sid.as_str()).await else {
        return false;
    };
    if !last.ended {
        return false;
    }
    let ending = Ending {
        state: CallState::parse(&last.ended_as).unwrap_or(CallState::Completed),
        duration_s: None,
        reason: None,
    };
    if let Err(error) = end(desk, business, sid, ending).await {
        tracing::warn!(%error, "the end of a call is not written down yet");
    }
    true
}

/// Ends a call of which no more is known.
pub(crate) async fn lost(desk: &Desk, business: BusinessId, sid: &CallSid) -> store::Result<()> {
    let ending = Ending {
        state: CallState::Completed,
        duration_s: None,
        reason: Some(CallReason::Lost),
    };
    end(desk, business, sid, ending).await
}

/// Ends a call of which nobody can say how it stands. What its provider plays may go on all the same: its next request has
/// a slot again if there is one, and goes on with its row.
pub(crate) async fn abandon(desk: &Desk, business: BusinessId, sid: &CallSid) -> store::Result<()> {
    let ending = Ending {
        state: CallState::Completed,
        duration_s: None,
        reason: Some(CallReason::Lost),
    };
    end_call(&desk.store, Desk::now(), business, sid.clone(), ending).await?;
    let id = sid.as_str();
    desk.keeper.let_go_of(id, business);
    let replica = desk.keeper.replica();
    if let Err(away) = desk.slots.vacate(id, business, replica).await {
        tracing::warn!(error = %away, "the slot of a call that is lost runs out by itself");
    }
    Ok(())
}

/// The slot of a call whose row has ended is free.
pub(crate) async fn free(desk: &Desk, business: BusinessId, sid: &CallSid, how: &str) {
    desk.keeper.let_go_of(sid.as_str(), business);
    // Without Redis the lease runs out by itself: nobody renews it any more.
    if let Err(away) = desk.slots.release(sid.as_str(), business, how).await {
        tracing::warn!(error = %away, "the slot of a call that is over runs out by itself");
    }
}
