//! `Idempotency-Key`: a request's own name, so that it may be sent again.

use actix_web::http::header::HeaderMap;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::messages::Idempotency;

use crate::caller::Caller;
use crate::problem::Problem;

/// The longest Idempotency-Key, in bytes.
const KEY_MAX: usize = 255;

/// The request's own name, with a hash of what it says: the fields, not their order or spacing.
pub(crate) fn idempotency(
    headers: &HeaderMap,
    caller: &Caller,
    body: &impl Serialize,
) -> Result<Option<Idempotency>, Problem> {
    let Some(header) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = header.to_str().unwrap_or_default().trim();
    if !(1..=KEY_MAX).contains(&key.len()) {
        return Err(Problem::invalid(
            "Idempotency-Key has 1 to 255 visible ASCII characters",
        ));
    }
    let fields = serde_json::to_vec(body).map_err(Problem::internal)?;
    Ok(Some(Idempotency {
        actor: caller.actor(),
        key: key.to_owned(),
        body_sha256: Sha256::digest(fields).into(),
    }))
}
