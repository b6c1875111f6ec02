//! All calls that the network remembers. Past [`KEPT`] the oldest that has ended is forgotten.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::call::Call;

/// How many calls are remembered: some 100 MB of short calls with their ledgers.
const KEPT: usize = 20_000;

/// The calls.
#[derive(Default)]
pub(crate) struct Register {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    next: u64,
    by_place: BTreeMap<u64, Arc<Call>>,
    places: HashMap<String, u64>,
}

impl Register {
    /// Remembers a call. Fails when there are too many at once.
    pub(crate) fn add(&self, call: &Arc<Call>) -> anyhow::Result<()> {
        let mut kept = self.lock();
        if kept.by_place.len() >= KEPT {
            kept.forget_oldest();
            anyhow::ensure!(
                kept.by_place.len() < KEPT,
                "there are too many calls at once"
            );
        }
        let place = kept.next;
        kept.next += 1;
        kept.places.insert(call.sid.clone(), place);
        kept.by_place.insert(place, Arc::clone(call));
        Ok(())
    }

    /// The call of that name.
    pub(crate) fn get(&self, sid: &str) -> Option<Arc<Call>> {
        let kept = self.lock();
        kept.by_place.get(kept.places.get(sid)?).cloned()
    }

    /// The latest calls that are wanted, latest first, at most `most` after the first `skip`.
    pub(crate) fn latest(
        &self,
        skip: usize,
        most: usize,
        wanted: impl Fn(&Call) -> bool,
    ) -> Vec<Arc<Call>> {
        let kept = self.lock();
        kept.by_place
            .values()
            .rev()
            .filter(|call| wanted(call))
            .skip(skip)
            .take(most)
            .cloned()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Forgets the oldest call that has ended.
    fn forget_oldest(&mut self) {
        let oldest = self
            .by_place
            .iter()
            .find(|(_, call)| call.status().is_final())
            .map(|(place, call)| (*place, call.sid.clone()));
        if let Some((place, sid)) = oldest {
            self.by_place.remove(&place);
            self.places.remove(&sid);
        }
    }
}
