//! Both directions of a program's socket. It is asked again and again whether it is there: a program that hangs, or whose
//! machine is gone, would else leave its caller in silence until the network notices.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_websockets::{CloseCode, Message};

use super::frame::FromProgram;
use super::lane::Lane;
use super::program::Socket;

/// How often the program is asked whether it is there, whatever else goes to it.
const PING: Duration = Duration::from_secs(5);
/// A program of which so long nothing is heard, not even that it is there, is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// A write that takes longer has nobody at its end.
const WRITE: Duration = Duration::from_secs(10);

/// What is heard of a program.
#[derive(Debug)]
pub(super) enum Heard {
    /// It says something, or that it is there.
    Message(Message),
    /// Its socket is at its end.
    Gone,
    /// Nothing, for too long.
    Silence,
}

/// Listens to a program.
pub(super) struct Ear {
    from: SplitStream<Socket>,
    heard_at: Instant,
}

impl Ear {
    /// From now on.
    pub(super) fn new(from: SplitStream<Socket>) -> Self {
        Self {
            from,
            heard_at: Instant::now(),
        }
    }

    /// What comes next, once there is room for it.
    pub(super) async fn hear(&mut self, to_caller: &Lane<FromProgram>) -> Heard {
        // Whoever is not listened to is not silent.
        while to_caller.is_full() {
            self.heard_at = Instant::now();
            to_caller.room().await;
            self.heard_at = Instant::now();
        }
        let silent_at = self.heard_at.checked_add(SILENCE);
        let next = timeout_at(silent_at.unwrap_or(self.heard_at), self.from.next());
        match next.await {
            Ok(Some(Ok(message))) => {
                self.heard_at = Instant::now();
                Heard::Message(message)
            }
            Ok(Some(Err(_)) | None) => Heard::Gone,
            Err(_elapsed) => Heard::Silence,
        }
    }
}

/// Tells a program what there is to tell until that is at its end, or nobody takes it.
pub(super) async fn tell(mut to: SplitSink<Socket, Message>, lane: Arc<Lane<String>>) {
    let first = Instant::now().checked_add(PING);
    let mut pings = interval_at(first.unwrap_or_else(Instant::now), PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            next = lane.next() => match next {
                Some(text) => Message::text(text),
                None => break,
            },
            _ = pings.tick() => Message::ping(&b""[..]),
        };
        if !matches!(timeout(WRITE, to.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
    let bye = Message::close(Some(CloseCode::NORMAL_CLOSURE), "");
    timeout(WRITE, to.send(bye)).await.ok();
}
