//! The addresses that a provider is given: where it asks for the next page and tells what happens, and where in the flow
//! a call stands, which travels in them. The provider signs every request with its address, so nobody else writes one.

use switchyard_core::BusinessId;
use switchyard_core::call::CallSid;
use switchyard_core::provider::{self, TOLD};

use crate::form::Form;

/// Where in its flow a call stands, as the address of its next request has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The version of the flow.
    pub(crate) version: i64,
    /// The number of the page that is asked for, from 1.
    pub(crate) page: u32,
    /// The node whose answer this is.
    pub(crate) node: String,
    /// How often the node was tried before: a menu said again, a person not reached, a bridge that broke.
    pub(crate) again: u32,
}

impl Cursor {
    /// Reads it from the query of a request; `None` where it is none of ours.
    pub(crate) fn read(query: &Form) -> Option<Self> {
        Some(Self {
            version: query.get("v")?.parse().ok()?,
            page: query.get("p")?.parse().ok()?,
            node: query.get("n")?.to_owned(),
            again: query.get("r")?.parse().ok()?,
        })
    }

    /// Ids of nodes are plain letters, so nothing is to be escaped.
    fn query(&self) -> String {
        format!(
            "v={}&p={}&n={}&r={}",
            self.version, self.page, self.node, self.again
        )
    }
}

/// The addresses of a business's calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses<'a> {
    /// The public address without a slash at its end.
    pub(crate) base: &'a str,
    /// Whose calls.
    pub(crate) business: BusinessId,
}

/// What our id of a call is called that we placed, in the addresses that it was given.
pub(crate) const RESERVATION: &str = "rid";

impl Addresses<'_> {
    fn at(self, route: &str) -> String {
        provider::address(self.base, self.business, route)
    }

    /// Where the next page is asked for.
    pub(crate) fn step(self, cursor: &Cursor) -> String {
        format!("{}?{}", self.at("step"), cursor.query())
    }

    /// Where it is asked for after a bridge.
    pub(crate) fn resume(self, cursor: &Cursor) -> String {
        format!("{}?{}", self.at("resume"), cursor.query())
    }

    /// What whoever picks up is asked first.
    pub(crate) fn whisper(self, cursor: &Cursor) -> String {
        format!("{}?{}&whisper=ask", self.at("step"), cursor.query())
    }

    /// And where the answer to that goes.
    pub(crate) fn whispered(self, cursor: &Cursor) -> String {
        format!("{}?{}&whisper=answer", self.at("step"), cursor.query())
    }

    /// Where it is told how a call stands.
    pub(crate) fn status(self) -> String {
        format!("{}{TOLD}", self.at("status"))
    }

    /// Where it is told how a leg stands whose answer is somebody who speaks to the caller. One that is asked first has
    /// the address without a place in the flow.
    pub(crate) fn status_of_leg(self, cursor: &Cursor) -> String {
        format!("{}?{}{TOLD}", self.at("status"), cursor.query())
    }

    /// Where the first page of a call is asked for that we placed, under our id of it.
    pub(crate) fn voice_of(self, asked_as: &CallSid) -> String {
        format!("{}?{RESERVATION}={asked_as}", self.at("voice"))
    }

    /// And where, when that fails.
    pub(crate) fn fallback_of(self, asked_as: &CallSid) -> String {
        format!("{}?{RESERVATION}={asked_as}", self.at("fallback"))
    }

    /// Where it is told how such a call stands.
    pub(crate) fn status_of(self, asked_as: &CallSid) -> String {
        format!("{}?{RESERVATION}={asked_as}{TOLD}", self.at("status"))
    }

    /// Where it is told of recordings.
    pub(crate) fn recording(self) -> String {
        format!("{}{TOLD}", self.at("recording"))
    }

    /// Where it is told of sockets.
    pub(crate) fn stream_status(self) -> String {
        format!("{}{TOLD}", self.at("stream-status"))
    }

    /// Where the audio goes.
    pub(crate) fn stream(self) -> String {
        format!("{}/twilio/stream", socket(self.base))
    }
}

/// The same address for sockets.
pub(crate) fn socket(url: &str) -> String {
    match url.split_once("://") {
        Some(("https", rest)) => format!("wss://{rest}"),
        Some((_, rest)) => format!("ws://{rest}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_call_stands_travels_in_its_addresses() {
        let business = BusinessId::generate();
        let base = "https://calls.example.test";
        let addresses = Addresses { base, business };
        let cursor = Cursor {
            version: 3,
            page: 7,
            node: "main_menu".to_owned(),
            again: 1,
        };
        let url = addresses.step(&cursor);
        let (path, query) = url.split_once('?').unwrap();
        assert_eq!(path, format!("{base}/twilio/{business}/step"));
        assert_eq!(Cursor::read(&Form::parse(query.as_bytes())), Some(cursor));
        assert_eq!(Cursor::read(&Form::parse(b"v=1&p=x&n=a&r=0")), None);
        assert_eq!(addresses.stream(), "wss://calls.example.test/twilio/stream");
    }
}
