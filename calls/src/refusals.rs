//! Calls that were turned away: counted here and written down once a second per business, however many they are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::Store;
use store::calls::{Rejected, call_rejected};
use switchyard_core::address::Phone;
use switchyard_core::reason::CallReason;
use switchyard_core::{BusinessId, Timestamp};
use tokio_util::sync::CancellationToken;

/// Businesses of which refusals are counted at a time; those of others are in the metrics alone.
const BUSINESSES_MAX: usize = 10_000;
/// Callers of one business that are remembered between two rounds.
const CALLERS_MAX: usize = 100;
/// How often they are written down.
const EVERY: Duration = Duration::from_secs(1);

/// What waits to be written down.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<BusinessId, Rejected>>);

impl Refusals {
    /// A call was turned away.
    pub(crate) fn note(&self, business: BusinessId, reason: CallReason, caller: Option<&str>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= BUSINESSES_MAX && !waiting.contains_key(&business) {
            return;
        }
        let rejected = waiting.entry(business).or_insert_with(|| Rejected {
            reason,
            count: 0,
            callers: Vec::new(),
        });
        rejected.reason = reason;
        rejected.count = rejected.count.saturating_add(1);
        let caller = caller.and_then(Phone::parse);
        if let Some(caller) = caller
            && rejected.callers.len() < CALLERS_MAX
            && !rejected.callers.contains(&caller)
        {
            rejected.callers.push(caller);
        }
    }

    fn take(&self) -> HashMap<BusinessId, Rejected> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, business: BusinessId, rejected: Rejected) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.get_mut(&business) {
            Some(newer) => newer.count = newer.count.saturating_add(rejected.count),
            None => {
                waiting.insert(business, rejected);
            }
        }
    }

    /// Writes down what waits. What could not be written waits on; of what was told within the last second somebody asks
    /// again.
    pub(crate) async fn write(&self, store: &Store) {
        for (business, rejected) in self.take() {
            let again = Rejected {
                count: 0,
                callers: Vec::new(),
                ..rejected.clone()
            };
            match call_rejected(store, Timestamp::now(), business, rejected.clone()).await {
                Ok(0) => {}
                Ok(_untold) => self.put_back(business, again),
                Err(error) => {
                    tracing::warn!(%business, %error, "refused calls are not written down yet");
                    self.put_back(business, rejected);
                }
            }
        }
    }

    /// Writes once a second, and once more at the end.
    pub(crate) async fn run(&self, store: &Store, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => self.write(store).await,
                () = stop.cancelled() => break,
            }
        }
        self.write(store).await;
    }
}
