//! How much a connection has received that is not committed yet. The client's own queues have no bound: while the
//! database is slow or away they would hold everything that arrives. Past a bound the connection is given up, and
//! WhatsApp keeps the rest until the next one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wacore::net::TransportEvent;
use whatsapp_rust::async_channel;

/// So many bytes may wait.
const BYTES_MAX: u64 = 8 << 20;
/// So many frames may wait.
const FRAMES_MAX: u64 = 2_000;
/// So many events may wait between the socket and the client.
const EVENTS: usize = 64;

/// What has arrived, and what had arrived when each commit began that has not ended.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    bytes: u64,
    frames: u64,
    commits: BTreeMap<u64, (u64, u64)>,
    next: u64,
}

/// A commit that is under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Committing<'a> {
    pressure: &'a Pressure,
    number: u64,
}

impl Pressure {
    /// A commit begins.
    pub(crate) fn commit(&self) -> Committing<'_> {
        let mut counts = self.lock();
        let number = counts.next;
        counts.next = number.wrapping_add(1);
        let arrived = (counts.bytes, counts.frames);
        counts.commits.insert(number, arrived);
        Committing {
            pressure: self,
            number,
        }
    }

    /// A frame arrived. Whether too much has arrived since the oldest commit began that has not ended.
    fn arrive(&self, bytes: usize) -> bool {
        let mut counts = self.lock();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        counts.bytes = counts.bytes.saturating_add(bytes);
        counts.frames = counts.frames.saturating_add(1);
        let Some((_, (bytes, frames))) = counts.commits.first_key_value() else {
            return false;
        };
        counts.bytes.saturating_sub(*bytes) > BYTES_MAX
            || counts.frames.saturating_sub(*frames) > FRAMES_MAX
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        self.pressure.lock().commits.remove(&self.number);
    }
}

/// Passes a socket's events on and counts them; calls `flooded` once too much waits, and passes on nothing more.
pub(crate) fn counted(
    events: async_channel::Receiver<TransportEvent>,
    pressure: impl AsRef<Pressure> + Send + 'static,
    flooded: impl FnOnce() + Send + 'static,
) -> async_channel::Receiver<TransportEvent> {
    let (sender, receiver) = async_channel::bounded(EVENTS);
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            if let TransportEvent::DataReceived(data) = &event
                && pressure.as_ref().arrive(data.len())
            {
                return flooded();
            }
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_arrives_while_a_commit_waits_counts() {
        let pressure = Pressure::default();
        for _ in 0..10_000 {
            assert!(!pressure.arrive(10_000));
        }
        let slow = pressure.commit();
        for _ in 0..2_000 {
            assert!(!pressure.arrive(10));
        }
        assert!(pressure.arrive(10));
        drop(slow);
        assert!(!pressure.arrive(10));
        let _slow = pressure.commit();
        assert!(pressure.arrive(9 << 20));
    }
}
