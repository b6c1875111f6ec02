//! The audio comes back from a socket: the call goes on as the bridge ended.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::address::Cursor;
use crate::answers;
use crate::desk::Desk;
use crate::door::{Posted, Refused};
use crate::twiml;
use crate::webhooks::progress::{self, Taken};
use crate::webhooks::{ending, step};

pub(crate) async fn answer(
    posted: Result<Posted, Refused>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Refused> {
    let posted = posted?;
    let cursor = Cursor::read(&posted.query).ok_or(Refused::Unreadable)?;
    if ending::is_told(&posted) {
        ending::note(&desk, &posted).await;
        return Ok(answers::document(twiml::nothing()));
    }
    let flow = match desk.flow_of(posted.business, cursor.version).await {
        Ok(flow) => flow,
        Err(error) => return Ok(answers::again(&error)),
    };
    // Read before it is taken, which says that it talks.
    let last = desk.slots.last(posted.sid.as_str()).await;
    let phase = last.map(|last| last.phase).unwrap_or_default();
    let call = progress::call(&desk, &posted, &flow, cursor.page);
    let taken = progress::take(&desk, &posted).await;
    let page = match taken {
        Taken::Over => return Ok(answers::document(twiml::ended())),
        Taken::NoLine => call.goodbye(),
        Taken::Ours(_) | Taken::Unknown => call.after_bridge(&cursor, &phase),
    };
    let body = step::go(&desk, &posted, cursor.page, &page, taken).await;
    Ok(answers::document(body))
}
