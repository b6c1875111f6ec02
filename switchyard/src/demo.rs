//! `up --demo`: a business, its owner and a key, phones on the simulated network, and the file that says it all.

mod account;
mod file;
mod line;
mod phones;

use std::net::SocketAddr;

use clap::Args;
use sim::NetworkOptions;

use crate::folder::DataFolder;
use crate::installation::Installation;
use crate::listener::usual_or_free;
use crate::network;
use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::{Settings, check_loopback};

use account::Account;

/// The simulated network's port, unless a flag names another.
const PORT: u16 = 8090;

/// The flags of a demo.
#[derive(Debug, Clone, Args)]
pub(crate) struct Flags {
    /// Show everything: a business, simulated phones, and a link that signs you in.
    #[arg(long)]
    demo: bool,
    /// Use a simulated network that runs already, instead of one of its own.
    #[arg(long, value_name = "URL", requires = "demo")]
    sim: Option<String>,
    /// Where the demo's own network listens [default: 127.0.0.1:8090, or a free port].
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "demo",
        conflicts_with = "sim"
    )]
    sim_listen: Option<SocketAddr>,
}

impl Flags {
    /// A demo is for this machine alone: its secrets are printed.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Refusal> {
        if let Some(url) = &self.sim {
            check_loopback("--sim", url, "http")?;
        }
        if self.demo && !settings.listen.ip().is_loopback() {
            return Err(Refusal::Setting(format!(
                "--demo listens on loopback only, not on {}",
                settings.listen
            )));
        }
        Ok(())
    }
}

/// A demo that runs beside the product.
pub(crate) struct Demo {
    account: Account,
    url: String,
    own: Option<sim::Network>,
}

impl Demo {
    /// Makes the account where there is none, starts or finds the network, and makes its phones; nothing when no demo
    /// was asked for. A folder that holds an installation of another kind is refused, before anything of it is dialled.
    pub(crate) async fn begin(
        flags: &Flags,
        settings: &Settings,
        folder: &DataFolder,
        installation: &Installation,
    ) -> Result<Option<Self>, Refusal> {
        if !flags.demo {
            return Ok(None);
        }
        let account = Account::of(&installation.store, folder, &installation.master_text).await?;
        if let Some(url) = &flags.sim {
            let url = url.trim_end_matches('/').to_owned();
            // It may be started later, or again.
            tokio::spawn(phones::make_in_time(url.clone()));
            let own = None;
            return Ok(Some(Self { account, url, own }));
        }
        let own = own_network(flags, settings, folder).await?;
        let url = own.url();
        phones::make(&url).await?;
        let own = Some(own);
        Ok(Some(Self { account, url, own }))
    }

    /// What the product dials.
    pub(crate) fn whatsapp_url(&self) -> String {
        let address = self.url.trim_start_matches("http://");
        format!("ws://{address}/ws/chat")
    }

    /// The account at the simulated carrier.
    pub(crate) fn carrier(&self) -> crate::telephony::Account {
        line::account(&self.url)
    }

    /// Gives the business a number whose calls come to that address, if there is one.
    pub(crate) async fn take_calls(
        &self,
        installation: &Installation,
        calls_url: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(calls_url) = calls_url else {
            return Ok(());
        };
        let (store, business) = (&installation.store, self.account.business);
        line::take(store, business, &self.url, calls_url).await
    }

    /// Writes `demo.json` and tells the person at the terminal.
    pub(crate) async fn announce(
        &self,
        installation: &Installation,
        folder: &DataFolder,
        api_url: &str,
        internal_url: &str,
    ) -> Result<(), Refusal> {
        let addresses = file::Addresses {
            api: api_url,
            internal: internal_url,
            network: &self.url,
        };
        file::write(folder, &addresses, &self.account)?;
        let link = self
            .account
            .sign_in_link(&installation.store, api_url)
            .await?;
        say(&format!("  phones     {}\n  sign in    {link}", self.url));
        Ok(())
    }

    /// Stops a network of its own, when everything is kept.
    pub(crate) async fn end(self) {
        if let Some(own) = self.own {
            own.stop().await;
        }
    }
}

async fn own_network(
    flags: &Flags,
    settings: &Settings,
    folder: &DataFolder,
) -> Result<sim::Network, Refusal> {
    let listen = match flags.sim_listen {
        Some(address) => address,
        // Freed again at once, for the network to take.
        None => usual_or_free(PORT, settings.listen)?.local_addr()?,
    };
    network::start(NetworkOptions {
        listen,
        data_dir: Some(folder.file("sim")),
        ..NetworkOptions::default()
    })
    .await
}
