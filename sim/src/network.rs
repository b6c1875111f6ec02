//! Starts and stops a network.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::carrier::Carrier;
use crate::certificates::ServerKeys;
use crate::disk::{self, Disk, Loaded};
use crate::effects::{Effects, Row, Table};
use crate::world::{Rules, World};
use crate::{control, door};

/// Options of one network.
#[derive(Clone, Debug)]
pub struct NetworkOptions {
    /// Where to listen; must be a loopback address, port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder in which everything is kept; nothing is kept when it is left out.
    pub data_dir: Option<PathBuf>,
    /// By how much the life of a code to scan is longer than WhatsApp's 60 and 20 seconds.
    pub qr_scale: f64,
    /// Refuse what WhatsApp refuses: malformed addresses, receipts that never come.
    pub strict: bool,
    /// How many times as fast as the world's telephone calls go: speech, ringing, recording.
    pub call_scale: f64,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: None,
            qr_scale: 1.0,
            strict: true,
            call_scale: 1.0,
        }
    }
}

/// A running network.
pub struct Network {
    world: Arc<World>,
    addr: SocketAddr,
    tasks: TaskTracker,
    control: control::Control,
    writer: Option<JoinHandle<()>>,
}

impl Network {
    /// Starts a network; it takes connections when this returns. Fails when the address is not
    /// loopback or is taken, and when the data folder cannot be used.
    pub async fn start(options: NetworkOptions) -> anyhow::Result<Self> {
        if !options.listen.ip().is_loopback() {
            bail!(
                "the simulator listens on loopback only, not on {}",
                options.listen.ip()
            );
        }
        if !(options.qr_scale.is_finite() && options.qr_scale > 0.0) {
            bail!("the life of codes must be scaled by a positive number");
        }
        let listener = TcpListener::bind(options.listen)
            .await
            .context("the simulator cannot listen")?;
        let addr = listener.local_addr()?;
        let (world, writer) = awaken(&options, addr).await?;
        let world = Arc::new(world);
        let control = control::Control::start(Arc::clone(&world), addr)?;
        let tasks = TaskTracker::new();
        tasks.spawn(door::keep(
            Arc::clone(&world),
            listener,
            control.addr(),
            tasks.clone(),
        ));
        tasks.spawn(crate::strictness::watch(Arc::clone(&world)));
        Ok(Self {
            world,
            addr,
            tasks,
            control,
            writer,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address that WhatsApp clients dial.
    pub fn whatsapp_url(&self) -> String {
        format!("ws://{}/ws/chat", self.addr)
    }

    /// The address of the control API and the page.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Ends all connections and returns when everything is kept.
    pub async fn stop(self) {
        self.world.over.cancel();
        self.control.stop().await;
        self.world.carrier.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
        // The writer ends when nobody can hand it changes any more.
        self.world.disk.close();
        if let Some(writer) = self.writer
            && writer.await.is_err()
        {
            tracing::warn!("the writer of the simulator's data file failed");
        }
    }
}

/// The world as it was kept, or a new one.
async fn awaken(
    options: &NetworkOptions,
    addr: SocketAddr,
) -> anyhow::Result<(World, Option<JoinHandle<()>>)> {
    let (loaded, disk, writer) = match &options.data_dir {
        None => (Loaded::default(), Disk::memory(), None),
        Some(folder) => {
            let mut connection = disk::open(folder).await?;
            let loaded = disk::load(&mut connection).await?;
            let (disk, writer) = Disk::file(connection);
            (loaded, disk, Some(writer))
        }
    };
    let keys = if let Some(keys) = loaded.keys {
        keys
    } else {
        let keys = ServerKeys::generate()?;
        let row = Row::put(Table::Network, "", "keys", keys.to_bytes());
        let mut effects = Effects::default();
        effects.rows.push(row);
        disk.commit(effects);
        keys
    };
    let over = CancellationToken::new();
    let carrier = Carrier::new(
        format!("http://{addr}"),
        options.call_scale,
        loaded.exchange,
        over.clone(),
    )?;
    let world = World::new(
        keys,
        disk,
        loaded.log,
        loaded.phones,
        Rules {
            qr_scale: options.qr_scale,
            strict: options.strict,
        },
        carrier,
        over,
    );
    Ok((world, writer))
}
