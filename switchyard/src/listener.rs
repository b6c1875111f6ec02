//! The addresses that the program listens on, bound before anything is announced.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::refusal::Refusal;
use crate::settings::Settings;

/// The internal port, unless a setting names another.
const INTERNAL: u16 = 8081;

/// Where `up` listens for the telephone provider, unless a setting names another.
const PROVIDER: u16 = 8082;

/// The sockets of a process, with their real addresses.
pub(crate) struct Listeners {
    /// Of the API and the dashboard; none in a role without them.
    pub(crate) api: Option<TcpListener>,
    /// Of the telephone provider; none in a role without calls.
    pub(crate) calls: Option<TcpListener>,
    /// Of metrics, health and calls between processes.
    pub(crate) internal: TcpListener,
    internal_address: SocketAddr,
}

impl Listeners {
    /// Binds both.
    pub(crate) fn public(settings: &Settings) -> Result<Self, Refusal> {
        let api = exactly(settings.listen, "--listen")?;
        let mut listeners = Self::internal(settings, settings.listen)?;
        listeners.api = Some(api);
        Ok(listeners)
    }

    /// Another hold on each, by which it can be closed while a server still has it.
    pub(crate) fn holds(&self) -> io::Result<Vec<TcpListener>> {
        let all = [self.api.as_ref(), self.calls.as_ref(), Some(&self.internal)];
        all.into_iter()
            .flatten()
            .map(TcpListener::try_clone)
            .collect()
    }

    /// Binds the internal one and that of the provider, which is where the settings listen.
    pub(crate) fn provider(settings: &Settings) -> Result<Self, Refusal> {
        let calls = exactly(settings.listen, "--listen")?;
        let mut listeners = Self::internal(settings, settings.listen)?;
        listeners.calls = Some(calls);
        Ok(listeners)
    }

    /// Binds that of the provider beside the others.
    pub(crate) fn add_provider(&mut self, settings: &Settings) -> Result<(), Refusal> {
        self.calls = Some(match settings.telephony.calls_listen {
            Some(address) => exactly(address, "--calls-listen")?,
            None => usual_or_free(PROVIDER, settings.listen)?,
        });
        Ok(())
    }

    /// The address of the provider's listener, as programs on this machine reach it.
    pub(crate) fn calls_url(&self) -> Option<String> {
        let address = self.calls.as_ref()?.local_addr().ok()?;
        Some(format!("http://{}", reachable(address)))
    }

    /// Binds the internal one alone, beside a neighbour on this machine.
    pub(crate) fn internal(settings: &Settings, neighbour: SocketAddr) -> Result<Self, Refusal> {
        let internal = match settings.internal_listen {
            Some(address) => exactly(address, "--internal-listen")?,
            None => usual_or_free(INTERNAL, neighbour)?,
        };
        let internal_address = internal.local_addr()?;
        Ok(Self {
            api: None,
            calls: None,
            internal,
            internal_address,
        })
    }

    /// The address of the API, as programs on this machine reach it.
    pub(crate) fn api_url(&self) -> Option<String> {
        let address = self.api.as_ref()?.local_addr().ok()?;
        Some(format!("http://{}", reachable(address)))
    }

    /// The address of the internal port, as programs on this machine reach it.
    pub(crate) fn internal_url(&self) -> String {
        format!("http://{}", reachable(self.internal_address))
    }

    /// What other processes are told to call: the setting, else the internal address.
    pub(crate) fn advertised(&self, settings: &Settings) -> Result<String, Refusal> {
        match &settings.advertise_url {
            Some(url) if url.starts_with("http://") => Ok(url.clone()),
            Some(_) => Err(Refusal::Setting(
                "SWITCHYARD_ADVERTISE_URL is http://…".to_owned(),
            )),
            None if self.internal_address.ip().is_unspecified() => Err(Refusal::Setting(format!(
                "the internal address {} stands for every interface: set SWITCHYARD_ADVERTISE_URL to where workers reach it",
                self.internal_address
            ))),
            None => Ok(self.internal_url()),
        }
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
