//! The way to a program of a business: over TLS, and to public addresses only, so that nobody reaches our own machines by
//! a call flow.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_websockets::{ClientBuilder, Limits, WebSocketStream};

/// How long the way there may take.
const CONNECT: Duration = Duration::from_secs(4);
/// The most bytes of a message of the program.
const MESSAGE_MAX: usize = 256 * 1024;

/// A connection of either kind.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// An open socket of a program.
pub(super) type Socket = WebSocketStream<Box<dyn Wire>>;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoWay {
    /// The address cannot be used.
    #[error("the address of the program cannot be used")]
    Address,
    /// It does not answer.
    #[error("the program cannot be reached: {0}")]
    Silent(#[from] io::Error),
    /// It answers, but not as it should.
    #[error("the program does not speak as it should: {0}")]
    Handshake(#[from] tokio_websockets::Error),
    /// It cannot be trusted.
    #[error("the program's certificate cannot be checked: {0}")]
    Trust(#[from] rustls::Error),
    /// It takes too long.
    #[error("the program does not answer in time")]
    Late,
}

/// Opens a socket at that address. `local`: this machine may be reached, and without TLS.
pub(super) async fn connect(url: &str, local: bool) -> Result<Socket, NoWay> {
    let opened = tokio::time::timeout(CONNECT, open(url, local)).await;
    opened.map_err(|_elapsed| NoWay::Late)?
}

async fn open(url: &str, local: bool) -> Result<Socket, NoWay> {
    let parsed = Url::parse(url).map_err(|_wrong| NoWay::Address)?;
    let host = parsed.host_str().ok_or(NoWay::Address)?;
    let port = parsed.port_or_known_default().ok_or(NoWay::Address)?;
    let host = host.trim_matches(['[', ']']);
    let addresses: Vec<SocketAddr> = lookup_host((host, port))
        .await?
        .filter(|address| is_public(address.ip()) || (local && address.ip().is_loopback()))
        .collect();
    let tcp = match addresses.first() {
        Some(_) => TcpStream::connect(addresses.as_slice()).await?,
        None => return Err(NoWay::Address),
    };
    tcp.set_nodelay(true)?;
    let wire: Box<dyn Wire> = match parsed.scheme() {
        "wss" => {
            let config = rustls::ClientConfig::with_platform_verifier()?;
            let name = ServerName::try_from(host.to_owned()).map_err(|_wrong| NoWay::Address)?;
            let connector = TlsConnector::from(Arc::new(config));
            Box::new(connector.connect(name, tcp).await?)
        }
        "ws" if local => Box::new(tcp),
        _ => return Err(NoWay::Address),
    };
    let limits = Limits::default().max_payload_len(Some(MESSAGE_MAX));
    let builder = ClientBuilder::new()
        .uri(url)
        .map_err(|_wrong| NoWay::Address)?;
    let (socket, _response) = builder.limits(limits).connect_on(wire).await?;
    Ok(socket)
}

/// Whether an address belongs to the world: no private network, no link, no loopback, nothing reserved.
/// Source: the IANA special-purpose address registries.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_special =
        a == 0 || a >= 240 || (a == 192 && b == 0 && c == 0) || (a == 198 && (b == 18 || b == 19));
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || v4.is_broadcast()
        || is_shared
        || is_special)
}

/// Of IPv6 only 2000::/3 is given out; in it are documentation, and ways to IPv4 that would go round the rules above.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let is_global = (0x2000..0x4000).contains(&a);
    let is_special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || a == 0x3fff;
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_world_are_public() {
        for (text, public) in [
            ("93.184.216.34", true),
            ("10.1.2.3", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("192.168.1.1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("2606:2800:220:1:248:1893:25c8:1946", true),
            ("::1", false),
            ("::ffff:10.0.0.1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("64:ff9b::a00:1", false),
            ("2002:a00:1::1", false),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
        }
    }

    #[tokio::test]
    async fn our_own_machines_are_not_reached_by_a_flow() {
        for url in [
            "wss://127.0.0.1:9/x",
            "ws://10.0.0.1/x",
            "wss://[::1]/x",
            "ftp://127.0.0.1/x",
        ] {
            assert!(
                matches!(connect(url, false).await, Err(NoWay::Address)),
                "{url}"
            );
        }
    }
}
