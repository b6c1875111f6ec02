//! How a call stands, told whenever it changes, in any order, and more than once.

use actix_web::HttpResponse;
use actix_web::web::Data;
use store::calls::{Confirmed, Step};
use store::slots::Mode;
use switchyard_core::call::{CallSid, CallState, StepKind};

use crate::address::Cursor;
use crate::answers;
use crate::desk::Desk;
use crate::door::{Posted, Refused};
use crate::page::RING_SLACK;
use crate::webhooks::step::known_status;
use crate::webhooks::{ending, progress, voice};

pub(crate) async fn note(
    posted: Result<Posted, Refused>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Refused> {
    let posted = posted?;
    let noted = match posted.parent() {
        Some(parent) => leg(&desk, &posted, &parent).await,
        None => call(&desk, &posted).await,
    };
    Ok(match noted {
        Ok(()) => answers::noted(),
        Err(error) => answers::again(&error),
    })
}

async fn call(desk: &Desk, posted: &Posted) -> store::Result<()> {
    let confirmed = voice::confirmed(desk, posted).await?;
    voice::renamed(desk, posted).await;
    let Some(state) = ending::state(posted) else {
        return Ok(());
    };
    if state.is_over() {
        return ending::told(desk, posted).await;
    }
    match confirmed {
        // Whoever placed it may be gone; it rings, or waits for its turn to. What is told late, elsewhere, of a call that
        // somebody has in hand takes it from nobody.
        Some(Confirmed::Placed(_, ring)) => {
            let (call, lasts) = (
                (posted.business, &posted.sid),
                ring.saturating_add(RING_SLACK),
            );
            progress::live_for(desk, call, Mode::Reassert, lasts).await;
        }
        Some(Confirmed::Over) => return Ok(()),
        None => {
            let lease = desk.slots.timing().lease;
            desk.keeper.heard(posted.sid.as_str(), lease);
        }
    }
    let step = Step {
        told: told(posted, "status"),
        kind: StepKind::Status,
        node: None,
        detail: Some(state.name().to_owned()),
        state: Some(state),
    };
    progress::note(desk, posted.business, &posted.sid, step).await
}

/// A person who is rung: a leg of the call, which has no slot of its own and ends nothing.
async fn leg(desk: &Desk, posted: &Posted, parent: &CallSid) -> store::Result<()> {
    let state = ending::state(posted);
    if state == Some(CallState::InProgress) {
        // They speak for as long as they like; only the end is told.
        let call = (posted.business, parent);
        progress::live_for(desk, call, Mode::Take, desk.longest).await;
        // The address has no place in the flow where they are asked first: then what they press is the answer.
        if let Some(cursor) = Cursor::read(&posted.query) {
            return progress::answered(desk, posted.business, parent, &cursor).await;
        }
    }
    let kind = match state {
        Some(CallState::Ringing) => StepKind::Ringing,
        Some(_) => StepKind::Status,
        None => return Ok(()),
    };
    let step = Step {
        told: told(posted, posted.sid.as_str()),
        kind,
        node: None,
        detail: posted.form.get("CallStatus").and_then(known_status),
        state: None,
    };
    progress::note(desk, posted.business, parent, step).await
}

/// The same for every delivery of one telling.
fn told(posted: &Posted, what: &str) -> String {
    let part = |name| posted.form.get(name).unwrap_or_default();
    format!("{what}:{}:{}", part("CallStatus"), part("SequenceNumber"))
}
