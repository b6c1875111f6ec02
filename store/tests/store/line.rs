//! A line to a server that forgets the connections over it, as a firewall does: nobody is told.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A line on loopback.
pub(crate) struct Line {
    port: u16,
    forgettings: watch::Sender<u32>,
}

impl Line {
    /// A line to a port of this machine.
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (forgettings, now) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", server)).await else {
                    return;
                };
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                tokio::spawn(carry(near_in, far_out, now.clone()));
                tokio::spawn(carry(far_in, near_out, now.clone()));
            }
        });
        Self { port, forgettings }
    }

    /// Where it begins.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Drops for ever what goes over the connections that there are; new ones pass.
    pub(crate) fn forget(&self) {
        self.forgettings.send_modify(|times| *times += 1);
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut now: watch::Receiver<u32>,
) {
    let before = *now.borrow_and_update();
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if *now.borrow() == before && to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    if *now.borrow() != before {
        // The end of one side is not told to the other, either.
        std::future::pending::<()>().await;
    }
    to.shutdown().await.ok();
}
