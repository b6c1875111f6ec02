//! Who is calling: the address of the client behind the proxies that are trusted.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

/// A range of addresses, such as `10.0.0.0/8`; a bare address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: u128,
    mask: u128,
}

/// A text that names no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network is like 10.0.0.0/8, 127.0.0.1 or fd00::/8")]
pub struct NotANetwork;

/// IPv4 as IPv6 maps it, so that one comparison serves both.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
        let address: IpAddr = address.parse().map_err(|_not_an_address| NotANetwork)?;
        let whole: u32 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            "" => whole,
            digits => digits.parse().map_err(|_not_a_number| NotANetwork)?,
        };
        let host_bits = whole.checked_sub(prefix).ok_or(NotANetwork)?;
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Ok(Self {
            address: bits(address) & mask,
            mask,
        })
    }
}

impl Network {
    /// Whether the address lies in this range.
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.address
    }
}

/// The client's address: the rightmost one in the chain that is not a trusted proxy.
pub(crate) fn client(request: &HttpRequest, trusted: &[Network]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    Some(behind(peer, request.headers(), trusted))
}

fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut client = peer;
    let lines: Vec<_> = headers.get_all("x-forwarded-for").collect();
    let hops = lines
        .iter()
        .rev()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','));
    for hop in hops {
        if !is_trusted(client) {
            break;
        }
        match hop.trim().parse() {
            Ok(address) => client = address,
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn seen(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let trusted: Vec<Network> = trusted.iter().map(|it| it.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_str(forwarded).unwrap(),
        );
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_the_hops_of_trusted_proxies_are_believed() {
        assert_eq!(seen("203.0.113.9", "1.2.3.4", &[]), "203.0.113.9");
        assert_eq!(
            seen("10.0.0.2", "6.6.6.6, 1.2.3.4", &["10.0.0.0/8"]),
            "1.2.3.4"
        );
        let chain = "6.6.6.6, 1.2.3.4, 10.1.1.1";
        assert_eq!(seen("10.0.0.2", chain, &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.2", "rubbish", &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(seen("fd00::1", "2001:db8::5", &["fd00::/8"]), "2001:db8::5");
    }

    #[test]
    fn rubbish_is_no_network() {
        for text in ["", "10.0.0.0/33", "10.0.0.0/x", "fd00::/129", "example.com"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert!(
            "0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains("8.8.8.8".parse().unwrap())
        );
    }
}
