//! The program of a business that callers speak to: it says back whatever it hears.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_websockets::ServerBuilder;

/// A program that runs until it is dropped.
pub(super) struct Agent {
    url: String,
    takes: JoinHandle<()>,
}

impl Agent {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/agent", listener.local_addr().unwrap());
        let takes = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(talk(socket));
            }
        });
        Self { url, takes }
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.takes.abort();
    }
}

/// One conversation, until the other side ends it, in good order or not.
async fn talk(socket: TcpStream) {
    let Ok((_, mut socket)) = ServerBuilder::new().accept(socket).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        let is_sound = message
            .as_text()
            .is_some_and(|text| text.contains("\"media\""));
        if is_sound && socket.send(message).await.is_err() {
            return;
        }
    }
}
