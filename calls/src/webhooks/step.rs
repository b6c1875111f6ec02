//! A call goes on: what was pressed, who answered, what was recorded leads to the next page.

use actix_web::HttpResponse;
use actix_web::web::Data;
use store::calls::Step;
use switchyard_core::call::StepKind;
use switchyard_core::flow::{CallFlow, Node};

use crate::address::Cursor;
use crate::answers;
use crate::desk::Desk;
use crate::door::{Posted, Refused};
use crate::page::{Page, was_taken};
use crate::twiml;
use crate::webhooks::ending;
use crate::webhooks::progress::{self, Taken};

pub(crate) async fn answer(
    posted: Result<Posted, Refused>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Refused> {
    let posted = posted?;
    let cursor = Cursor::read(&posted.query).ok_or(Refused::Unreadable)?;
    let flow = match desk.flow_of(posted.business, cursor.version).await {
        Ok(flow) => flow,
        Err(error) => return Ok(answers::again(&error)),
    };
    let call = progress::call(&desk, &posted, &flow, cursor.page);
    match posted.query.get("whisper") {
        Some("ask") => return Ok(answers::document(call.whisper(&cursor))),
        Some(_) if posted.form.get("Digits") == Some("1") => {
            accepted(&desk, &posted, &cursor).await;
            return Ok(answers::document(twiml::nothing()));
        }
        Some(_) => return Ok(answers::document(twiml::ended())),
        None => {}
    }
    if let Err(error) = heard(&desk, &posted, &cursor, &flow.flow).await {
        tracing::warn!(%error, "a step of a call is not written down");
    }
    if ending::is_told(&posted) {
        ending::note(&desk, &posted).await;
        return Ok(answers::document(twiml::nothing()));
    }
    let taken = progress::take(&desk, &posted).await;
    let page = match taken {
        Taken::Over => return Ok(answers::document(twiml::ended())),
        Taken::NoLine => call.goodbye(),
        Taken::Ours(_) | Taken::Unknown => call.after(&cursor, &posted.form),
    };
    Ok(answers::document(
        go(&desk, &posted, cursor.page, &page, taken).await,
    ))
}

/// Turns to the page and writes it down.
pub(super) async fn go(
    desk: &Desk,
    posted: &Posted,
    number: u32,
    page: &Page,
    taken: Taken,
) -> String {
    let (body, is_first) = progress::turn(desk, posted, number, page, taken).await;
    if is_first {
        let node = page.node.clone();
        let noted = progress::page(desk, posted.business, &posted.sid, number, node).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a page of a call is not written down");
        }
    }
    body
}

/// Who was asked first takes the call: from now on they speak to the caller.
async fn accepted(desk: &Desk, posted: &Posted, cursor: &Cursor) {
    let call = posted.parent();
    let call = call.as_ref().unwrap_or(&posted.sid);
    if let Err(error) = progress::answered(desk, posted.business, call, cursor).await {
        // The end of the conversation tells it again.
        tracing::warn!(%error, "that somebody answered is not written down yet");
    }
}

/// What happened at the cursor's node.
async fn heard(
    desk: &Desk,
    posted: &Posted,
    cursor: &Cursor,
    flow: &CallFlow,
) -> store::Result<()> {
    let said = &posted.form;
    let (kind, detail) = match flow.nodes.get(&cursor.node) {
        Some(Node::Menu { .. }) => match said.get("Digits") {
            Some(digits) => (StepKind::Digits, Some(digits.chars().take(1).collect())),
            None => return Ok(()),
        },
        Some(Node::Dial { .. }) if was_taken(said) => {
            return progress::answered(desk, posted.business, &posted.sid, cursor).await;
        }
        Some(Node::Dial { .. }) => (
            StepKind::Unanswered,
            said.get("DialCallStatus").and_then(known_status),
        ),
        Some(Node::Voicemail { .. }) => (StepKind::Recorded, None),
        Some(_) | None => return Ok(()),
    };
    let step = Step {
        told: format!("heard:{}", cursor.page),
        kind,
        node: Some(cursor.node.clone()),
        detail,
        state: None,
    };
    progress::note(desk, posted.business, &posted.sid, step).await
}

/// A word of the provider's that is known, so that nothing else is written down.
pub(super) fn known_status(status: &str) -> Option<String> {
    let state = switchyard_core::call::CallState::of_status(status)?;
    Some(state.name().to_owned())
}
