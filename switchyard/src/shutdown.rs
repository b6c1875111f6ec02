//! How the process is stopped: the first signal asks everything to finish, the second one ends it at once.

use std::io;
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Listens for SIGTERM and SIGINT from its creation on, so that none is lost while the parts are built.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Starts to listen.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Cancels `soft` at the first signal and ends the process at the second. Never returns by itself.
    pub(crate) async fn obey(mut self, soft: CancellationToken) {
        let code = self.next().await;
        tracing::info!(signal = code - SIGNALLED, "stopping");
        soft.cancel();
        let code = self.next().await;
        tracing::warn!("stopped at once");
        end(code);
    }

    /// Waits for either; the exit code of a process that it ends.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => SIGNALLED + SignalKind::terminate().as_raw_value(),
            _ = self.interrupt.recv() => SIGNALLED + SignalKind::interrupt().as_raw_value(),
        }
    }
}

/// Shells show a process that ended by signal n as 128 + n.
const SIGNALLED: i32 = 128;

#[expect(
    clippy::exit,
    reason = "whoever signals twice wants no destructor to be waited for"
)]
fn end(code: i32) {
    process::exit(code);
}
