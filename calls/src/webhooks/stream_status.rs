//! How the socket of a call's audio stands, by the provider's word. It says that a stream has started before the program
//! of the business was reached, so that is no answer: whoever reaches the program writes down that it took the call.

use actix_web::HttpResponse;
use actix_web::web::Data;
use store::calls::Step;
use switchyard_core::call::StepKind;

use crate::answers;
use crate::desk::Desk;
use crate::door::{Posted, Refused};
use crate::webhooks::progress;

pub(crate) async fn note(
    posted: Result<Posted, Refused>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Refused> {
    let posted = posted?;
    let (kind, event) = match posted.form.get("StreamEvent") {
        Some("stream-started") => (StepKind::Status, "started"),
        Some("stream-stopped") => (StepKind::BridgeEnded, "stopped"),
        Some("stream-error") => (StepKind::Fault, "socket"),
        _ => return Ok(answers::noted()),
    };
    let stream = posted.form.get("StreamSid").unwrap_or_default();
    let step = Step {
        told: format!("stream:{event}:{stream}"),
        kind,
        node: None,
        detail: Some(event.to_owned()),
        state: None,
    };
    Ok(
        match progress::note(&desk, posted.business, &posted.sid, step).await {
            Ok(()) => answers::noted(),
            Err(error) => answers::again(&error),
        },
    )
}
