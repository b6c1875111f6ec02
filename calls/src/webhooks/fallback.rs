//! The provider got no page from us: what a caller hears then. Nothing is counted here, and a new call asks for nothing
//! but what its business says in its flow.

use actix_web::HttpResponse;
use actix_web::web::Data;
use switchyard_core::call::CallState;
use switchyard_core::flow::Capacity;

use crate::answers;
use crate::desk::Desk;
use crate::door::{Posted, Refused};
use crate::twiml::{self, Document};
use crate::webhooks::ending;

pub(crate) async fn answer(
    posted: Result<Posted, Refused>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Refused> {
    let posted = posted?;
    if ending::is_told(&posted) {
        ending::note(&desk, &posted).await;
        return Ok(answers::document(twiml::nothing()));
    }
    // Of a call that is under way a page was lost: it hears its last one again.
    if ending::state(&posted) == Some(CallState::InProgress)
        && let Ok(last) = desk.slots.last(posted.sid.as_str()).await
        && last.page > 0
        && !last.ended
    {
        return Ok(answers::document(last.body));
    }
    // Whoever we called has answered, and is not told that we are busy.
    if posted.is_outbound() {
        return Ok(answers::document(twiml::ended()));
    }
    let Ok(flow) = desk.flow(posted.business).await else {
        return Ok(answers::document(twiml::busy()));
    };
    Ok(answers::document(match &flow.flow.entry.capacity {
        Capacity::Busy => twiml::busy(),
        Capacity::Say { text } => {
            let mut document = Document::new();
            document.say(text, flow.flow.language);
            document.hang_up();
            document.finish()
        }
    }))
}
