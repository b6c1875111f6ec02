//! The stored form of a call with its newest recording, and of its steps.

use switchyard_core::call::{
    CallObject, CallState, Direction, RecordingObject, RecordingState, StepKind, StepObject,
};
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use crate::page::Cursor;
use crate::{Error, Result};

/// The columns that a [`CallRow`] is read from, with the tables that they are in.
macro_rules! call_columns {
    () => {
        "calls.id, calls.business_id, calls.call_sid, calls.asked_as, calls.direction, calls.from_number, calls.to_number, \
         calls.state, calls.reason, calls.started_at, calls.answered_at, calls.ended_at, calls.duration_s, \
         r.recording_sid, r.state as recording_state, r.duration_s as recording_s, r.mime, r.bytes, r.sha256, \
         r.created_at as recorded_at, calls.hangup_at, q.until as waits_until, q.reason as waits_for \
         from calls left join call_requests q on q.business_id = calls.business_id and q.asked_as = calls.asked_as \
            and q.state = 'waiting' \
         left join recordings r on r.business_id = calls.business_id and r.recording_sid = \
            (select x.recording_sid from recordings x \
             where x.business_id = calls.business_id and x.call_sid = calls.call_sid \
             order by x.created_at desc, x.recording_sid desc limit 1)"
    };
}
pub(crate) use call_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct CallRow {
    id: Uuid,
    business_id: Uuid,
    call_sid: String,
    asked_as: Option<String>,
    direction: String,
    from_number: Option<String>,
    to_number: Option<String>,
    state: String,
    reason: Option<String>,
    started_at: i64,
    answered_at: Option<i64>,
    ended_at: Option<i64>,
    duration_s: Option<i64>,
    recording_sid: Option<String>,
    recording_state: Option<String>,
    recording_s: Option<i64>,
    mime: Option<String>,
    bytes: Option<i64>,
    sha256: Option<Vec<u8>>,
    recorded_at: Option<i64>,
    hangup_at: Option<i64>,
    waits_until: Option<i64>,
    waits_for: Option<String>,
}

impl CallRow {
    pub(crate) fn into_object(self) -> Result<CallObject> {
        let corrupt = corrupt(&self.call_sid);
        Ok(CallObject {
            call_sid: self
                .call_sid
                .parse()
                .map_err(|_not_a_sid| corrupt("call_sid"))?,
            asked_as: (self.asked_as.as_deref())
                .map(|id| id.parse().map_err(|_not_a_sid| corrupt("asked_as")))
                .transpose()?,
            business_id: BusinessId::from(self.business_id),
            direction: Direction::parse(&self.direction).ok_or_else(|| corrupt("direction"))?,
            state: CallState::parse(&self.state).ok_or_else(|| corrupt("state"))?,
            reason: parse_reason(self.reason.as_deref()).map_err(|()| corrupt("reason"))?,
            started_at: Timestamp(self.started_at),
            answered_at: self.answered_at.map(Timestamp),
            ended_at: self.ended_at.map(Timestamp),
            duration_s: self.duration_s,
            recording: self.recording()?,
            waits_until: self.waits_until.map(Timestamp),
            waits_for: parse_reason(self.waits_for.as_deref())
                .map_err(|()| corrupt("waits_for"))?,
            hangup_at: self.hangup_at.map(Timestamp),
            from: self.from_number,
            to: self.to_number,
        })
    }

    fn recording(&self) -> Result<Option<RecordingObject>> {
        let Some(recording_sid) = &self.recording_sid else {
            return Ok(None);
        };
        let state = self.recording_state.as_deref();
        let state = state
            .and_then(RecordingState::parse)
            .ok_or(Error::Corrupt {
                table: "recordings",
                column: "state",
                id: recording_sid.clone(),
            })?;
        Ok(Some(RecordingObject {
            recording_sid: recording_sid.clone(),
            duration_s: self.recording_s,
            mime: self.mime.clone(),
            bytes: (state == RecordingState::Ready)
                .then_some(self.bytes)
                .flatten(),
            sha256: self.sha256.as_deref().map(hex),
            created_at: Timestamp(self.recorded_at.unwrap_or_default()),
            state,
        }))
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor {
            at: self.started_at,
            id: self.id,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

fn parse_reason(code: Option<&str>) -> std::result::Result<Option<CallReason>, ()> {
    code.map(|code| CallReason::parse(code).ok_or(()))
        .transpose()
}

/// A call whose row cannot be read.
fn corrupt(sid: &str) -> impl Fn(&'static str) -> Error {
    let id = sid.to_owned();
    move |column| Error::Corrupt {
        table: "calls",
        column,
        id: id.clone(),
    }
}

/// A call as a transaction finds and changes it.
#[derive(sqlx::FromRow)]
pub(crate) struct StandingRow {
    direction: String,
    pub(crate) from_number: Option<String>,
    state: String,
    reason: Option<String>,
    answered_by_someone: i64,
    hangup_at: Option<i64>,
    pub(crate) steps: i64,
    pub(crate) answered_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) duration_s: Option<i64>,
}

/// The same, read.
pub(crate) struct Standing {
    pub(crate) direction: Direction,
    pub(crate) state: CallState,
    pub(crate) reason: Option<CallReason>,
    pub(crate) is_answered: bool,
    pub(crate) is_hung_up: bool,
    pub(crate) row: StandingRow,
}

impl StandingRow {
    pub(crate) fn read(self, sid: &str) -> Result<Standing> {
        let corrupt = corrupt(sid);
        Ok(Standing {
            direction: Direction::parse(&self.direction).ok_or_else(|| corrupt("direction"))?,
            state: CallState::parse(&self.state).ok_or_else(|| corrupt("state"))?,
            reason: parse_reason(self.reason.as_deref()).map_err(|()| corrupt("reason"))?,
            is_answered: self.answered_by_someone != 0,
            is_hung_up: self.hangup_at.is_some(),
            row: self,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct StepRow {
    n: i64,
    at: i64,
    kind: String,
    node: Option<String>,
    detail: Option<String>,
}

impl StepRow {
    pub(crate) fn into_object(self, sid: &str) -> Result<StepObject> {
        let kind = StepKind::parse(&self.kind).ok_or_else(|| Error::Corrupt {
            table: "call_steps",
            column: "kind",
            id: format!("{sid} {}", self.n),
        })?;
        Ok(StepObject {
            n: self.n,
            at: Timestamp(self.at),
            kind,
            node: self.node,
            detail: self.detail,
        })
    }
}
