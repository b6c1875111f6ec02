//! The control API: JSON over HTTP for tests, and the page made of it.

mod calls;
mod carrier;
mod faults;
mod guard;
mod network;
mod page;
mod phones;
mod refusal;
mod rest;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, JsonConfig};
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use tokio::sync::oneshot;

use crate::effects::{Effects, Row};
use crate::world::World;
use refusal::Refusal;

/// The largest body that the control API reads: a text with room.
const LARGEST: usize = 256 * 1024;

/// How long an idle connection stays open: longer than clients keep theirs, so that none is closed
/// under a request.
const IDLE: Duration = Duration::from_mins(10);

/// What handlers share.
pub(crate) struct Shared {
    /// The network.
    pub(crate) world: Arc<World>,
    /// Where the network listens, as a browser sees it.
    pub(crate) origin: SocketAddr,
}

impl Shared {
    /// Returns when that is kept.
    pub(crate) async fn keep(&self, row: Row) -> anyhow::Result<()> {
        let mut effects = Effects::default();
        let (done, kept) = oneshot::channel();
        effects.rows.push(row);
        effects.tell(done);
        self.world.disk.commit(effects);
        kept.await.context("it could not be kept")
    }
}

/// The running control API. It listens on a port of its own, behind the one port of the network.
pub(crate) struct Control {
    addr: SocketAddr,
    handle: ServerHandle,
}

impl Control {
    /// Starts it.
    pub(crate) fn start(world: Arc<World>, origin: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let shared = Data::new(Shared { world, origin });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::clone(&shared))
                .app_data(
                    JsonConfig::default()
                        .limit(LARGEST)
                        .error_handler(Refusal::of_body),
                )
                .wrap(from_fn(guard::check))
                .configure(routes)
        })
        .workers(1)
        .keep_alive(IDLE)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { addr, handle })
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops at once.
    pub(crate) async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

fn routes(config: &mut web::ServiceConfig) {
    telephony(config);
    rest::routes(config);
    config
        .route("/", web::get().to(page::show))
        .route("/phones", web::post().to(phones::create))
        .route("/phones", web::get().to(phones::list))
        .route("/phones/{phone}", web::patch().to(phones::change))
        .route("/phones/{phone}/scan", web::post().to(phones::scan))
        .route("/phones/{phone}/messages", web::post().to(phones::write))
        .route("/phones/{phone}/messages", web::get().to(phones::messages))
        .route("/phones/{phone}/read", web::post().to(phones::read))
        .route(
            "/phones/{phone}/devices/{device}",
            web::delete().to(phones::unlink),
        )
        .route("/network/faults", web::post().to(faults::add))
        .route("/network/faults", web::get().to(faults::list))
        .route("/network/faults", web::delete().to(faults::clear))
        .route("/network/faults/{id}", web::delete().to(faults::remove))
        .route("/network", web::get().to(network::show))
        .route("/network/log", web::get().to(network::log))
        .route("/network/root", web::get().to(network::root));
}

fn telephony(config: &mut web::ServiceConfig) {
    config
        .route("/carrier", web::get().to(carrier::show))
        .route("/carrier", web::patch().to(carrier::change))
        .route("/carrier/accounts", web::post().to(carrier::put_account))
        .route("/carrier/accounts", web::get().to(carrier::accounts))
        .route("/carrier/people", web::put().to(carrier::put_person))
        .route("/carrier/numbers", web::post().to(carrier::put_number))
        .route("/carrier/numbers", web::get().to(carrier::numbers))
        .route("/calls", web::post().to(calls::place))
        .route("/calls", web::get().to(calls::list))
        .route("/calls/stats", web::get().to(calls::stats))
        .route("/calls/stats", web::delete().to(calls::reset))
        .route("/calls/load", web::post().to(calls::load))
        .route("/calls/{sid}", web::get().to(calls::show))
        .route("/calls/{sid}/ledger", web::get().to(calls::ledger))
        .route("/calls/{sid}/hangup", web::post().to(calls::hang_up))
        .route("/calls/{sid}/answer", web::post().to(calls::pick_up))
        .route("/calls/{sid}/decline", web::post().to(calls::decline))
        .route("/calls/{sid}/digits", web::post().to(calls::press))
        .route("/calls/{sid}/speak", web::post().to(calls::speak));
}
