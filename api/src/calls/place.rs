//! `POST /v1/calls`: asks for a call, which is placed once, whatever happens to any process.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use store::calls::{NewRequest, Opening, Requested};
use switchyard_core::Timestamp;
use switchyard_core::address::Phone;
use switchyard_core::call::{CallObject, CallState};
use switchyard_core::code::ApiCode;
use switchyard_core::flow::SPOKEN_MAX;
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, CallsWrite};
use crate::idempotency::idempotency;
use crate::input::Body;
use crate::problem::Problem;

/// For how long it rings when nothing is said, and at most; the least is a ring or two.
const RING_S: (u32, u32, u32) = (5, 30, 120);
/// For how long it may wait for a line when nothing is said, and the least and most.
const WAIT_S: (u32, u32, u32) = (10, 120, 3_600);

/// A call to place.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceCallRequest {
    /// Who is called, `+` and the country code first.
    #[schema(min_length = 8, max_length = 24)]
    to: String,
    /// The number of the business that calls; may be left out when it has one.
    #[schema(min_length = 8, max_length = 24)]
    from: Option<String>,
    /// What is said to whoever answers, in the language of the call flow; then the call is over. This or `node`.
    #[schema(min_length = 1, max_length = 2_000)]
    text: Option<String>,
    /// The node of the call flow that whoever answers hears first: a menu, a bridge to a program, people who are rung.
    /// This or `text`.
    #[schema(min_length = 1, max_length = 40)]
    node: Option<String>,
    /// Seconds that it rings; 30 when left out.
    #[schema(minimum = 5, maximum = 120)]
    ring_s: Option<u32>,
    /// Seconds that it may wait for a line, and for its turn, before it is given up; 120 when left out.
    #[schema(minimum = 10, maximum = 3_600)]
    expires_in: Option<u32>,
}

/// Asks for a call. It is `queued` until the telephone company has it, and then has the company's id as `call_sid`; the
/// `call_sid` of this answer goes on naming it, as `asked_as`. It waits for a line for `expires_in` at most; whether it was
/// answered is told by `call.started` and `call.ended`, and by `GET /v1/calls/{call_sid}`. With an `Idempotency-Key` the same
/// request may be sent again for 24 hours and gets the same answer.
#[utoipa::path(
    request_body = PlaceCallRequest,
    tag = "calls",
    security(("bearer" = ["calls:write"]), ("cookie" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Your own name for this call")),
    responses((status = 202, body = CallObject, description = "Accepted, `queued`")),
)]
#[post("/v1/calls")]
pub(crate) async fn place_call(
    request: HttpRequest,
    caller: Allowed<CallsWrite>,
    state: Data<State>,
    body: Body<PlaceCallRequest>,
) -> Result<HttpResponse, Problem> {
    // A message with the same fields is another request.
    let named = ("calls", &*body);
    let idempotency = idempotency(request.headers(), &caller.0, &named)?;
    let PlaceCallRequest {
        to,
        from,
        text,
        node,
        ring_s,
        expires_in,
    } = body.into_inner();
    let new = NewRequest {
        from: from.as_deref().map(phone).transpose()?,
        to: phone(&to)?,
        opening: opening(text, node)?,
        ring: seconds("ring_s", ring_s, RING_S)?,
        expires_in: seconds("expires_in", expires_in, WAIT_S)?,
        idempotency,
    };
    let (now, business, waits) = (Timestamp::now(), caller.0.business, new.expires_in);
    let requested = store::calls::request_call(&state.store, now, business, new).await?;
    Ok(HttpResponse::Accepted().json(match requested {
        Requested::New(call) => call,
        Requested::Replay(call) => as_accepted(call, waits),
    }))
}

/// A call as it was answered the first time, however far it has come since.
fn as_accepted(call: CallObject, waits: Duration) -> CallObject {
    CallObject {
        call_sid: call.asked_as.clone().unwrap_or(call.call_sid),
        state: CallState::Queued,
        answered_at: None,
        ended_at: None,
        duration_s: None,
        reason: None,
        recording: None,
        waits_until: Some(call.started_at.plus(waits)),
        waits_for: None,
        hangup_at: None,
        ..call
    }
}

fn phone(text: &str) -> Result<Phone, Problem> {
    let code = ApiCode::InvalidPhone;
    let phone = Phone::parse(text).filter(|_| text.trim().starts_with('+'));
    phone.ok_or_else(|| {
        Problem::new(
            code,
            "to and from are + and the number with its country code",
        )
    })
}

fn opening(text: Option<String>, node: Option<String>) -> Result<Opening, Problem> {
    match (text, node) {
        (Some(text), None) => {
            let length = text.chars().count();
            if text.trim().is_empty() || length > SPOKEN_MAX || text.chars().any(is_unspeakable) {
                return Err(Problem::invalid(format!(
                    "text is not blank, has at most {SPOKEN_MAX} characters and none that controls a terminal"
                )));
            }
            Ok(Opening::Text(text))
        }
        (None, Some(node)) => Ok(Opening::Node(node)),
        _ => Err(Problem::invalid("a call has text or node, and not both")),
    }
}

/// A document for the telephone company cannot carry it.
fn is_unspeakable(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

fn seconds(
    name: &str,
    given: Option<u32>,
    (least, usual, most): (u32, u32, u32),
) -> Result<Duration, Problem> {
    let seconds = given.unwrap_or(usual);
    if (least..=most).contains(&seconds) {
        Ok(Duration::from_secs(seconds.into()))
    } else {
        Err(Problem::invalid(format!(
            "{name} is {least} to {most} seconds"
        )))
    }
}
