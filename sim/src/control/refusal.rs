//! Answers that refuse: a status and a sentence.

use std::fmt;

use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    /// The request makes no sense.
    pub(crate) fn invalid(why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            why: why.into(),
        }
    }

    /// There is no such thing.
    pub(crate) fn missing(why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            why: why.into(),
        }
    }

    /// It cannot be done now.
    pub(crate) fn conflict(why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            why: why.into(),
        }
    }

    /// Who asks may not.
    pub(crate) fn forbidden(why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            why: why.into(),
        }
    }

    /// A body that is not the JSON that was expected.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the form that the extractor asks for"
    )]
    pub(crate) fn of_body(error: JsonPayloadError, _request: &HttpRequest) -> actix_web::Error {
        Self::invalid(error.to_string()).into()
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            why: error.to_string(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.why)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({ "error": self.why }))
    }
}
