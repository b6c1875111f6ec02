//! Addresses of a business that the network may ask, and the terms in their fragments: `#rc=2&rp=ct,rt&rt=8000`.
//!
//! The network refuses every address that is not on this machine, whoever configured or answered it.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

/// The time in which all attempts at one request end; no term makes it longer.
const TOTAL: u64 = 15_000;

/// On what an attempt is repeated.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent reasons, any of which a fragment may name"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// No connection.
    pub(crate) connect: bool,
    /// No answer in time.
    pub(crate) read: bool,
    /// A status of 400 to 499.
    pub(crate) client: bool,
    /// A status of 500 to 599.
    pub(crate) server: bool,
}

/// How long an attempt may take and how often it is repeated; Twilio's "connection overrides".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Until there is a connection (`ct`).
    pub(crate) connect: Duration,
    /// Until the answer, and between its parts (`rt`).
    pub(crate) read: Duration,
    /// For all attempts (`tt`).
    pub(crate) total: Duration,
    /// How many repetitions (`rc`).
    pub(crate) retries: u32,
    /// On what (`rp`).
    pub(crate) policy: Policy,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_millis(TOTAL),
            total: Duration::from_millis(TOTAL),
            retries: 1,
            policy: Policy {
                connect: true,
                ..Policy::default()
            },
        }
    }
}

impl Terms {
    fn parse(fragment: &str) -> Result<Self, String> {
        let mut terms = Self::default();
        for pair in fragment.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let between = |low: u64, high: u64| {
                value
                    .parse::<u64>()
                    .ok()
                    .filter(|number| (low..=high).contains(number))
                    .ok_or_else(|| format!("{key}={value} is not between {low} and {high}"))
            };
            match key {
                "ct" => terms.connect = Duration::from_millis(between(100, 10_000)?),
                "rt" => terms.read = Duration::from_millis(between(100, TOTAL)?),
                "tt" => terms.total = Duration::from_millis(between(100, TOTAL)?),
                "rc" => terms.retries = u32::try_from(between(0, 5)?).unwrap_or_default(),
                "rp" => terms.policy = Policy::parse(value)?,
                // Which edge asks and how TLS names the host make no difference on one machine.
                "e" | "sni" => {}
                _ => return Err(format!("there is no term {key}")),
            }
        }
        Ok(terms)
    }
}

impl Policy {
    fn parse(text: &str) -> Result<Self, String> {
        let mut policy = Self::default();
        for part in text.split(',') {
            match part {
                "ct" => policy.connect = true,
                "rt" => policy.read = true,
                "4xx" => policy.client = true,
                "5xx" => policy.server = true,
                "all" => {
                    policy = Self {
                        connect: true,
                        read: true,
                        client: true,
                        server: true,
                    }
                }
                _ => return Err(format!("11243: rp={text}")),
            }
        }
        Ok(policy)
    }
}

/// An address that may be asked.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// What is asked and signed: without the fragment.
    pub(crate) url: Url,
    /// What the fragment says.
    pub(crate) terms: Terms,
}

impl Address {
    /// An absolute address.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| format!("{text}: {error}"))?;
        Self::of(url, &["http", "https"])
    }

    /// An address that a document at `base` names; it may be relative.
    pub(crate) fn join(base: &Url, text: &str) -> Result<Self, String> {
        let url = base
            .join(text.trim())
            .map_err(|error| format!("{text}: {error}"))?;
        Self::of(url, &["http", "https"])
    }

    /// The address of a media socket: absolute and without a query, which Twilio drops.
    pub(crate) fn socket(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| format!("{text}: {error}"))?;
        if url.query().is_some() {
            return Err(format!("{text}: the query of a stream is lost on the way"));
        }
        Self::of(url, &["ws", "wss"])
    }

    fn of(mut url: Url, schemes: &[&str]) -> Result<Self, String> {
        if !schemes.contains(&url.scheme()) {
            return Err(format!("{url}: not one of {}", schemes.join(", ")));
        }
        if !is_loopback(&url) {
            return Err(format!(
                "{url}: not on this machine; this network calls nobody else"
            ));
        }
        let terms = Terms::parse(url.fragment().unwrap_or_default())?;
        url.set_fragment(None);
        Ok(Self { url, terms })
    }
}

/// Whether that address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_a_fragment_are_obeyed_and_never_sent() {
        let address =
            Address::parse("http://127.0.0.1:1/voice?a=1#ct=2000&rt=8000&rc=2&rp=ct,rt").unwrap();
        assert_eq!(address.url.as_str(), "http://127.0.0.1:1/voice?a=1");
        assert_eq!(address.terms.read, Duration::from_secs(8));
        assert_eq!(address.terms.retries, 2);
        assert!(address.terms.policy.read && !address.terms.policy.server);
        assert_eq!(
            Address::parse("http://[::1]/").unwrap().terms,
            Terms::default()
        );
    }

    #[test]
    fn what_is_no_address_of_this_machine_is_refused() {
        for wrong in [
            "https://api.twilio.com/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "/voice",
            "http://127.0.0.1/#rc=9",
            "http://127.0.0.1/#rp=never",
            "http://127.0.0.1/#x=1",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Address::socket("ws://127.0.0.1/media?x=1").is_err());
        assert!(Address::socket("ws://127.0.0.1/media").is_ok());
    }
}
