//! What operators do with slots: the limit that they set, which outlives every cache, and calls whose slot they take
//! back. Both are noted in an audit log.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::call::{CallSid, CallState};
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};

use super::{Ending, progress, sql};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store};

/// The name of the fact.
const LIMIT: &str = "call_limit";

/// The limit that an operator set; `None`: that of the settings counts.
pub async fn call_limit(store: &Store) -> Result<Option<u32>> {
    let mut conn = store.read().await?;
    let Some((value,)) = fetch_optional!(conn, (Vec<u8>,), sql::LIMIT, LIMIT)? else {
        return Ok(None);
    };
    let corrupt = || Error::Corrupt {
        table: "meta",
        column: "value",
        id: LIMIT.to_owned(),
    };
    let bytes: [u8; 4] = value.try_into().map_err(|_other_length| corrupt())?;
    Ok(Some(u32::from_be_bytes(bytes)))
}

/// Keeps the limit of calls at a time. It is noted in the log of `noted_in`.
pub async fn set_call_limit(
    store: &Store,
    now: Timestamp,
    by: Actor,
    noted_in: BusinessId,
    limit: u32,
) -> Result<()> {
    let input = (now, by, noted_in, limit);
    store
        .write(Lane::Rest, input, |tx, (now, by, noted_in, limit)| {
            Box::pin(async move {
                execute!(tx, sql::SET_LIMIT, LIMIT, limit.to_be_bytes().as_slice())?;
                let (action, detail) = (AuditAction::CallLimitChanged, json!({"after": limit}));
                audit::note(tx, *now, *noted_in, by, action, LIMIT, &detail).await
            })
        })
        .await
}

/// Ends our part in a call whose slot an operator has taken back. It is noted in the log of its business.
pub async fn note_release(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    sid: CallSid,
) -> Result<()> {
    let input = (now, by, business, sid);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, sid)| {
            Box::pin(async move {
                let ending = Ending {
                    state: CallState::Completed,
                    duration_s: None,
                    reason: Some(CallReason::Released),
                };
                progress::end(tx, *now, *business, sid, ending).await?;
                let action = AuditAction::CallReleased;
                audit::note(tx, *now, *business, by, action, sid.as_str(), &json!({})).await
            })
        })
        .await
}
