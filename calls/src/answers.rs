//! The answers that a provider gets.

use actix_web::HttpResponse;
use actix_web::http::header;
use switchyard_core::reason::CallReason;

use crate::twiml;

/// The kind of every document; anything else is an error to the provider.
const XML: &str = "text/xml; charset=utf-8";
/// Seconds after which a provider that was turned away may come again.
const RETRY_AFTER: &str = "5";
/// The header that tells our own people why a call was turned away.
const REASON: &str = "X-Switchyard-Reason";

/// A document.
pub(crate) fn document(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(XML)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// What was told is written down.
pub(crate) fn noted() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// No line: the provider asks the fallback address. What it may be made to execute of the body says busy.
pub(crate) fn unavailable(reason: CallReason) -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .content_type(XML)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::RETRY_AFTER, RETRY_AFTER))
        .insert_header((REASON, reason.code()))
        .body(twiml::busy())
}

/// No line, in one answer: the tone of a busy line.
pub(crate) fn busy(reason: CallReason) -> HttpResponse {
    let mut answer = document(twiml::busy());
    let value = header::HeaderValue::from_static(reason.code());
    answer.headers_mut().insert(
        header::HeaderName::from_static("x-switchyard-reason"),
        value,
    );
    answer
}

/// It could not be written down: tell it again.
pub(crate) fn again(error: &store::Error) -> HttpResponse {
    tracing::warn!(%error, "what the provider told could not be written down");
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, RETRY_AFTER))
        .finish()
}
