//! What callers recorded: told of once, however often and in whatever order the provider tells.

use switchyard_core::call::{CallSid, RecordingState};
use switchyard_core::job::Job;
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};

use super::{flow, progress, sql};
use crate::run::{execute, fetch_optional};
use crate::{Lane, Result, Store, Tx, jobs};

/// Shorter than this nobody said anything: the caller hung up at the tone.
const LEAST_S: i64 = 2;

/// What a provider told of a recording.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The provider's id of it.
    pub recording_sid: CallSid,
    /// How long it takes; `None`: the provider did not say.
    pub duration_s: Option<i64>,
    /// The provider says that there is no audio.
    pub is_absent: bool,
}

/// Writes a recording down. `false`: it was before, or there is no such call. A call that counted as missed does not
/// any more.
pub async fn note_recording(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    sid: CallSid,
    recorded: Recorded,
) -> Result<bool> {
    let input = (now, business, sid, recorded);
    store
        .of(business)
        .write(Lane::Messages, input, |tx, (now, business, sid, it)| {
            Box::pin(note(tx, *now, *business, sid, it))
        })
        .await
}

async fn note(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    sid: &CallSid,
    recorded: &Recorded,
) -> Result<bool> {
    let Some(mut call) = progress::lock(tx, business, sid).await? else {
        return Ok(false);
    };
    let is_empty = recorded.is_absent || recorded.duration_s.is_some_and(|it| it < LEAST_S);
    let state = if is_empty {
        RecordingState::Absent
    } else {
        RecordingState::Pending
    };
    let added = execute!(
        tx,
        sql::ADD_RECORDING,
        business.uuid(),
        recorded.recording_sid.as_str(),
        sid.as_str(),
        state.name(),
        recorded.duration_s,
        now.ms()
    )?;
    if added > 0 && !is_empty {
        let job = Job::FetchRecording {
            recording: recorded.recording_sid.clone(),
        };
        jobs::push::push(tx, now, Some(business), &job, now).await?;
    }
    if added > 0 && is_empty {
        drop_copy(tx, now, business, &recorded.recording_sid, |_keep_days| now).await?;
    }
    if added > 0 && !is_empty && call.reason == Some(CallReason::Missed) {
        call.reason = Some(CallReason::Voicemail);
        progress::write(tx, business, sid, &call).await?;
    }
    Ok(added > 0)
}

/// Has the provider's copy removed, if the flow says so: at the time that follows from the days for which it keeps
/// recordings.
pub(super) async fn drop_copy(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    recording: &CallSid,
    at: impl FnOnce(Option<u32>) -> Timestamp + Send,
) -> Result<()> {
    let keeping = flow::current(tx, business).await?;
    let keeping = keeping.map(|it| it.flow.recording).unwrap_or_default();
    if keeping.delete_at_provider {
        let job = Job::DropRecording {
            recording: recording.clone(),
        };
        let at = at(keeping.keep_days);
        jobs::push::push(tx, now, Some(business), &job, at).await?;
    }
    Ok(())
}

/// Whether the caller left a message.
pub(super) async fn has_message(tx: &mut Tx, business: BusinessId, sid: &CallSid) -> Result<bool> {
    let (b, s) = (business.uuid(), sid.as_str());
    let found = fetch_optional!(tx, (String,), sql::MESSAGE_LEFT, b, s)?;
    Ok(found.is_some())
}
