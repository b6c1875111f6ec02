//! A call begins: it gets a slot and its first page, or is turned away.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Data;
use store::calls::{
    Begun, Confirmed, NewCall, Opening, Step, StoredFlow, begin_call, confirm_call,
};
use store::slots::{Admission, Mode, Renaming, Turn};
use switchyard_core::call::{CallState, Direction};
use switchyard_core::reason::CallReason;

use crate::answers;
use crate::desk::Desk;
use crate::door::{Posted, Refused};
use crate::options::AtCapacity;
use crate::page::{Page, phase};
use crate::twiml;
use crate::webhooks::{ending, progress};

pub(crate) async fn answer(
    posted: Result<Posted, Refused>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Refused> {
    let posted = posted?;
    if posted.parent().is_some() {
        return Ok(answers::document(twiml::nothing()));
    }
    if ending::is_told(&posted) {
        ending::note(&desk, &posted).await;
        return Ok(answers::document(twiml::nothing()));
    }
    match desk.owner(posted.ours()).await {
        Ok(owner) if owner == Some(posted.business) => {}
        Ok(_) => return Err(Refused::Nobodys),
        Err(error) => {
            tracing::warn!(%error, "whose number was called cannot be read");
            return Ok(turned_away(&desk, &posted, CallReason::StoreUnavailable));
        }
    }
    let opening = match confirmed(&desk, &posted).await {
        Ok(Some(Confirmed::Placed(opening, _))) => Some(opening),
        Ok(Some(Confirmed::Over)) => return Ok(answers::document(twiml::ended())),
        Ok(None) => None,
        Err(error) => return Ok(answers::again(&error)),
    };
    Ok(admit(&desk, &posted, opening.as_ref()).await)
}

/// The call of this request has an id now, if it is one that we placed.
pub(super) async fn confirmed(desk: &Desk, posted: &Posted) -> store::Result<Option<Confirmed>> {
    let Some(asked_as) = posted.asked_as() else {
        return Ok(None);
    };
    let (business, sid) = (posted.business, posted.sid.clone());
    confirm_call(&desk.store, Desk::now(), business, asked_as, sid)
        .await
        .map(Some)
}

async fn admit(desk: &Desk, posted: &Posted, opening: Option<&Opening>) -> HttpResponse {
    let sid = posted.sid.as_str();
    let mode = match renamed(desk, posted).await {
        // The provider has it in hand already: a reservation that lapsed does not turn it away as a new one.
        Some(Renaming::Lost) => Mode::Reassert,
        _ => Mode::New,
    };
    let ask = desk.keeper.ask(sid, posted.business, mode, phase::TALK);
    let admission = match desk.slots.acquire(ask).await {
        Ok(admission) => admission,
        Err(away) => {
            tracing::warn!(error = %away, "a call was turned away");
            return turned_away(desk, posted, CallReason::StoreUnavailable);
        }
    };
    desk.metrics.admission(named(&admission));
    let is_new = matches!(admission, Admission::New { .. });
    let (epoch, is_ours) = match admission {
        Admission::New { epoch, .. } => (epoch, true),
        Admission::Held { epoch, owner } => (epoch, owner == desk.keeper.replica()),
        Admission::Full => return turned_away(desk, posted, CallReason::AtCapacity),
        Admission::FullOfBusiness => return turned_away(desk, posted, CallReason::BusinessLimit),
        Admission::Warming { .. } => return turned_away(desk, posted, CallReason::Warming),
        Admission::Ended => {
            overtaken(desk, posted).await;
            return answers::document(twiml::ended());
        }
    };
    match begin(desk, posted, opening).await {
        Ok((body, page)) => {
            if ending::overtook(desk, posted.business, &posted.sid).await {
                return answers::document(twiml::ended());
            }
            if is_ours {
                let whose = (posted.business, epoch);
                desk.keeper.hold(sid, whose, page.phase, page.lasts);
            }
            answers::document(body)
        }
        // The call may be under way: this is its first webhook once more.
        Err(error) if !is_new => answers::again(&error),
        Err(error) => {
            tracing::warn!(%error, "an admitted call could not be begun");
            // Its slot is not kept for a call that hears nothing of us.
            desk.slots
                .release(sid, posted.business, "failed")
                .await
                .ok();
            turned_away(desk, posted, CallReason::StoreUnavailable)
        }
    }
}

/// The slot of a call that we placed has the name of its reservation until now.
pub(super) async fn renamed(desk: &Desk, posted: &Posted) -> Option<Renaming> {
    let reservation = posted.asked_as()?;
    let (reservation, sid) = (reservation.as_str(), posted.sid.as_str());
    let renamed = desk.slots.rename(reservation, sid, posted.business).await;
    desk.keeper.let_go(reservation);
    renamed.ok()
}

/// The end of the call was told of before its beginning: it is written down now, as one that nobody answered.
async fn overtaken(desk: &Desk, posted: &Posted) {
    if posted.is_outbound() {
        return;
    }
    let noted = async {
        let version = desk.flow(posted.business).await?.version;
        let new = new_call(posted, version, None);
        let begun = begin_call(&desk.store, Desk::now(), posted.business, new).await?;
        if let Begun::New(_) = begun {
            ending::overtook(desk, posted.business, &posted.sid).await;
        }
        store::Result::Ok(())
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "a call that ended before it began is not written down");
    }
}

