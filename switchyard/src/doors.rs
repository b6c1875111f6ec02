//! The servers of a process, and how they stop without losing a request that somebody has begun.

use std::net::{Shutdown, TcpListener};
use std::time::{Duration, Instant};

use actix_web::dev::{Server, ServerHandle};
use api::Readiness;
use socket2::SockRef;
use tokio_util::task::TaskTracker;

/// How long nobody must have asked anything before the servers stop: a proxy with requests for us sends them at once, on
/// the connections that it has.
const QUIET: Duration = Duration::from_millis(300);
/// So long that is waited for at most: a proxy's pool of idle connections is used up by then, at some 50 requests a second.
const QUIET_MOST: Duration = Duration::from_secs(3);

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
    pub(crate) async fn close(self, readiness: &Readiness) {
        for listener in &self.listeners {
            if let Err(error) = SockRef::from(listener).shutdown(Shutdown::Read) {
                tracing::debug!(%error, "a listener stays open until its server has stopped");
            }
        }
        for server in &self.handles {
            // What is closed need not be looked at.
            server.pause().await;
        }
        let start = Instant::now();
        let mut answers = readiness.last_answers();
        while start.elapsed() < QUIET_MOST {
            tokio::time::sleep(QUIET).await;
            let now = readiness.last_answers();
            if now == answers {
                break;
            }
            answers = now;
        }
        for server in self.handles {
            server.stop(true).await;
        }
        self.servers.wait().await;
    }
}
