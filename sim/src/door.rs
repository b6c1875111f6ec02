//! The one port: connections that ask for `/ws/chat` go to the network, all others to the control
//! API and its page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::session;
use crate::world::World;

/// How a request for the network starts.
const NETWORK: &[u8] = b"GET /ws/chat";

/// How long a connection may be open without saying what it wants.
const SILENCE: Duration = Duration::from_secs(10);

/// How many connections there may be at once.
const CONNECTIONS: usize = 20_000;

/// How long to wait when no connection can be accepted, as when no file handle is free.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the network stops; `control` is where the control API listens.
pub(crate) async fn keep(
    world: Arc<World>,
    listener: TcpListener,
    control: SocketAddr,
    tasks: TaskTracker,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = world.over.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            continue;
        };
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            let over = world.over.clone();
            match timeout(SILENCE, wants_network(&stream)).await {
                Ok(Ok(true)) => session::serve(world, stream).await,
                Ok(Ok(false)) => {
                    tokio::select! {
                        () = over.cancelled() => {}
                        () = forward(stream, control) => {}
                    }
                }
                Ok(Err(_)) | Err(_) => {}
            }
            drop(permit);
        });
    }
}

/// Looks at the first bytes without taking them.
async fn wants_network(stream: &TcpStream) -> std::io::Result<bool> {
    let mut start = [0; NETWORK.len()];
    loop {
        let count = stream.peek(&mut start).await?;
        let seen = start.get(..count).unwrap_or_default();
        if count == 0 || !NETWORK.starts_with(seen) {
            return Ok(false);
        }
        if count == NETWORK.len() {
            return Ok(true);
        }
        // The socket stays readable while these bytes are not taken, so there is nothing to await.
        sleep(Duration::from_millis(5)).await;
    }
}

async fn forward(mut stream: TcpStream, control: SocketAddr) {
    let Ok(mut inner) = TcpStream::connect(control).await else {
        return;
    };
    if let Err(error) = tokio::io::copy_bidirectional(&mut stream, &mut inner).await {
        tracing::trace!(%error, "a connection to the control API ended");
    }
}