/// The first page, which stays the first page however often it is asked for, and the rows of the call.
async fn begin(
    desk: &Desk,
    posted: &Posted,
    opening: Option<&Opening>,
) -> store::Result<(String, Page)> {
    let flow = desk.flow(posted.business).await?;
    let page = first(desk, posted, &flow, opening);
    let sid = posted.sid.as_str();
    let body = match desk.slots.turn(sid, 1, &page.body, page.phase).await {
        Ok(Turn::Repeated(body)) => body,
        Ok(Turn::Ended) => twiml::ended(),
        Ok(Turn::Turned) | Err(_) => page.body.clone(),
    };
    let first = progress::on_page(1, page.node.clone());
    let new = new_call(posted, flow.version, Some(first));
    begin_call(&desk.store, Desk::now(), posted.business, new).await?;
    Ok((body, page))
}

fn new_call(posted: &Posted, flow_version: i64, first: Option<Step>) -> NewCall {
    let is_outbound = posted.is_outbound();
    let other = if is_outbound {
        posted.form.get("To")
    } else {
        posted.caller()
    };
    let (from, to) = if is_outbound {
        (Some(posted.ours()), other)
    } else {
        (other, Some(posted.ours()))
    };
    NewCall {
        sid: posted.sid.clone(),
        direction: if is_outbound {
            Direction::Outbound
        } else {
            Direction::Inbound
        },
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        state: CallState::Ringing,
        flow_version,
        first,
    }
}

fn first(desk: &Desk, posted: &Posted, flow: &Arc<StoredFlow>, opening: Option<&Opening>) -> Page {
    let call = progress::call(desk, posted, flow, 1);
    match opening {
        Some(Opening::Text(text)) => call.saying(text),
        Some(Opening::Node(node)) => call.at(node, 0),
        None => call.at(flow.flow.entry_at(Desk::now()), 0),
    }
}

/// Counted, told of, and answered as the settings say.
fn turned_away(desk: &Desk, posted: &Posted, reason: CallReason) -> HttpResponse {
    desk.metrics.admission(reason.code());
    // Whoever we called hears what the fallback address says; they were not turned away by anybody.
    if posted.is_outbound() {
        return answers::unavailable(reason);
    }
    desk.refusals.note(posted.business, reason, posted.caller());
    match desk.at_capacity {
        AtCapacity::Unavailable => answers::unavailable(reason),
        AtCapacity::Reject => answers::busy(reason),
    }
}

fn named(admission: &Admission) -> &'static str {
    match admission {
        Admission::New { .. } => "new",
        Admission::Held { .. } => "held",
        Admission::Ended => "ended",
        // Each is counted by the reason that it is turned away for.
        Admission::Full | Admission::FullOfBusiness | Admission::Warming { .. } => "turned_away",
    }
}
