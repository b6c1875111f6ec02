//! The audio of recordings, sealed in pieces, so that a player can ask for any part of one without opening the rest.

use std::time::Duration;

use sha2::{Digest, Sha256};
use switchyard_core::call::{CallSid, RecordingState};
use switchyard_core::event::EventType;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use super::flow::{self, StoredFlow};
use super::{must_find, recording, sql, tell};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::seal::{BusinessKey, Keys, Place};
use crate::{Error, Lane, Result, Store, Tx, quota};

/// Bytes of a piece before it is sealed.
pub const PIECE: usize = 256 * 1_024;
/// The most bytes of a recording: an hour and a half of 8,000 samples a second of two bytes.
pub const AUDIO_MAX: usize = 90 * 60 * 16_000;
/// Recordings that one call of [`forget_recordings`] removes.
const FORGOTTEN: i64 = 20;
/// Days for which the provider keeps what could not be fetched: as many as the job that failed can be run again.
const LEFT_THERE_DAYS: u32 = 30;

/// What was fetched.
#[derive(Debug, Clone)]
pub struct Audio {
    /// What kind.
    pub mime: String,
    /// How long it takes, where the provider did not say.
    pub duration_s: Option<i64>,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// What is sealed, ready to be written.
struct Sealed {
    business: BusinessId,
    recording: CallSid,
    audio_mime: String,
    duration_s: Option<i64>,
    length: i64,
    sha256: [u8; 32],
    pieces: Vec<Vec<u8>>,
}

fn place<'a>(business: BusinessId, recording: &'a CallSid, n: &'a [u8; 8]) -> Place<'a> {
    Place {
        owner: business.uuid(),
        space: "recording",
        key: recording.as_str().as_bytes(),
        sub: n,
    }
}

/// The pieces of a text, sealed one by one for their places.
fn seal(
    key: &BusinessKey,
    business: BusinessId,
    recording: &CallSid,
    bytes: &[u8],
) -> Result<Vec<Vec<u8>>> {
    let numbered = (0_u64..).zip(bytes.chunks(PIECE));
    numbered
        .map(|(n, piece)| key.seal(place(business, recording, &n.to_be_bytes()), piece))
        .collect()
}

/// Keeps what was fetched, with its event, and has the provider's copy removed if the flow says so. `false`: it is kept
/// already, or nobody asked for it. [`Error::QuotaExceeded`] when the business keeps all that it may.
pub async fn keep_recording(
    keys: &Keys,
    now: Timestamp,
    business: BusinessId,
    recording: CallSid,
    audio: Audio,
) -> Result<bool> {
    let key = keys.of(business).await?;
    let sealed = Sealed {
        business,
        pieces: seal(&key, business, &recording, &audio.bytes)?,
        length: i64::try_from(audio.bytes.len()).unwrap_or(i64::MAX),
        sha256: Sha256::digest(&audio.bytes).into(),
        audio_mime: audio.mime,
        duration_s: audio.duration_s,
        recording,
    };
    keys.store()
        .of(business)
        .write(Lane::Rest, (now, sealed), |tx, (now, sealed)| {
            Box::pin(keep(tx, *now, sealed))
        })
        .await
}

async fn keep(tx: &mut Tx, now: Timestamp, sealed: &Sealed) -> Result<bool> {
    let (business, b) = (sealed.business, sealed.business.uuid());
    let id = sealed.recording.as_str();
    quota::admit_bytes(tx, business).await?;
    let kept = fetch_optional!(
        tx,
        (String,),
        sql::KEEP,
        b,
        id,
        sealed.audio_mime.as_str(),
        sealed.length,
        sealed.sha256.as_slice(),
        sealed.duration_s
    )?;
    let Some((call,)) = kept else {
        return Ok(false);
    };
    for (n, piece) in (0_i64..).zip(&sealed.pieces) {
        execute!(tx, sql::ADD_PIECE, b, id, n, piece.as_slice())?;
    }
    recording::drop_copy(tx, now, business, &sealed.recording, |_keep_days| now).await?;
    let sid: CallSid = call.parse().map_err(|_not_a_sid| Error::Corrupt {
        table: "recordings",
        column: "call_sid",
        id: id.to_owned(),
    })?;
    let call = must_find(tx, business, &sid).await?;
    tell(tx, now, EventType::RecordingReady, &call)?;
    Ok(true)
}

/// The recording cannot be fetched; a later try may keep it all the same. What it would fetch stays at the provider for
/// as long as an operator may want that try, and no longer than the business keeps recordings.
pub async fn fail_recording(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    recording: CallSid,
) -> Result<()> {
    let input = (now, business, recording);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, business, recording)| {
            Box::pin(fail(tx, *now, *business, recording))
        })
        .await
}

