//! Callers who were missed: one row each, so that one is written to once in a window, however often they call.

use std::time::Duration;

use switchyard_core::address::Phone;
use switchyard_core::call::CallSid;
use switchyard_core::flow::MissedCall;
use switchyard_core::job::Job;
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, CallerId, SessionId, Timestamp};
use uuid::Uuid;

use super::{flow, get, sql};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx, jobs};

/// So long after a call is over whoever was missed is written to: by then a message that was left has been told of.
const AFTER: Duration = Duration::from_secs(10);

fn window(missed: &MissedCall) -> Duration {
    Duration::from_hours(u64::from(missed.window_h))
}

/// Whether a caller may be written to, by when that was done last.
fn is_due(now: Timestamp, told_at: Option<i64>, missed: &MissedCall) -> bool {
    told_at.is_none_or(|at| now.since(Timestamp(at)) >= window(missed))
}

/// Somebody was missed, in that call or before one began. A job is to write to them, if the flow says so and they were
/// not written to within the window.
pub(super) async fn note(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    phone: &Phone,
    call: Option<&CallSid>,
) -> Result<()> {
    let Some(flow) = flow::current(tx, business).await? else {
        return Ok(());
    };
    let missed = flow.flow.missed_call;
    if !missed.enabled {
        return Ok(());
    }
    let (new, b) = (CallerId::generate().uuid(), business.uuid());
    let digits = phone.digits();
    let row = fetch_optional!(tx, (Uuid, Option<i64>), sql::MISS, new, b, digits, now.ms())?;
    let (caller, told_at) = row.ok_or(Error::Conflict("missed_callers"))?;
    if is_due(now, told_at, &missed) {
        let job = Job::AnswerMissedCall {
            caller: caller.into(),
            call: call.cloned(),
        };
        jobs::push::push(tx, now, Some(business), &job, now.plus(AFTER)).await?;
    }
    Ok(())
}

/// What a missed caller is to be sent.
#[derive(Debug, Clone)]
pub struct ToTell {
    /// To whom.
    pub phone: Phone,
    /// What.
    pub text: String,
    /// Through this number; `None`: as for every message without one.
    pub session: Option<SessionId>,
    /// How long the business keeps quiet still; zero: now.
    pub wait: Duration,
    /// The same until they are written to: what makes sending twice harmless.
    pub key: String,
}

/// The number, when they were written to, and when they asked for no messages.
type MissedRow = (String, Option<i64>, Option<i64>);

/// What this caller is to be sent now; `None`: nothing, because a message was left after all, the flow does not say so
/// any more, they were written to within the window, or they asked for no messages.
pub async fn missed_caller(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    caller: CallerId,
    call: Option<&CallSid>,
) -> Result<Option<ToTell>> {
    if let Some(sid) = call {
        let call = get(store, business, sid).await?;
        if call.is_none_or(|it| it.reason != Some(CallReason::Missed)) {
            return Ok(None);
        }
    }
    let flow = flow(store, business).await?.flow;
    let (wait, missed) = (flow.quiet_for(now), flow.missed_call);
    let mut conn = store.of(business).read().await?;
    let row = fetch_optional!(conn, MissedRow, sql::MISSED, business.uuid(), caller.uuid())?;
    let Some((phone, told_at, opted_out_at)) = row else {
        return Ok(None);
    };
    if !missed.enabled || opted_out_at.is_some() || !is_due(now, told_at, &missed) {
        return Ok(None);
    }
    let phone = Phone::parse(&phone).ok_or_else(|| Error::Corrupt {
        table: "missed_callers",
        column: "phone",
        id: caller.to_string(),
    })?;
    Ok(Some(ToTell {
        phone,
        text: missed.text,
        session: missed.session_id,
        wait,
        key: format!("missed-call:{}", told_at.unwrap_or(0)),
    }))
}

/// The caller was written to: the window begins.
pub async fn told_caller(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    caller: CallerId,
) -> Result<()> {
    let input = (now, business, caller);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, business, caller)| {
            Box::pin(async move {
                let (b, c) = (business.uuid(), caller.uuid());
                execute!(tx, sql::TOLD_CALLER, b, c, now.ms())?;
                Ok(())
            })
        })
        .await
}
