//! How many live streams a caller has open: each costs a connection and a look at the database every second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::IntGauge;
use uuid::Uuid;

/// Streams that one user or key may have open at a time.
const MOST: u8 = 5;

/// The open streams by caller; an entry lives as long as a stream of it.
#[derive(Clone, Default)]
pub(crate) struct StreamSlots(Arc<Mutex<HashMap<Uuid, u8>>>);

/// One open stream; dropping it closes it.
pub(crate) struct Slot {
    slots: StreamSlots,
    caller: Uuid,
    open: IntGauge,
}

impl StreamSlots {
    /// A place for one more stream of this caller, if there is one left.
    pub(crate) fn open(&self, caller: Uuid, open: &IntGauge) -> Option<Slot> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller).or_default();
        if *count >= MOST {
            return None;
        }
        *count += 1;
        open.inc();
        Some(Slot {
            slots: self.clone(),
            caller,
            open: open.clone(),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.caller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
        self.open.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_stream_waits_until_one_closes() {
        let slots = StreamSlots::default();
        let gauge = IntGauge::new("streams", "of the test").unwrap();
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let mut open: Vec<Slot> = (0..5).filter_map(|_| slots.open(one, &gauge)).collect();
        assert_eq!((open.len(), gauge.get()), (5, 5));
        assert!(slots.open(one, &gauge).is_none());
        assert!(slots.open(other, &gauge).is_some());
        open.pop();
        assert!(slots.open(one, &gauge).is_some());
        open.clear();
        assert!(slots.0.lock().unwrap().is_empty());
    }
}
