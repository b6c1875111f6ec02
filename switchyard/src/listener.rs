//! The addresses that the program listens on, bound before anything is announced.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::refusal::Refusal;
use crate::settings::Settings;

/// The internal port, unless a setting names another.
const INTERNAL: u16 = 8081;

/// The sockets of the API and of the internal port, with their real addresses.
pub(crate) struct Listeners {
    /// Of the API and the dashboard.
    pub(crate) api: TcpListener,
    /// Of metrics and calls between processes.
    pub(crate) internal: TcpListener,
    api_address: SocketAddr,
    internal_address: SocketAddr,
}

impl Listeners {
    /// Binds both.
    pub(crate) fn bind(settings: &Settings) -> Result<Self, Refusal> {
        let api = exactly(settings.listen, "--listen")?;
        let internal = match settings.internal_listen {
            Some(address) => exactly(address, "--internal-listen")?,
            None => usual_or_free(INTERNAL, settings.listen)?,
        };
        let (api_address, internal_address) = (api.local_addr()?, internal.local_addr()?);
        Ok(Self {
            api,
            internal,
            api_address,
            internal_address,
        })
    }

    /// The address of the API, as programs on this machine reach it.
    pub(crate) fn api_url(&self) -> String {
        format!("http://{}", reachable(self.api_address))
    }

    /// The address of the internal port, as programs on this machine reach it.
    pub(crate) fn internal_url(&self) -> String {
        format!("http://{}", reachable(self.internal_address))
    }
}

fn exactly(address: SocketAddr, flag: &str) -> Result<TcpListener, Refusal> {
    TcpListener::bind(address).map_err(|error| {
        Refusal::Setting(format!(
            "cannot listen on {address}: {error}; choose another with {flag}"
        ))
    })
}

/// Where nobody wished for an address: the usual port of loopback, or a free one when the usual one is taken
/// or the neighbour asked for a free one too, so that several programs run side by side.
pub(crate) fn usual_or_free(usual: u16, neighbour: SocketAddr) -> io::Result<TcpListener> {
    let at = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if neighbour.port() == 0 {
        return at(0);
    }
    at(usual).or_else(|error| match error.kind() {
        ErrorKind::AddrInUse => at(0),
        _ => Err(error),
    })
}

/// An address that stands for all interfaces is reached by loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_port_that_is_taken_is_replaced_and_a_wished_one_is_refused() {
        let taken = exactly(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), "--flag").unwrap();
        let address = taken.local_addr().unwrap();
        let neighbour = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        let found = usual_or_free(address.port(), neighbour).unwrap();
        assert_ne!(found.local_addr().unwrap().port(), address.port());

        let refused = exactly(address, "--flag");
        assert!(matches!(refused, Err(Refusal::Setting(text)) if text.contains("--flag")));
    }
}
