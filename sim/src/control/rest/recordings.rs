//! Recordings over REST: what they are, their files, and their end.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::super::Shared;
use super::{Caller, Failure, suffer};
use crate::carrier::recordings::Recording;
use crate::faults::Kind;

fn page(recordings: &[Recording]) -> HttpResponse {
    let recordings: Vec<Value> = recordings.iter().map(Recording::describe).collect();
    HttpResponse::Ok().json(json!({
        "recordings": recordings, "page": 0, "page_size": recordings.len(), "next_page_uri": null
    }))
}

/// `GET Recordings.json`.
pub(super) async fn list(
    shared: Data<Shared>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let recordings = &shared.world.carrier.recordings;
    Ok(page(&recordings.list(&caller.account.sid, |_| true)))
}

/// `GET Calls/{CA}/Recordings.json`.
pub(super) async fn of_call(
    shared: Data<Shared>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let recordings = &shared.world.carrier.recordings;
    Ok(page(
        &recordings.list(&caller.account.sid, |one| one.call == path.1),
    ))
}

/// `GET Recordings/{RE}`: the file, also as `.wav`; what is known of it as `.json`.
pub(super) async fn show(
    shared: Data<Shared>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let (sid, ending) = path.1.split_once('.').unwrap_or((&path.1, "wav"));
    let recording = shared
        .world
        .carrier
        .recordings
        .get(&caller.account.sid, sid)
        .ok_or_else(Failure::missing)?;
    match ending {
        "json" => Ok(HttpResponse::Ok().json(recording.describe())),
        "wav" => {
            let missing = shared.world.faults.hit(Kind::RecordingMissing, None, None);
            if missing.is_some() || !recording.ready {
                return Err(Failure::missing());
            }
            Ok(HttpResponse::Ok()
                .content_type("audio/x-wav")
                .body(recording.wav))
        }
        _ => Err(Failure::missing()),
    }
}

/// `DELETE Recordings/{RE}` and `Recordings/{RE}.json`.
pub(super) async fn delete(
    shared: Data<Shared>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let sid = path.1.trim_end_matches(".json");
    if !shared
        .world
        .carrier
        .recordings
        .delete(&caller.account.sid, sid)
    {
        return Err(Failure::missing());
    }
    Ok(HttpResponse::NoContent().finish())
}
