//! What an answer of the provider says that is no success.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use switchyard_core::provider::Fault;

/// Whoever asks to come later is believed for so long at most.
const LATER_MAX: Duration = Duration::from_mins(1);

/// Why the provider did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It failed several times in a row and is not asked for a while.
    #[error("the provider failed several times and is not asked for a while")]
    Resting,
    /// It could not be reached at all: it did nothing.
    #[error("the provider could not be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time: nobody knows whether it did it.
    #[error("the provider did not answer: {0}")]
    Silent(String),
    /// It does too much for us at the moment: it did nothing, and asks us to come later.
    #[error("the provider asks to come later")]
    Busy {
        /// After so long.
        after: Duration,
    },
    /// It does not take the account: suspended, or the credentials are wrong. It did nothing.
    #[error("the provider does not take the account")]
    Denied,
    /// There is no such call.
    #[error("the provider knows no such call")]
    Unknown,
    /// It refused; the code is of its own list.
    #[error("the provider refused: code {code}")]
    Refused {
        /// Its code, 0 for none.
        code: u32,
        /// The HTTP status.
        status: u16,
    },
}

/// What an answer says that is no success. Of statuses of 500 and above nobody knows what was done before, with a time to
/// come again or without one.
pub(super) fn refusal(
    status: StatusCode,
    after: Option<&HeaderValue>,
    body: &[u8],
) -> ProviderError {
    let fault = Fault::read(body);
    match status {
        _ if fault.denies_account(status.as_u16()) => ProviderError::Denied,
        StatusCode::NOT_FOUND => ProviderError::Unknown,
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = after.and_then(|it| it.to_str().ok()?.parse().ok());
            let after = Duration::from_secs(seconds.unwrap_or(1));
            ProviderError::Busy {
                after: after.min(LATER_MAX),
            }
        }
        _ => ProviderError::Refused {
            code: fault.code,
            status: status.as_u16(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_too_many_requests_say_that_nothing_was_done() {
        let soon = HeaderValue::from_static("3");
        let busy = refusal(StatusCode::TOO_MANY_REQUESTS, Some(&soon), b"");
        assert!(matches!(busy, ProviderError::Busy { after } if after.as_secs() == 3));
        let away = refusal(StatusCode::SERVICE_UNAVAILABLE, Some(&soon), b"{}");
        assert!(matches!(
            away,
            ProviderError::Refused {
                status: 503,
                code: 0
            }
        ));
    }

    #[test]
    fn nobody_is_made_to_come_after_longer_than_a_minute() {
        let never = HeaderValue::from_static("18446744073709551615");
        let busy = refusal(StatusCode::TOO_MANY_REQUESTS, Some(&never), b"");
        assert!(matches!(busy, ProviderError::Busy { after } if after == LATER_MAX));
    }

    #[test]
    fn an_account_that_is_not_taken_is_told_from_a_call_that_is_refused() {
        let refused = |status, code: u32| {
            let body = format!("{{\"code\":{code}}}");
            refusal(status, None, body.as_bytes())
        };
        for (status, code) in [
            (StatusCode::UNAUTHORIZED, 0),
            (StatusCode::UNAUTHORIZED, 20_003),
            (StatusCode::FORBIDDEN, 20_005),
            (StatusCode::BAD_REQUEST, 10_001),
        ] {
            assert!(matches!(refused(status, code), ProviderError::Denied));
        }
        let of_call = refused(StatusCode::BAD_REQUEST, 21_215);
        assert!(matches!(
            of_call,
            ProviderError::Refused { code: 21_215, .. }
        ));
    }
}