async fn fail(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    recording: &CallSid,
) -> Result<()> {
    let failed = execute!(tx, sql::FAIL, business.uuid(), recording.as_str())?;
    if failed > 0 {
        let at = |keep_days: Option<u32>| {
            let days = keep_days.map_or(LEFT_THERE_DAYS, |days| days.min(LEFT_THERE_DAYS));
            now.plus(Duration::from_hours(24).saturating_mul(days))
        };
        recording::drop_copy(tx, now, business, recording, at).await?;
    }
    Ok(())
}

/// How far a recording has come, and when it was told of; `None`: there is none of this id.
pub async fn recording_state(
    store: &Store,
    business: BusinessId,
    recording: &CallSid,
) -> Result<Option<(RecordingState, Timestamp)>> {
    let (b, r) = (business.uuid(), recording.as_str());
    let mut conn = store.of(business).read().await?;
    let row = fetch_optional!(conn, (String, i64), sql::RECORDING_STATE, b, r)?;
    row.map(|(state, since)| {
        let state = RecordingState::parse(&state).ok_or_else(|| Error::Corrupt {
            table: "recordings",
            column: "state",
            id: r.to_owned(),
        })?;
        Ok((state, Timestamp(since)))
    })
    .transpose()
}

/// The `n`th piece, opened; `None` behind the last one. Each has [`PIECE`] bytes, the last one those that are left.
pub async fn piece(
    keys: &Keys,
    business: BusinessId,
    recording: &CallSid,
    n: u64,
) -> Result<Option<Vec<u8>>> {
    let stored = i64::try_from(n).unwrap_or(i64::MAX);
    let (b, r) = (business.uuid(), recording.as_str());
    let mut conn = keys.store().of(business).read().await?;
    let row = fetch_optional!(conn, (Vec<u8>,), sql::PIECE, b, r, stored)?;
    drop(conn);
    let Some((sealed,)) = row else {
        return Ok(None);
    };
    let key = keys.of(business).await?;
    let opened = key.open(place(business, recording, &n.to_be_bytes()), &sealed)?;
    Ok(Some(opened.to_vec()))
}

/// The businesses that keep recordings for a time, with the days of each.
pub async fn keeping_recordings(store: &Store) -> Result<Vec<(BusinessId, u32)>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(conn, (Uuid, i64, String, i64), sql::ALL_FLOWS)?;
    let mut keeping = Vec::new();
    for (business, version, flow, since) in rows {
        let business = BusinessId::from(business);
        let StoredFlow { flow, .. } = flow::stored(business, (version, flow, since))?;
        if let Some(days) = flow.recording.keep_days {
            keeping.push((business, days));
        }
    }
    Ok(keeping)
}

/// Removes some recordings of a business that are older than so many days, the oldest first. Answers how many went; 0:
/// none is left.
pub async fn forget_recordings(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    days: u32,
) -> Result<u64> {
    let before = now.minus(Duration::from_hours(24).saturating_mul(days));
    store
        .of(business)
        .write(Lane::Rest, (business, before), |tx, (business, before)| {
            Box::pin(forget(tx, *business, *before))
        })
        .await
}

async fn forget(tx: &mut Tx, business: BusinessId, before: Timestamp) -> Result<u64> {
    let b = business.uuid();
    let old = fetch_all!(
        tx,
        (String,),
        sql::OLD_RECORDINGS,
        b,
        before.ms(),
        FORGOTTEN
    )?;
    let mut gone = 0_u64;
    for (recording,) in old {
        execute!(tx, sql::DROP_PIECES, b, recording.as_str())?;
        gone = gone.saturating_add(execute!(tx, sql::FORGET_RECORDING, b, recording.as_str())?);
    }
    Ok(gone)
}
