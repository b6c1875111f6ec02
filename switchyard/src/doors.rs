//! The servers of a process, and how they stop without losing a request that somebody has begun.

use std::net::{Shutdown, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use socket2::SockRef;
use tokio_util::task::TaskTracker;

/// How long a connection that was accepted last may take to be asked something: a proxy sends at once. Shorter than the
/// half second after which the server library would look at a closed listener again.
const LAST: Duration = Duration::from_millis(300);

/// Servers that run, and a hold on the listener of each.
pub(crate) struct Doors {
    listeners: Vec<TcpListener>,
    handles: Vec<ServerHandle>,
    servers: TaskTracker,
}

impl Doors {
    /// Lets the servers run.
    pub(crate) fn open(listeners: Vec<TcpListener>, running: Vec<Server>) -> Self {
        let handles = running.iter().map(Server::handle).collect();
        let servers = TaskTracker::new();
        for server in running {
            servers.spawn(server);
        }
        servers.close();
        Self {
            listeners,
            handles,
            servers,
        }
    }

    /// Refuses new connections, which a proxy takes elsewhere; then lets those that are there end. At one moment, a
    /// connection would be closed in which a proxy has just written a request that it must not send twice.
    pub(crate) async fn close(self) {
        for listener in &self.listeners {
            if let Err(error) = SockRef::from(listener).shutdown(Shutdown::Read) {
                tracing::debug!(%error, "a listener stays open until its server has stopped");
            }
        }
        tokio::time::sleep(LAST).await;
        for server in self.handles {
            server.stop(true).await;
        }
        self.servers.wait().await;
    }
}
