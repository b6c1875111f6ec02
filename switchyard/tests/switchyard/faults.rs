//! The product under faults: killed and paused under load, with damaged rows, a full disk and a network that talks
//! nonsense; and the ledgers that tell whether anything was lost or doubled.

mod adopted;
mod cluster;
mod crowd;
mod damaged;
mod forgotten;
mod frames;
mod full;
mod killed;
mod load;
mod offline;
mod paired;
mod paused;
mod redis;
pub(crate) mod report;
mod roles;
mod sharded;
mod standing;
pub(crate) mod traffic;

use std::env;

use crate::outside::network::Network;
use crate::outside::place::{Demo, Place};
use crate::outside::process::Process;
use crate::story::link;

/// How often each fault is made; `cargo xtask faults` asks for more.
fn rounds() -> u32 {
    env::var("SWITCHYARD_FAULT_ROUNDS")
        .ok()
        .map_or(3, |rounds| rounds.parse().unwrap())
}

/// A product beside a network that outlives it.
struct Stage {
    place: Place,
    network: Network,
    _network_process: Process,
}

impl Stage {
    async fn new() -> Self {
        let mut place = Place::new(&[]);
        let (process, network) = Network::start(place.folder(), &[]).await;
        place.pass(&["--sim", network.url()]);
        Self {
            place,
            network,
            _network_process: process,
        }
    }

    /// A first start with a linked number.
    async fn linked(&self) -> (Demo, String) {
        let demo = self.place.start().await;
        let session = link(&demo).await;
        (demo, session)
    }
}
