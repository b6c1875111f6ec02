//! A line to a server that holds back everything which goes over it, both ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A line on loopback; no new connection passes once the test ends.
pub(crate) struct SlowLine {
    port: u16,
    delay_ms: Arc<AtomicU64>,
}

impl SlowLine {
    /// A line to a port of this machine, without delay yet.
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let delay_ms = Arc::new(AtomicU64::new(0));
        let delay = Arc::clone(&delay_ms);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", server)).await else {
                    continue;
                };
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                tokio::spawn(carry(near_in, far_out, Arc::clone(&delay)));
                tokio::spawn(carry(far_in, near_out, Arc::clone(&delay)));
            }
        });
        Self { port, delay_ms }
    }

    /// Where it begins.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on each piece takes so much longer, each way.
    pub(crate) fn delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap();
        self.delay_ms.store(ms, Ordering::Relaxed);
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Arc<AtomicU64>,
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let ms = delay.load(Ordering::Relaxed);
        // The delay itself is the fault.
        tokio::time::sleep(Duration::from_millis(ms)).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
