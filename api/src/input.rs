//! How bodies, paths and queries are read: bounded, strict, and refused with a problem.

use actix_web::HttpRequest;
use actix_web::error::{Error, JsonPayloadError, PathError, QueryPayloadError};
use actix_web::web::{JsonConfig, PathConfig, QueryConfig, ServiceConfig};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use switchyard_core::code::ApiCode;

use crate::problem::Problem;

/// The most bytes of a JSON body.
pub(crate) const JSON_MAX_BYTES: usize = 1 << 20;

/// Sets the rules for every route.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .app_data(
            JsonConfig::default()
                .limit(JSON_MAX_BYTES)
                .error_handler(body),
        )
        .app_data(PathConfig::default().error_handler(path))
        .app_data(QueryConfig::default().error_handler(query));
}

/// Reads a text that must not be shown by accident.
pub(crate) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

/// The same, where it may be left out.
pub(crate) fn optional_secret<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

fn body(error: JsonPayloadError, _request: &HttpRequest) -> Error {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
            Problem::new(ApiCode::TooLarge, "a JSON body has at most 1 MiB")
        }
        JsonPayloadError::ContentType => {
            Problem::invalid("send a JSON body with Content-Type: application/json")
        }
        JsonPayloadError::Deserialize(why) => Problem::invalid(why.to_string()),
        _ => Problem::invalid("the body could not be read"),
    }
    .into()
}

/// An id that cannot be read names nothing.
fn path(_error: PathError, _request: &HttpRequest) -> Error {
    Problem::not_found().into()
}

fn query(error: QueryPayloadError, _request: &HttpRequest) -> Error {
    match error {
        QueryPayloadError::Deserialize(why) => Problem::invalid(format!("in the query: {why}")),
        _ => Problem::invalid("the query could not be read"),
    }
    .into()
}
