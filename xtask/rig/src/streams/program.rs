//! The program of the business: says every frame back at once.

use std::sync::Arc;

use anyhow::Result;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_websockets::{Message, ServerBuilder};

use super::Count;
use super::frame::{Stamp, Window, micros};

/// A program that runs.
pub(super) struct Program(JoinHandle<Result<Count>>);

impl Program {
    /// Takes every socket that comes, until it is over.
    pub(super) fn start(
        listener: TcpListener,
        window: Arc<Window>,
        over: CancellationToken,
    ) -> Self {
        Self(tokio::spawn(take(listener, window, over)))
    }

    /// What it heard, once it is over.
    pub(super) async fn end(self) -> Result<Count> {
        self.0.await?
    }
}

async fn take(
    listener: TcpListener,
    window: Arc<Window>,
    over: CancellationToken,
) -> Result<Count> {
    let mut talks = JoinSet::new();
    loop {
        let socket = tokio::select! {
            () = over.cancelled() => break,
            socket = listener.accept() => socket?.0,
        };
        talks.spawn(talk(socket, Arc::clone(&window), over.clone()));
    }
    let mut all = Count::default();
    while let Some(count) = talks.join_next().await {
        all.add(count??);
    }
    Ok(all)
}

/// One conversation, until the other side ends it.
async fn talk(socket: TcpStream, window: Arc<Window>, over: CancellationToken) -> Result<Count> {
    socket.set_nodelay(true)?;
    let (_, mut socket) = ServerBuilder::new().accept(socket).await?;
    let mut count = Count::default();
    loop {
        let message = tokio::select! {
            () = over.cancelled() => break,
            message = socket.next() => message,
        };
        let Some(Ok(message)) = message else {
            break;
        };
        let Some(stamp) = message.as_text().and_then(Stamp::read) else {
            continue;
        };
        let now = micros(Instant::now());
        if window.holds(stamp.due) {
            count.frames = count.frames.saturating_add(1);
            count.times.push(stamp.age());
        }
        let answer = Stamp { left: now, ..stamp };
        let answer = format!(
            r#"{{"event":"media","media":{{"payload":"{}"}}}}"#,
            answer.payload()
        );
        // Who has hung up hears nothing more.
        if socket.send(Message::text(answer)).await.is_err() {
            break;
        }
    }
    Ok(count)
}
