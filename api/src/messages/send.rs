//! `POST /v1/messages`: accepts a message, which is then delivered once, whatever happens to any process.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use store::messages::{Accepted, Idempotency, NewMessage};
use switchyard_core::address::parse_recipient;
use switchyard_core::message::{
    EXPIRES_IN_DEFAULT_S, EXPIRES_IN_RANGE_S, MessageStatus, text_is_sendable,
};
use switchyard_core::object::MessageObject;
use switchyard_core::{SessionId, Timestamp};
use utoipa::ToSchema;

use crate::api::State;
use crate::caller::{Allowed, Caller, MessagesWrite};
use crate::idempotency::idempotency;
use crate::input::Body;
use crate::problem::Problem;

/// A message to send.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendMessageRequest {
    /// The number that sends, `ses_…`; may be left out when the business has one, or one that has the chat.
    #[schema(value_type = Option<String>)]
    session_id: Option<SessionId>,
    /// `+E.164`, digits, `…@s.whatsapp.net`, `…@c.us` or `…@lid`.
    #[schema(min_length = 1)]
    to: String,
    /// What to say, at most 4,096 characters.
    #[schema(min_length = 1, max_length = 4096)]
    text: String,
    /// Seconds after which it is given up if it could not be sent; 86,400 when left out.
    #[schema(minimum = 60, maximum = 604_800)]
    expires_in: Option<u32>,
}

/// Accepts a message: it is stored and will be sent once, in the order of the chat. With an `Idempotency-Key`
/// the same request may be sent again for 24 hours and gets the same answer; how far the message has come since is
/// told by events and by `GET /v1/messages/{id}`.
#[utoipa::path(
    request_body = SendMessageRequest,
    tag = "messages",
    security(("bearer" = ["messages:write"]), ("cookie" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Your own name for this message")),
    responses((status = 202, body = MessageObject, description = "Accepted, `queued`")),
)]
#[post("/v1/messages")]
pub(crate) async fn send_message(
    request: HttpRequest,
    caller: Allowed<MessagesWrite>,
    state: Data<State>,
    body: Body<SendMessageRequest>,
) -> Result<HttpResponse, Problem> {
    let idempotency = idempotency(request.headers(), &caller.0, &*body)?;
    let new = parse(body.into_inner(), &caller.0, idempotency)?;
    let now = Timestamp::now();
    let accepted = store::messages::accept(&state.store, now, caller.0.business, new).await?;
    Ok(HttpResponse::Accepted().json(match accepted {
        Accepted::New(message) => {
            store::told!(message_id = %message.id, "accepted");
            message
        }
        Accepted::Replay(message) => as_accepted(message),
    }))
}

/// A message as it was answered the first time, however far it has come since.
fn as_accepted(message: MessageObject) -> MessageObject {
    MessageObject {
        status: MessageStatus::Queued,
        error: None,
        sent_at: None,
        delivered_at: None,
        read_at: None,
        ..message
    }
}

fn parse(
    body: SendMessageRequest,
    caller: &Caller,
    idempotency: Option<Idempotency>,
) -> Result<NewMessage, Problem> {
    if body.text.contains('\0') {
        return Err(Problem::invalid(
            "text contains the character U+0000, which no message can carry",
        ));
    }
    if !text_is_sendable(&body.text) {
        return Err(Problem::invalid(
            "text is not blank and has at most 4,096 characters",
        ));
    }
    let expires_in_s = body.expires_in.unwrap_or(EXPIRES_IN_DEFAULT_S);
    if !EXPIRES_IN_RANGE_S.contains(&expires_in_s) {
        return Err(Problem::invalid("expires_in is 60 to 604,800 seconds"));
    }
    Ok(NewMessage {
        session: body.session_id,
        to: parse_recipient(&body.to)?,
        text: body.text,
        source: caller.source(),
        expires_in_s,
        idempotency,
    })
}
