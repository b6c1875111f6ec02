//! `up --demo`: a business, its owner and a key, phones on the simulated network, and the file that says it all.

mod account;
mod file;
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
use crate::settings::Settings;

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
    url: String,
    own: Option<sim::Network>,
}

impl Demo {
    /// Starts, or finds, the network and its phones; nothing when no demo was asked for.
    pub(crate) async fn begin(
        flags: &Flags,
        settings: &Settings,
        folder: &DataFolder,
    ) -> Result<Option<Self>, Refusal> {
        if !flags.demo {
            return Ok(None);
        }
        let demo = match &flags.sim {
            Some(url) => Self {
                url: url.trim_end_matches('/').to_owned(),
                own: None,
            },
            None => Self::with_own_network(flags, settings, folder).await?,
        };
        phones::make(&demo.url).await?;
        Ok(Some(demo))
    }

    async fn with_own_network(
        flags: &Flags,
        settings: &Settings,
        folder: &DataFolder,
    ) -> Result<Self, Refusal> {
        let listen = match flags.sim_listen {
            Some(address) => address,
            // Freed again at once, for the network to take.
            None => usual_or_free(PORT, settings.listen)?.local_addr()?,
        };
        let options = NetworkOptions {
            listen,
            data_dir: Some(folder.file("sim")),
            ..NetworkOptions::default()
        };
        let own = network::start(options).await?;
        Ok(Self {
            url: own.url(),
            own: Some(own),
        })
    }

    /// What the product dials.
    pub(crate) fn whatsapp_url(&self) -> String {
        let address = self.url.trim_start_matches("http://");
        format!("ws://{address}/ws/chat")
    }

    /// Makes the account where there is none, writes `demo.json` and tells the person at the terminal.
    pub(crate) async fn announce(
        &self,
        installation: &Installation,
        folder: &DataFolder,
        api_url: &str,
        internal_url: &str,
    ) -> Result<(), Refusal> {
        let account = Account::of(&installation.store, folder, &installation.master_text).await?;
        let addresses = file::Addresses {
            api: api_url,
            internal: internal_url,
            network: &self.url,
        };
        file::write(folder, &addresses, &account)?;
        let link = account.sign_in_link(&installation.store, api_url).await?;
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
