//! `GET /v1/calls/{call_sid}/recording`: the audio, whole or the part that a player asks for.

use std::ops::RangeInclusive;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE, RANGE,
};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::stream;
use store::calls::{self, PIECE};
use switchyard_core::BusinessId;
use switchyard_core::call::{CallSid, RecordingState};

use crate::api::State;
use crate::caller::{Allowed, CallsRead};
use crate::problem::Problem;

/// What the caller recorded last. `Range` answers one part of it; several are answered as the whole.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:read"]), ("cookie" = [])),
    params(("call_sid" = String, Path, description = "The provider's id of the call")),
    responses(
        (status = 200, description = "The audio, `audio/wav` or `audio/mpeg`"),
        (status = 206, description = "The part of it that was asked for"),
        (status = 416, description = "There is no such part"),
    ),
)]
#[get("/v1/calls/{call_sid}/recording")]
pub(crate) async fn play_recording(
    caller: Allowed<CallsRead>,
    state: Data<State>,
    sid: Path<CallSid>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let business = caller.0.business;
    let call = calls::get(&state.store, business, &sid).await?;
    let recording = call.and_then(|it| it.recording);
    let ready = recording.filter(|it| it.state == RecordingState::Ready);
    let recording = ready.ok_or_else(Problem::not_found)?;
    let length = recording.bytes.and_then(|it| u64::try_from(it).ok());
    let length = length.ok_or_else(Problem::not_found)?;
    let asked = request.headers().get(RANGE).and_then(|it| it.to_str().ok());
    let (status, part) = match asked.map_or(Asked::Whole, |it| Asked::of(it, length)) {
        Asked::Whole => (StatusCode::OK, 0..=length.saturating_sub(1)),
        Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Asked::Nothing => {
            return Ok(HttpResponse::RangeNotSatisfiable()
                .insert_header((CONTENT_RANGE, format!("bytes */{length}")))
                .finish());
        }
    };
    let mut answer = HttpResponse::build(status);
    answer
        .content_type(recording.mime.as_deref().unwrap_or("audio/wav"))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((CONTENT_DISPOSITION, "inline; filename=\"recording.wav\""))
        // Audio gets no smaller, and a part of what was compressed would be no part of the file.
        .insert_header((CONTENT_ENCODING, "identity"));
    if status == StatusCode::PARTIAL_CONTENT {
        let (first, last) = (part.start(), part.end());
        answer.insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
    }
    let sid: CallSid = recording.recording_sid.parse().map_err(Problem::internal)?;
    let size = part.end().saturating_sub(*part.start()).saturating_add(1);
    let pieces = pieces(state, business, sid, part);
    Ok(answer.no_chunking(size).streaming(pieces))
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(RangeInclusive<u64>),
    Nothing,
}

impl Asked {
    /// Of a file of that length (RFC 9110, 14.1.2). What cannot be read asks for the whole, as several parts do.
    fn of(header: &str, length: u64) -> Self {
        let Some((first, last)) = header
            .strip_prefix("bytes=")
            .filter(|spec| !spec.contains(','))
            .and_then(|spec| spec.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let end = length.saturating_sub(1);
        match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), _) if first > end => Self::Nothing,
            (Ok(first), Ok(last)) if first <= last => Self::Part(first..=last.min(end)),
            (Ok(first), Err(_)) if last.is_empty() => Self::Part(first..=end),
            (Err(_), Ok(0)) if first.is_empty() => Self::Nothing,
            (Err(_), Ok(tail)) if first.is_empty() => Self::Part(length.saturating_sub(tail)..=end),
            _ => Self::Whole,
        }
    }
}

/// The part, piece by piece: one is opened when the one before was taken.
fn pieces(
    state: Data<State>,
    business: BusinessId,
    recording: CallSid,
    part: RangeInclusive<u64>,
) -> impl stream::Stream<Item = Result<Bytes, actix_web::Error>> {
    let piece = u64::try_from(PIECE).unwrap_or(u64::MAX);
    let (first, last) = (*part.start(), *part.end());
    let numbers = first / piece..=last / piece;
    stream::unfold(numbers, move |mut numbers| {
        let (state, recording) = (state.clone(), recording.clone());
        async move {
            let n = numbers.next()?;
            let opened = calls::piece(&state.keys, business, &recording, n).await;
            let found = opened.map_err(Problem::from).and_then(|bytes| {
                let bytes = bytes.ok_or_else(|| Problem::internal("a piece is missing"))?;
                let begin = n.saturating_mul(piece);
                let within = |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(0);
                let end = within(last.saturating_add(1)).min(bytes.len());
                let cut = bytes.get(within(first)..end).unwrap_or_default();
                Ok(Bytes::copy_from_slice(cut))
            });
            Some((found.map_err(actix_web::Error::from), numbers))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_the_standard_says() {
        for (header, asked) in [
            ("bytes=0-3", Asked::Part(0..=3)),
            ("bytes=4-", Asked::Part(4..=9)),
            ("bytes=-3", Asked::Part(7..=9)),
            ("bytes=-30", Asked::Part(0..=9)),
            ("bytes=5-500", Asked::Part(5..=9)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=0-1,4-5", Asked::Whole),
            ("bytes=5-2", Asked::Whole),
            ("lines=1-2", Asked::Whole),
        ] {
            assert_eq!(Asked::of(header, 10), asked, "{header}");
        }
    }
}
