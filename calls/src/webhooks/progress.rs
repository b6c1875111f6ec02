//! How a call goes on, written down.

use std::time::Duration;

use store::calls::{Step, step_call};
use store::slots::{Admission, Mode};
use switchyard_core::BusinessId;
use switchyard_core::call::{CallSid, CallState, StepKind};

use crate::address::Cursor;
use crate::desk::Desk;
use crate::door::Posted;
use crate::page::{Call, Page, phase};

/// The call is on this page now.
pub(super) async fn page(
    desk: &Desk,
    business: BusinessId,
    sid: &CallSid,
    page: u32,
    node: Option<String>,
) -> store::Result<()> {
    note(desk, business, sid, on_page(page, node)).await
}

/// The step to a page.
pub(super) fn on_page(page: u32, node: Option<String>) -> Step {
    Step {
        told: format!("page:{page}"),
        kind: StepKind::Node,
        node,
        detail: None,
        state: Some(CallState::InProgress),
    }
}

/// Somebody speaks to the caller whom the page before this place in the flow rang. Told by whoever knows it first, and by
/// all of them once.
pub(super) async fn answered(
    desk: &Desk,
    business: BusinessId,
    sid: &CallSid,
    cursor: &Cursor,
) -> store::Result<()> {
    let step = Step {
        told: format!("answered:{}", cursor.page),
        kind: StepKind::Answered,
        node: Some(cursor.node.clone()),
        detail: None,
        state: None,
    };
    note(desk, business, sid, step).await
}

/// Something happened.
pub(crate) async fn note(
    desk: &Desk,
    business: BusinessId,
    sid: &CallSid,
    step: Step,
) -> store::Result<()> {
    step_call(&desk.store, Desk::now(), business, sid.clone(), step)
        .await
        .map(|_told| ())
}

/// Whose hands a call that goes on is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Ours, under this epoch.
    Ours(u64),
    /// Nobody's: the slots cannot be asked. The call goes on, and whoever can says later that it lives.
    Unknown,
    /// It is over.
    Over,
    /// Its slot was lost, and there is no other.
    NoLine,
}

/// Takes a call that goes on in hand.
pub(super) async fn take(desk: &Desk, posted: &Posted) -> Taken {
    let sid = posted.sid.as_str();
    let ask = desk
        .ask(sid, posted.business, Mode::Take, phase::TALK)
        .await;
    match desk.slots.acquire(ask).await {
        Ok(Admission::New { epoch, .. } | Admission::Held { epoch, .. }) => Taken::Ours(epoch),
        Ok(Admission::Ended) => Taken::Over,
        Ok(Admission::Full | Admission::FullOfBusiness | Admission::Warming { .. }) => {
            Taken::NoLine
        }
        Err(away) => {
            tracing::warn!(error = %away, "a call goes on without its slot");
            Taken::Unknown
        }
    }
}

/// The same for a call that is known to live so much longer, whatever it does: in this mode, and only in hand if it is
/// nobody else's then.
pub(super) async fn live_for(
    desk: &Desk,
    (business, sid): (BusinessId, &CallSid),
    mode: Mode,
    lasts: Duration,
) {
    let sid = sid.as_str();
    if desk.keeper.heard(sid, lasts) {
        return;
    }
    let ask = desk.ask(sid, business, mode, phase::DIAL).await;
    let epoch = match desk.slots.acquire(ask).await {
        Ok(Admission::New { epoch, .. }) => epoch,
        Ok(Admission::Held { epoch, owner }) if owner == desk.keeper.replica() => epoch,
        _ => return,
    };
    desk.keeper.hold(sid, (business, epoch), phase::DIAL, lasts);
}

/// The call whose page comes next.
pub(super) fn call<'a>(
    desk: &'a Desk,
    posted: &'a Posted,
    flow: &'a store::calls::StoredFlow,
    page: u32,
) -> Call<'a> {
    Call {
        sid: posted.sid.as_str(),
        flow: &flow.flow,
        version: flow.version,
        addresses: desk.addresses(posted.business),
        tickets: &desk.tickets,
        page,
        from: posted.caller(),
        to: posted.ours(),
        max: desk.longest,
    }
}

/// Turns to a page: the document to answer with, and whether it is the page's first text.
pub(super) async fn turn(
    desk: &Desk,
    posted: &Posted,
    number: u32,
    page: &Page,
    taken: Taken,
) -> (String, bool) {
    use store::slots::Turn;
    let sid = posted.sid.as_str();
    let turned = desk.slots.turn(sid, number, &page.body, page.phase).await;
    if let Taken::Ours(epoch) = taken {
        let whose = (posted.business, epoch);
        desk.keeper.hold(sid, whose, page.phase, page.lasts);
    }
    match turned {
        Ok(Turn::Repeated(body)) => (body, false),
        Ok(Turn::Ended) => (crate::twiml::ended(), false),
        Ok(Turn::Turned) | Err(_) => (page.body.clone(), true),
    }
}
