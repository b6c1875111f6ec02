//! How lines and the account stand: measured at every look.

use std::time::Instant;

use store::calls;

use super::Lookout;
use crate::provider::Provider;

/// An account that is not taken is asked about once in so many comparisons of lists: once a minute.
const PROBE: u32 = 4;

impl Lookout {
    /// What an operator set outlives a Redis that was wiped.
    pub(super) async fn restore_limit(&self) {
        if let Ok(Some(limit)) = calls::call_limit(&self.desk.store).await
            && let Err(error) = self.desk.slots.set_limit(Some(limit)).await
        {
            tracing::warn!(%error, "the limit that an operator set is not in force");
        }
    }

    pub(super) async fn measure(&self) {
        let standing = self.desk.slots.standing(self.desk.limit).await;
        let metrics = &self.desk.metrics;
        let held = i64::try_from(self.desk.keeper.count()).unwrap_or(i64::MAX);
        metrics.held.set(held);
        let denied = self.desk.provider.as_ref().is_some_and(Provider::is_denied);
        metrics.denied.set(i64::from(denied));
        let is_ready = match standing {
            Ok(standing) => {
                metrics.live.set(i64::from(standing.live));
                metrics.limit.set(i64::from(standing.limit));
                metrics.warming.set(i64::from(!standing.warming.is_zero()));
                if !standing.warming.is_zero() {
                    self.desk.keeper.beat_now();
                }
                standing.warming.is_zero()
            }
            Err(_) => false,
        };
        self.ready.send_if_modified(|was| {
            let changed = *was != is_ready;
            *was = is_ready;
            changed
        });
    }

    /// Of an account that the provider does not take it is asked seldom whether that is over.
    pub(super) async fn probe(&mut self) {
        let desk = self.desk.clone();
        let denied = desk.provider.as_ref().filter(|it| it.is_denied());
        let Some(provider) = denied else {
            // Whoever is turned away is not asked again at once.
            self.probed = Some(Instant::now());
            return;
        };
        let pace = self.compare_every.saturating_mul(PROBE);
        if self.probed.is_some_and(|at| at.elapsed() < pace) {
            return;
        }
        self.probed = Some(Instant::now());
        match provider.probe().await {
            Ok(()) if provider.is_denied() => {
                tracing::error!("the account at the provider is not active");
            }
            Ok(()) => tracing::info!("the provider takes the account again"),
            Err(error) => tracing::error!(%error, "the account at the provider cannot be used"),
        }
    }
}
