//! What every request of a replica shares: the rows, the slots, the calls in hand and the provider.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use store::Store;
use store::calls::{self, Owner, StoredFlow};
use store::slots::{Ask, Mode, Slots};
use switchyard_core::address::Phone;
use switchyard_core::{BusinessId, Timestamp};

use crate::address::Addresses;
use crate::keeper::Keeper;
use crate::media::Sockets;
use crate::metrics::Metrics;
use crate::options::AtCapacity;
use crate::provider::Provider;
use crate::refusals::Refusals;
use crate::signature::Tokens;
use crate::ticket::Tickets;

/// How long a number or a flow is believed to be as it was read.
const FRESH: Duration = Duration::from_secs(3);
/// How long a version of a flow is kept for the calls that go by it.
const VERSIONS: Duration = Duration::from_hours(4);
/// Numbers, and flows, that are kept.
const KEPT: u64 = 10_000;

/// What every request shares.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) slots: Slots,
    pub(crate) keeper: Keeper,
    pub(crate) provider: Option<Provider>,
    pub(crate) tokens: Tokens,
    pub(crate) tickets: Tickets,
    pub(crate) account: String,
    pub(crate) base: String,
    pub(crate) at_capacity: AtCapacity,
    pub(crate) longest: Duration,
    pub(crate) limit: u32,
    pub(crate) refusals: Refusals,
    pub(crate) sockets: Sockets,
    pub(crate) metrics: Metrics,
    pub(crate) numbers: Cache<String, Option<Owner>>,
    pub(crate) flows: Cache<BusinessId, Arc<StoredFlow>>,
    pub(crate) versions: Cache<(BusinessId, i64), Arc<StoredFlow>>,
}

/// The caches of a desk.
pub(crate) type Caches = (
    Cache<String, Option<Owner>>,
    Cache<BusinessId, Arc<StoredFlow>>,
    Cache<(BusinessId, i64), Arc<StoredFlow>>,
);

/// Empty ones.
pub(crate) fn caches() -> Caches {
    (
        Cache::builder()
            .max_capacity(KEPT)
            .time_to_live(FRESH)
            .build(),
        Cache::builder()
            .max_capacity(KEPT)
            .time_to_live(FRESH)
            .build(),
        Cache::builder()
            .max_capacity(KEPT)
            .time_to_idle(VERSIONS)
            .build(),
    )
}

impl Desk {
    /// The addresses of a business.
    pub(crate) fn addresses(&self, business: BusinessId) -> Addresses<'_> {
        Addresses {
            base: &self.base,
            business,
        }
    }

    /// Whose number it is; how many calls they may have is known to the keeper from then on.
    pub(crate) async fn owner(&self, number: &str) -> store::Result<Option<BusinessId>> {
        let Some(phone) = Phone::parse(number) else {
            return Ok(None);
        };
        if let Some(known) = self.numbers.get(number).await {
            return Ok(known.map(|owner| owner.business));
        }
        let found = calls::business_of(&self.store, &phone).await?;
        if let Some(owner) = found {
            self.keeper.allow(owner.business, owner.most);
        }
        self.numbers.insert(number.to_owned(), found).await;
        Ok(found.map(|owner| owner.business))
    }

    /// How a call that goes on asks for its slot: by the limit of its business, also where no call of it began here.
    pub(crate) async fn ask<'a>(
        &'a self,
        sid: &'a str,
        business: BusinessId,
        mode: Mode,
        phase: &'a str,
    ) -> Ask<'a> {
        if !self.keeper.knows(business) {
            match calls::limit_of(&self.store, business).await {
                Ok(most) => self.keeper.allow(business, most),
                Err(error) => tracing::warn!(%error, "the limit of a business cannot be read"),
            }
        }
        self.keeper.ask(sid, business, mode, phase)
    }

    /// The flow in force.
    pub(crate) async fn flow(&self, business: BusinessId) -> store::Result<Arc<StoredFlow>> {
        if let Some(known) = self.flows.get(&business).await {
            return Ok(known);
        }
        let found = Arc::new(calls::flow(&self.store, business).await?);
        self.flows.insert(business, Arc::clone(&found)).await;
        self.versions
            .insert((business, found.version), Arc::clone(&found))
            .await;
        Ok(found)
    }

    /// The flow that a call goes by; the one in force where that version is not kept any more.
    pub(crate) async fn flow_of(
        &self,
        business: BusinessId,
        version: i64,
    ) -> store::Result<Arc<StoredFlow>> {
        if let Some(known) = self.versions.get(&(business, version)).await {
            return Ok(known);
        }
        let in_force = self.flow(business).await?;
        if in_force.version == version {
            return Ok(in_force);
        }
        let Some(found) = calls::flow_version(&self.store, business, version).await? else {
            return Ok(in_force);
        };
        let found = Arc::new(found);
        self.versions
            .insert((business, version), Arc::clone(&found))
            .await;
        Ok(found)
    }

    /// The present.
    pub(crate) fn now() -> Timestamp {
        Timestamp::now()
    }
}
