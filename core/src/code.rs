//! API error codes: one row each with its HTTP status and its title.

/// A stable code of an API error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiCode {
    /// The request is malformed: a field is missing, unknown or out of range.
    InvalidRequest,
    /// No credential, or one that is not valid any more.
    Unauthorized,
    /// The credential does not allow this.
    Forbidden,
    /// There is no such thing in this business.
    NotFound,
    /// The path is known, but not with this method; `Allow` lists those that are.
    MethodNotAllowed,
    /// The thing is in a state that does not allow this.
    Conflict,
    /// The cursor is older than the events that are kept, or newer than all of them.
    CursorExpired,
    /// The body is larger than allowed.
    TooLarge,
    /// The same Idempotency-Key came with another body.
    IdempotencyMismatch,
    /// The recipient is not a phone number or address that can be sent to.
    InvalidRecipient,
    /// The business has several numbers and the request names none.
    SessionRequired,
    /// This kind of content is not supported.
    UnsupportedKind,
    /// Too many requests; `Retry-After` says when to come again.
    TooManyRequests,
    /// A limit of the business is used up.
    QuotaExceeded,
    /// A fault of ours; the request id finds it in the log.
    Internal,
    /// No shard has room for a first connection.
    ShardUnavailable,
    /// Something that this needs is away for the moment.
    Unavailable,
}

/// The row of one API code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiCodeRow {
    /// The code on the wire.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it means, in a few words.
    pub title: &'static str,
}

impl ApiCode {
    /// Every code.
    pub const ALL: [Self; 17] = [
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::CursorExpired,
        Self::TooLarge,
        Self::IdempotencyMismatch,
        Self::InvalidRecipient,
        Self::SessionRequired,
        Self::UnsupportedKind,
        Self::TooManyRequests,
        Self::QuotaExceeded,
        Self::Internal,
        Self::ShardUnavailable,
        Self::Unavailable,
    ];

    /// Its row of the table.
    pub const fn row(self) -> ApiCodeRow {
        match self {
            Self::InvalidRequest => row("invalid_request", 400, "The request is not valid"),
            Self::Unauthorized => row("unauthorized", 401, "Sign in first"),
            Self::Forbidden => row("forbidden", 403, "This credential does not allow that"),
            Self::NotFound => row("not_found", 404, "There is no such thing"),
            Self::MethodNotAllowed => row(
                "method_not_allowed",
                405,
                "This path does not know that method",
            ),
            Self::Conflict => row("conflict", 409, "Not possible in the present state"),
            Self::CursorExpired => row(
                "cursor_expired",
                410,
                "The cursor names no event that is kept",
            ),
            Self::TooLarge => row("too_large", 413, "The body is too large"),
            Self::IdempotencyMismatch => row(
                "idempotency_mismatch",
                422,
                "This Idempotency-Key was used with another body",
            ),
            Self::InvalidRecipient => row("invalid_recipient", 422, "The recipient cannot be read"),
            Self::SessionRequired => row("session_required", 422, "Say which number should send"),
            Self::UnsupportedKind => row("unsupported_kind", 422, "This content is not supported"),
            Self::TooManyRequests => row("too_many_requests", 429, "Too many requests"),
            Self::QuotaExceeded => row("quota_exceeded", 429, "A limit of the business is used up"),
            Self::Internal => row("internal", 500, "Something went wrong on our side"),
            Self::ShardUnavailable => row(
                "shard_unavailable",
                503,
                "There is no room for a new number right now",
            ),
            Self::Unavailable => row("unavailable", 503, "Away for the moment"),
        }
    }
}

const fn row(name: &'static str, status: u16, title: &'static str) -> ApiCodeRow {
    ApiCodeRow {
        name,
        status,
        title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_its_own_name() {
        let names: HashSet<_> = ApiCode::ALL.iter().map(|code| code.row().name).collect();
        assert_eq!(names.len(), ApiCode::ALL.len());
    }
}
