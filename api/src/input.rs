//! How bodies, paths and queries are read: bounded, strict, and refused with a problem.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::{Error, JsonPayloadError, PathError, QueryPayloadError};
use actix_web::web::{Json, JsonConfig, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};
use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use switchyard_core::code::ApiCode;
use tokio::time::timeout;

use crate::problem::Problem;

/// The most bytes of a JSON body.
pub(crate) const JSON_MAX_BYTES: usize = 1 << 20;

/// A body arrives within this time, which leaves the handler some of the ten seconds of every request.
const ARRIVES: Duration = Duration::from_secs(8);

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

/// A JSON body: an object and nothing else.
pub(crate) struct Body<T>(T);

impl<T> Body<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Body<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = timeout(ARRIVES, Json::<Object<T>>::from_request(request, payload));
        let late = |_elapsed| {
            let code = ApiCode::RequestTimeout;
            Error::from(Problem::new(code, code.row().example))
        };
        read.map(move |read| {
            let Json(Object(fields)) = read.map_err(late)??;
            Ok(Self(fields))
        })
        .boxed_local()
    }
}

/// Fields by their names: what serde derives would take a list of their values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Reads an object inside a body, where it may be left out.
pub(crate) fn optional_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(from)?.map(|Object(fields)| fields))
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
