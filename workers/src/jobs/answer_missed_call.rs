//! Writing to somebody whose call was missed, by a message like any other.

use store::calls;
use store::messages::{self, Idempotency, NewMessage};
use switchyard_core::address::Identity;
use switchyard_core::call::CallSid;
use switchyard_core::message::{EXPIRES_IN_DEFAULT_S, Source};
use switchyard_core::{BusinessId, CallerId, Timestamp};

use crate::jobs::Context;
use crate::outcome::Outcome;

/// The message and the beginning of the window are two commits; the key makes a second try in between the same message.
pub(super) async fn answer_missed_call(
    context: &Context,
    business: BusinessId,
    caller: CallerId,
    call: Option<&CallSid>,
) -> store::Result<Outcome> {
    let (store, now) = (&context.store, Timestamp::now());
    let Some(tell) = calls::missed_caller(store, now, business, caller, call).await? else {
        return Ok(Outcome::Done);
    };
    if !tell.wait.is_zero() {
        return Ok(Outcome::Again {
            after: tell.wait,
            code: "quiet_hours",
        });
    }
    let message = NewMessage {
        session: tell.session,
        to: Identity::of_phone(tell.phone),
        text: tell.text,
        source: Source::Api,
        expires_in_s: EXPIRES_IN_DEFAULT_S,
        idempotency: Some(Idempotency {
            actor: caller.uuid(),
            key: tell.key,
            // The words may have been changed between two tries: it is the same message all the same.
            body_sha256: [0; 32],
        }),
    };
    match messages::accept(store, now, business, message).await {
        Ok(_) => calls::told_caller(store, now, business, caller).await?,
        Err(store::Error::SessionRequired | store::Error::NoSuchSession) => {
            return Ok(Outcome::Dead {
                code: "no_whatsapp_number",
            });
        }
        Err(store::Error::QuotaExceeded(_)) => {
            return Ok(Outcome::Dead {
                code: "quota_exceeded",
            });
        }
        Err(other) => return Err(other),
    }
    Ok(Outcome::Done)
}
