//! How long a shard waits before it acts on what does not come, or comes too often.

use std::time::Duration;

/// How long a shard waits. The default is what the product promises; tests wait less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For WhatsApp's acknowledgement of a message, before the same id goes out again.
    pub acknowledgement: Duration,
    /// For anything to be heard on a live connection, before WhatsApp is asked for a sign of life; give or take a fifth.
    pub silence: Duration,
    /// Before a connection that another program took over is taken back; give or take a fifth.
    pub taken_over: Duration,
    /// Before a full disk is tried again; give or take a fifth.
    pub full_disk: Duration,
    /// For a session to go home: so long its own shard must have been well, and it must not have changed hands.
    pub home_again: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            acknowledgement: Duration::from_secs(20),
            silence: Duration::from_secs(30),
            taken_over: Duration::from_mins(1),
            full_disk: Duration::from_secs(15),
            home_again: Duration::from_mins(10),
        }
    }
}
