//! The way to WhatsApp: one socket per connection, without delays, over one shared TLS set-up,
//! and only while the lease is good.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_websockets::{ClientBuilder, Connector, Limits, MaybeTlsStream};
use wacore::net::{
    Transport, TransportEvent, TransportFactory, WHATSAPP_WEB_ORIGIN, WHATSAPP_WEB_WS_URL,
};
use whatsapp_rust::transport::{default_tls_connector, from_websocket};
use whatsapp_rust::{anyhow, async_channel};

use crate::gate::{Gate, GatedTransport};
use crate::pace::DialLimit;
use crate::shard::Network;

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest WebSocket message that is read: a frame of WhatsApp has a length of 24 bits.
const LARGEST_FRAME: usize = 1 << 24;

/// Where and how to dial; one for the whole process.
#[derive(Debug)]
pub(crate) struct Line {
    url: String,
    tls: Connector,
    limit: DialLimit,
}

impl Line {
    /// To the real WhatsApp, or to a simulated one on this machine; at most `per_second` dials a second.
    pub(crate) fn new(network: &Network, per_second: u32) -> Self {
        let url = match network {
            Network::WhatsApp => WHATSAPP_WEB_WS_URL.to_owned(),
            #[cfg(feature = "sim")]
            Network::Simulated(url) => url.clone(),
        };
        Self {
            url,
            tls: default_tls_connector(),
            limit: DialLimit::new(per_second),
        }
    }

    /// Waits for this dial's turn.
    pub(crate) async fn turn(&self) {
        self.limit.turn().await;
    }

    async fn open(
        &self,
    ) -> anyhow::Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        let uri = self.url.parse()?;
        let builder = ClientBuilder::from_uri(uri)
            .limits(Limits::default().max_payload_len(Some(LARGEST_FRAME)))
            .add_header("origin".parse()?, WHATSAPP_WEB_ORIGIN.parse()?)?;
        let (secure, host, port) = parts(&self.url)?;
        let stream = if secure {
            self.secure_stream(host, port).await?
        } else {
            Connector::Plain
                .wrap(host, connect(host, port).await?)
                .await?
        };
        let (socket, _response) = builder.connect_on(stream).await?;
        Ok(from_websocket(socket))
    }

    /// A TLS stream to a host.
    pub(crate) async fn secure_stream(
        &self,
        host: &str,
        port: u16,
    ) -> anyhow::Result<MaybeTlsStream<TcpStream>> {
        Ok(self.tls.wrap(host, connect(host, port).await?).await?)
    }
}

/// Scheme, host and port of a WebSocket URL. Unencrypted ones are for a simulated network only.
fn parts(url: &str) -> anyhow::Result<(bool, &str, u16)> {
    let (secure, rest) = match url.split_once("://") {
        Some(("wss", rest)) => (true, rest),
        Some(("ws", rest)) if cfg!(feature = "sim") => (false, rest),
        _ => anyhow::bail!("not a WebSocket address that this build dials"),
    };
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    let default_port = if secure { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) => Ok((secure, host, port.parse()?)),
        None => Ok((secure, authority, default_port)),
    }
}

async fn connect(host: &str, port: u16) -> anyhow::Result<TcpStream> {
    let mut last = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        // A build that trusts a simulated network must never reach a real one, whatever the name resolves to.
        if cfg!(feature = "sim") && !address.ip().is_loopback() {
            anyhow::bail!("a build with the simulator dials this machine only");
        }
        match connect_to(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("the name has no address")))
}

async fn connect_to(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = timeout(CONNECT, TcpStream::connect(address)).await??;
    // Small frames in both directions: waiting to fill a packet costs a round trip each.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Dials for one client: once, and once more after a pairing, when WhatsApp asks to come again as the new device.
/// Every other end of a connection is the supervisor's to judge.
#[derive(Debug)]
pub(crate) struct Dialler {
    line: Arc<Line>,
    gate: Arc<Gate>,
}

impl Dialler {
    /// For one client.
    pub(crate) fn new(line: Arc<Line>, gate: Arc<Gate>) -> Self {
        Self { line, gate }
    }
}

#[async_trait]
impl TransportFactory for Dialler {
    async fn create_transport(
        &self,
    ) -> anyhow::Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        self.gate.come_again(false);
        self.line.turn().await;
        self.gate.may_act()?;
        let (transport, events) = self.line.open().await?;
        let gated = GatedTransport::new(transport, Arc::clone(&self.gate));
        Ok((Arc::new(gated), self.gate.pace(events)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        assert_eq!(
            parts(WHATSAPP_WEB_WS_URL).unwrap(),
            (true, "web.whatsapp.com", 443)
        );
        assert!(parts("http://127.0.0.1:1/ws/chat").is_err());
    }

    #[cfg(feature = "sim")]
    #[tokio::test]
    async fn a_build_with_the_simulator_refuses_every_address_but_its_own_machine() {
        let line = Line::new(
            &Network::Simulated("ws://192.0.2.1:9/ws/chat".to_owned()),
            50,
        );
        assert!(line.open().await.is_err());
        let line = Line::new(&Network::WhatsApp, 50);
        assert!(line.open().await.is_err());
    }
}
