//! Who asks, and for what: the account by its secret, and the form of the body.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Query};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::Shared;
use super::failure::Failure;
use crate::carrier::exchange::Account;

/// Who asks.
pub(super) struct Caller {
    /// The account in the path, whose secret came with the request.
    pub(super) account: Arc<Account>,
}

impl Caller {
    /// Basic authentication of the account that the path names, by either of its secrets.
    pub(super) fn of(shared: &Shared, request: &HttpRequest) -> Result<Self, Failure> {
        let named = request.match_info().get("account").unwrap_or_default();
        let header = request.headers().get(AUTHORIZATION);
        let secret = header
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|value| STANDARD.decode(value.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(Failure::stranger)?;
        let (sid, token) = secret.split_once(':').ok_or_else(Failure::stranger)?;
        let account = shared
            .world
            .carrier
            .exchange
            .account(sid)
            .filter(|account| account.token == token || account.secondary.as_deref() == Some(token))
            .ok_or_else(Failure::stranger)?;
        if account.sid != named {
            return Err(Failure::missing());
        }
        Ok(Self { account })
    }
}

/// A form; a name may come more than once.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body of a POST, or a query.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).unwrap_or_default();
        Query::<Vec<(String, String)>>::from_query(text)
            .map(|pairs| Self(pairs.into_inner()))
            .map_err(|_no_form| Failure::invalid(20001, "The body is no form"))
    }

    /// The same of a body.
    pub(super) fn of(body: &Bytes) -> Result<Self, Failure> {
        Self::parse(body)
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fits = move |pair: &&(String, String)| pair.0 == name;
        self.0.iter().filter(fits).map(|(_, value)| value.as_str())
    }
}
