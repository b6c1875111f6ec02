//! Counts attempts to sign in, by account and by address.

use actix_web::HttpRequest;
use switchyard_core::code::ApiCode;

use crate::address;
use crate::api::State;
use crate::caller::Origin;
use crate::limit::Attempt;
use crate::problem::Problem;

/// Begins an attempt, or says how long to wait. One that succeeds is given back.
pub(crate) async fn begin(
    request: &HttpRequest,
    state: &State,
    account: Option<&str>,
) -> Result<Attempt, Problem> {
    let client = address::client(request, &state.trusted_proxies);
    let attempt = state.limits.attempt(account, client).await;
    attempt.map_err(|wait_s| {
        let detail = "too many attempts to sign in: wait, then try again";
        Problem::new(ApiCode::TooManyRequests, detail).after(wait_s)
    })
}

/// An attempt to be somebody came to nothing: for whoever looks for those who try.
pub(crate) fn refused(request: &HttpRequest, shown: &'static str) {
    let Origin {
        address,
        request_id,
    } = Origin::of(request);
    tracing::warn!(
        request_id,
        ?address,
        shown,
        "an attempt to sign in was refused"
    );
}
