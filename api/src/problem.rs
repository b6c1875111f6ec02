//! Errors as the API shows them: problem+json with a stable code and the request's id, never a cause.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use store::{Error as StoreError, quota};
use switchyard_core::Timestamp;
use switchyard_core::address::NotARecipient;
use switchyard_core::code::ApiCode;
use switchyard_core::flow::Fault;
use utoipa::ToSchema;

/// Seconds after which to come again when something is away and nobody knows for how long.
const AWAY_S: u32 = 1;

/// Seconds after which there may be room for a new number.
const NO_ROOM_S: u32 = 5;

/// Why a request was refused. The edge turns it into the body, where the request's id is known.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: ApiCode,
    pub(crate) detail: String,
    pub(crate) retry_after_s: Option<u32>,
    pub(crate) allow: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) faults: Vec<Fault>,
}

/// An error of the API (RFC 9457, `application/problem+json`).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// The address of the code's page: what it means and what to do.
    #[serde(rename = "type")]
    #[schema(format = "uri")]
    pub(crate) kind: String,
    /// What the code means.
    pub(crate) title: &'a str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The stable code.
    pub(crate) code: &'a str,
    /// What is wrong with this request.
    pub(crate) detail: &'a str,
    /// Finds the request in the log.
    pub(crate) request_id: &'a str,
    /// Of `invalid_flow` alone: every fault of the call flow.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    pub(crate) faults: &'a [Fault],
}

impl Problem {
    pub(crate) fn new(code: ApiCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after_s: None,
            allow: None,
            cause: None,
            faults: Vec::new(),
        }
    }

    /// A call flow that is not kept.
    pub(crate) fn faulty(faults: Vec<Fault>) -> Self {
        let detail = match faults.len() {
            1 => "the call flow has 1 fault".to_owned(),
            n => format!("the call flow has {n} faults"),
        };
        Self {
            faults,
            ..Self::new(ApiCode::InvalidFlow, detail)
        }
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ApiCode::InvalidRequest, detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(ApiCode::NotFound, "there is no such thing in this business")
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(ApiCode::Unauthorized, detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ApiCode::Forbidden, detail)
    }

    /// A fault of ours: the cause goes to the log, a sentence to the client.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        let detail = "try again; if it stays so, report the request_id";
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(ApiCode::Internal, detail)
        }
    }

    /// Away for the moment.
    pub(crate) fn unavailable(detail: &str, cause: impl fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(ApiCode::Unavailable, detail).after(AWAY_S)
        }
    }

    /// With `Retry-After`, in seconds.
    pub(crate) fn after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The path exists, but not with this method.
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        Self {
            allow: Some(allow.to_owned()),
            ..Self::new(
                ApiCode::MethodNotAllowed,
                format!("this path knows {allow}"),
            )
        }
    }

    /// The body for this request, from an installation that is reached at `origin`.
    pub(crate) fn body<'a>(&'a self, origin: &str, request_id: &'a str) -> ProblemBody<'a> {
        let row = self.code.row();
        ProblemBody {
            // Served by `api/src/docs.rs`.
            kind: format!("{origin}/docs/problems/{}", row.name),
            title: row.title,
            status: row.status,
            code: row.name,
            detail: &self.detail,
            request_id,
            faults: &self.faults,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.row().name, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(name) => {
                let code = conflict(name);
                Self::new(code, code.row().example)
            }
            StoreError::NoSuchSession => Self::not_found(),
            StoreError::InvalidCursor => Self::invalid("the cursor cannot be read"),
            StoreError::SessionRequired => Self::new(
                ApiCode::SessionRequired,
                "there are several numbers, or none: name one in session_id",
            ),
            StoreError::QuotaExceeded(what) => quota_exceeded(what),
            StoreError::NoRoom => {
                let code = ApiCode::ShardUnavailable;
                Self::new(code, code.row().example).after(NO_ROOM_S)
            }
            StoreError::IdempotencyMismatch => Self::new(
                ApiCode::IdempotencyMismatch,
                "use a new Idempotency-Key for another body",
            ),
            StoreError::CursorExpired => Self::new(
                ApiCode::CursorExpired,
                "no event of this business that is kept has this number; events are kept for 7 days: start again from 0 or from now",
            ),
            StoreError::SearchTooLong => Self::unavailable(
                "the search took too long: search for more letters, or try again",
                error,
            ),
            StoreError::StorageFull => Self::unavailable("there is no room on the disk", error),
            StoreError::Unavailable(_) => Self::unavailable("the database is away", error),
            _ => Self::internal(error),
        }
    }
}

fn quota_exceeded(what: &str) -> Problem {
    const DAY_MS: i64 = 86_400_000;
    let refused = |detail: &str| Problem::new(ApiCode::QuotaExceeded, detail);
    match what {
        "messages_per_day" => {
            let left_ms = DAY_MS - Timestamp::now().ms().rem_euclid(DAY_MS);
            let until_midnight = u32::try_from(left_ms / 1_000).unwrap_or(0);
            refused("the business has sent all messages of today (UTC)")
                .after(until_midnight.max(1))
        }
        "sessions" => refused("the business has all numbers that it may: remove one first"),
        quota::STORAGE => {
            refused("the business keeps all the bytes that it may: its operator raises the limit")
        }
        "waiting_calls" => refused("100 calls of the business wait to be made: try again later"),
        "call_numbers" => refused("a business has at most 100 numbers: remove one first"),
        "api_keys" => refused("a business has at most 200 API keys: revoke one first"),
        "members" => refused("a business has at most 200 people and open invitations"),
        other => refused(other),
    }
}

/// The code of a conflict that the store names; those without one of their own are races.
fn conflict(name: &str) -> ApiCode {
    match name {
        "already_set_up" => ApiCode::AlreadySetUp,
        "last_owner" => ApiCode::LastOwner,
        "already_a_member" => ApiCode::AlreadyAMember,
        "email_taken" => ApiCode::EmailTaken,
        "number_taken" => ApiCode::NumberTaken,
        "number_rung" => ApiCode::NumberRung,
        "shard_cannot_take" => ApiCode::ShardCannotTake,
        "call_number_required" => ApiCode::CallNumberRequired,
        "no_such_call_number" => ApiCode::NotFound,
        "no_such_node" => ApiCode::NoSuchNode,
        "opted_out" => ApiCode::OptedOut,
        "call_over" => ApiCode::CallOver,
        "own_number" => ApiCode::InvalidRecipient,
        _ => ApiCode::Conflict,
    }
}

impl From<NotARecipient> for Problem {
    fn from(why: NotARecipient) -> Self {
        let code = match why {
            NotARecipient::Unreadable => ApiCode::InvalidRecipient,
            NotARecipient::Group => ApiCode::UnsupportedKind,
        };
        Self::new(code, why.to_string())
    }
}
