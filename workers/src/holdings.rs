//! The claims that this process holds right now: what is renewed, and whom a business's share is counted by.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::jobs::Claimed;
use switchyard_core::{BusinessId, JobId};
use tokio_util::sync::CancellationToken;

/// Every claim of this process, from the claim to the commit of its end.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    held: Mutex<HashMap<JobId, Holding>>,
}

#[derive(Debug)]
struct Holding {
    fence: i64,
    kind: &'static str,
    business: Option<BusinessId>,
    /// The attempt is over; only the record of its end is still on its way.
    is_over: bool,
    /// Cancelled when another worker has the job.
    lost: CancellationToken,
}

impl Holdings {
    /// A claim of this process; the token is cancelled when the claim is lost.
    pub(crate) fn add(&self, kind: &'static str, claimed: &Claimed) -> CancellationToken {
        let lost = CancellationToken::new();
        let holding = Holding {
            fence: claimed.fence,
            kind,
            business: claimed.business,
            is_over: false,
            lost: lost.clone(),
        };
        self.lock().insert(claimed.id, holding);
        lost
    }

    /// The attempt is over and takes no slot any more.
    pub(crate) fn over(&self, id: JobId) {
        if let Some(holding) = self.lock().get_mut(&id) {
            holding.is_over = true;
        }
    }

    /// The end is recorded, or somebody else has the job.
    pub(crate) fn remove(&self, id: JobId, fence: i64) {
        let mut held = self.lock();
        if held.get(&id).is_some_and(|it| it.fence == fence) {
            held.remove(&id);
        }
    }

    /// What has to be renewed.
    pub(crate) fn list(&self) -> Vec<(JobId, i64)> {
        let held = self.lock();
        held.iter().map(|(id, it)| (*id, it.fence)).collect()
    }

    /// These could not be renewed: whoever still works on one stops.
    pub(crate) fn lose(&self, claims: &[(JobId, i64)]) -> usize {
        let mut held = self.lock();
        let mut lost = 0;
        for (id, fence) in claims {
            let stale = |it: &Holding| it.fence == *fence && !it.is_over;
            if held.get(id).is_some_and(stale)
                && let Some(holding) = held.remove(id)
            {
                holding.lost.cancel();
                lost += 1;
            }
        }
        lost
    }

    /// How many jobs of a kind run for each business.
    pub(crate) fn running(&self, kind: &str) -> HashMap<Option<BusinessId>, u32> {
        let mut running = HashMap::new();
        for holding in self.lock().values() {
            if holding.kind == kind && !holding.is_over {
                let count: &mut u32 = running.entry(holding.business).or_default();
                *count = count.saturating_add(1);
            }
        }
        running
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Holding>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
