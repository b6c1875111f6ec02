//! Asking the shard that holds a session to send a chat's queued messages, in order.

use std::time::Duration;

use secrecy::ExposeSecret;
use store::leases::Holder;
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainAnswer, DrainOutcome, DrainRequest};
use switchyard_core::{ChatId, SessionId, trace};

use crate::jobs::Context;
use crate::outcome::Outcome;

/// After a hand-over: so long until the lease is read again.
const HANDED_OVER: Duration = Duration::from_secs(1);
/// A shard may ask for no longer wait than this.
const RETRY_AFTER_MOST: Duration = Duration::from_mins(1);

/// The shard of this process is asked first. Nobody holds the session, or it is not connected: done, since its shard asks for a drain once it is connected.
/// Held by somebody else by now: the lease is read again at once, then after a second, which counts as no attempt.
pub(super) async fn drain_chat(
    context: &Context,
    session: SessionId,
    chat: ChatId,
) -> store::Result<Outcome> {
    let request = DrainRequest {
        session_id: session,
        chat_id: chat,
        max: DRAIN_MAX_MESSAGES,
    };
    if let Some(nearby) = &context.nearby {
        let answer = nearby.drain(request).await;
        if answer.outcome != DrainOutcome::NotMine {
            return Ok(outcome(answer));
        }
    }
    let Some(first) = store::leases::holder(&context.store, session).await? else {
        return Ok(Outcome::Done);
    };
    let mut answer = ask(context, &first, request).await;
    if is(&answer, DrainOutcome::NotMine) {
        match store::leases::holder(&context.store, session).await? {
            None => return Ok(Outcome::Done),
            Some(second) if second != first => {
                answer = ask(context, &second, request).await;
            }
            Some(_) => {}
        }
    }
    Ok(match answer {
        Ok(answer) => outcome(answer),
        Err(code) => Outcome::Failed { code },
    })
}

fn outcome(answer: DrainAnswer) -> Outcome {
    match answer.outcome {
        DrainOutcome::Drained | DrainOutcome::NotConnected => Outcome::Done,
        DrainOutcome::More => Outcome::Again {
            after: Duration::from_millis(answer.retry_after_ms).min(RETRY_AFTER_MOST),
            code: "more",
        },
        DrainOutcome::NotMine => Outcome::Again {
            after: HANDED_OVER,
            code: "not_mine",
        },
        DrainOutcome::Fenced => Outcome::Again {
            after: HANDED_OVER,
            code: "fenced",
        },
    }
}

fn is(answer: &Result<DrainAnswer, &'static str>, outcome: DrainOutcome) -> bool {
    answer.as_ref().is_ok_and(|it| it.outcome == outcome)
}

/// The one direct call; a code where it brought no answer.
async fn ask(
    context: &Context,
    holder: &Holder,
    request: DrainRequest,
) -> Result<DrainAnswer, &'static str> {
    let url = format!("{}/internal/v1/drain", holder.url.trim_end_matches('/'));
    let mut call = context.shards.post(url).json(&request);
    if let Some(key) = &context.internal_key {
        call = call.bearer_auth(key.expose_secret());
    }
    if let Some(trace) = store::trace::current() {
        call = call.header(trace::HEADER, trace.traceparent());
        if let Some(id) = trace.request_id() {
            call = call.header(trace::REQUEST_HEADER, id);
        }
    }
    let answer = call.send().await.map_err(|error| code(&error))?;
    if !answer.status().is_success() {
        tracing::warn!(
            session.id = %request.session_id,
            status = answer.status().as_u16(),
            "the shard of {} refused a drain",
            request.session_id
        );
        return Err("shard_refused");
    }
    answer.json().await.map_err(|error| code(&error))
}

fn code(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "shard_unreachable"
    } else if error.is_timeout() {
        "shard_timed_out"
    } else {
        "shard_answer_unreadable"
    }
}
