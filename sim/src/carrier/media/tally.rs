//! What came and went on one media stream.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::sound::{SILENCE, hex};

/// The count. Positions are bytes of sound since the start of the stream.
#[derive(Default)]
pub(crate) struct Tally {
    frames_sent: u64,
    bytes_spoken: u64,
    frames_received: u64,
    bytes_received: u64,
    bytes_heard: u64,
    bytes_dropped: u64,
    heard: Sha256,
    /// Marks that the business set.
    pub(crate) marks: u64,
    /// How often it had its sound dropped.
    pub(crate) clears: u64,
    /// Frames that were sent late, by a frame or more: this machine had too much to do.
    pub(crate) late: u64,
    /// Frames that were lost on purpose.
    pub(crate) lost: u64,
}

impl Tally {
    /// A frame went out.
    pub(super) fn sent(&mut self, sound: &[u8]) {
        self.frames_sent += 1;
        let spoken = sound.iter().filter(|byte| **byte != SILENCE).count();
        self.bytes_spoken += long(spoken);
    }

    /// Sound came in.
    pub(super) fn received(&mut self, bytes: usize) {
        self.frames_received += 1;
        self.bytes_received += long(bytes);
    }

    /// The caller heard that.
    pub(super) fn heard(&mut self, sound: &[u8]) {
        self.bytes_heard += long(sound.len());
        self.heard.update(sound);
    }

    /// The caller will never hear so many bytes.
    pub(super) fn dropped(&mut self, bytes: usize) {
        self.bytes_dropped += long(bytes);
    }

    /// How far the caller is in what came.
    pub(super) fn past(&self) -> u64 {
        self.bytes_heard + self.bytes_dropped
    }

    /// Where what came ends.
    pub(super) fn end(&self) -> u64 {
        self.bytes_received
    }

    /// As the ledger shows it.
    pub(crate) fn describe(&self) -> Value {
        json!({
            "frames_sent": self.frames_sent,
            "bytes_spoken": self.bytes_spoken,
            "frames_late": self.late,
            "frames_lost": self.lost,
            "messages_received": self.frames_received,
            "bytes_received": self.bytes_received,
            "bytes_heard": self.bytes_heard,
            "bytes_dropped": self.bytes_dropped,
            "heard_sha256": hex(&self.heard.clone().finalize()),
            "marks": self.marks,
            "clears": self.clears,
        })
    }
}

fn long(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
