//! A recording is there, or there is nothing on it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use store::calls::{Recorded, note_recording};

use crate::answers;
use crate::desk::Desk;
use crate::door::{Posted, Refused};

pub(crate) async fn note(
    posted: Result<Posted, Refused>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Refused> {
    let posted = posted?;
    let is_absent = match posted.form.get("RecordingStatus") {
        Some("absent" | "failed") => true,
        Some("completed") | None => false,
        // It is still recorded.
        Some(_) => return Ok(answers::noted()),
    };
    let recording = posted.form.get("RecordingSid");
    let recorded = Recorded {
        recording_sid: recording
            .and_then(|it| it.parse().ok())
            .ok_or(Refused::Unreadable)?,
        duration_s: posted
            .form
            .get("RecordingDuration")
            .and_then(|it| it.parse().ok()),
        is_absent,
    };
    let (store, now) = (&desk.store, Desk::now());
    let noted = note_recording(store, now, posted.business, posted.sid, recorded).await;
    Ok(match noted {
        Ok(_is_new) => answers::noted(),
        Err(error) => answers::again(&error),
    })
}
