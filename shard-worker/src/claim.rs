//! Which sessions this process takes, and when: its own at once, those of others once nobody is there for them.

use std::time::Duration;

use store::leases::{self, Given, Homing, Incarnation};
use store::{Held, Store};
use switchyard_core::adoption::Adoption;
use switchyard_core::routing::share;
use tokio::time::Instant;

use crate::pace::jittered;

/// How often it looks for what others left behind; give or take a fifth.
const ADOPT_EVERY: Duration = Duration::from_secs(1);

/// So many sessions a second go home at most.
const HOME_A_SECOND: u32 = 5;
/// So many sessions a second go from a shard that is to be empty to each that takes them: half of what one may dial, so
/// that none of them waits for its turn without a connection.
const GIVEN_A_SECOND: u32 = 25;
/// And so many of them at a time, a quarter of a second's.
const GIVEN_AT_A_TIME: u32 = 6;

/// What was taken.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The sessions, each under its new epoch.
    pub(crate) held: Vec<Held>,
    /// Whether somebody is asked to let go of more for this process.
    pub(crate) expects: bool,
    /// Whether this shard is to be empty.
    pub(crate) drains: bool,
}

/// Takes sessions for one process.
pub(crate) struct Claims {
    store: Store,
    number: u16,
    shards: u16,
    lease: Duration,
    /// Since when the database has answered without a gap.
    steady_since: Instant,
    adopt_at: Instant,
    adoption: Adoption,
    homing: Homing,
    send_home_at: Instant,
    give_at: Instant,
}

impl Claims {
    /// For the shard `number` of `shards`, whose lease lasts `lease`.
    pub(crate) fn new(
        store: Store,
        (number, shards): (u16, u16),
        lease: Duration,
        home_again: Duration,
    ) -> Self {
        Self {
            homing: Homing {
                healthy: home_again,
                calm: home_again,
                at_a_time: HOME_A_SECOND,
            },
            send_home_at: Instant::now(),
            give_at: Instant::now(),
            store,
            number,
            shards,
            lease,
            steady_since: Instant::now(),
            adopt_at: Instant::now(),
            adoption: Adoption::default(),
        }
    }

    /// The database did not answer, or this process has just registered: whoever else was cut off, or starts with it,
    /// gets the time of a lease to come for its own.
    pub(crate) fn disturbed(&mut self) {
        self.steady_since = Instant::now();
    }

    /// A look at the database took this long: as good as no answer when a lease would not last many of them.
    pub(crate) fn answered_after(&mut self, took: Duration) {
        if took >= self.lease.checked_div(3).unwrap_or(self.lease) {
            self.disturbed();
        }
    }

    /// Whether it is time to look for what others left behind.
    fn adopts(&mut self) -> bool {
        let now = Instant::now();
        let steady = now.duration_since(self.steady_since) >= self.lease;
        if !steady || now < self.adopt_at {
            return false;
        }
        self.adopt_at = now
            .checked_add(jittered(ADOPT_EVERY))
            .unwrap_or(self.adopt_at);
        true
    }

    /// Takes everything: for the one process that a SQLite file has.
    pub(crate) async fn everything(&self, me: Incarnation) -> store::Result<Vec<Held>> {
        leases::take_all(&self.store, me).await
    }

    /// Whether there is no other process.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.store, Store::Sqlite(_))
    }

    /// Takes what is this process's to take now.
    pub(crate) async fn take(&mut self, me: Incarnation) -> store::Result<Taken> {
        let mut adopts = self.is_alone();
        if !adopts && self.adopts() {
            adopts = true;
            leases::mark_lost(&self.store).await?;
        }
        let unheld = leases::unheld(&self.store, me).await?;
        let mut businesses = unheld.inherited;
        let (peers, strays) = (&unheld.peers, &unheld.strays);
        let adoption = adopts.then_some(&mut self.adoption);
        businesses.extend(share(self.number, self.shards, peers, strays, adoption));
        let held = leases::take_businesses(&self.store, me, businesses).await?;
        for held in &held {
            if let Some(stray) = strays.iter().find(|it| it.business == held.business) {
                self.adoption.took(stray.estate);
            }
        }
        Ok(Taken {
            held,
            expects: unheld.expects,
            drains: unheld.drains,
        })
    }

    /// Names the next holders of what shall not stay here: of everything when the shard `drains`, else of what belongs
    /// elsewhere. The supervisors let go of it.
    pub(crate) async fn give(&mut self, me: Incarnation, drains: bool) -> store::Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        if drains {
            return self.give_away(me).await;
        }
        let now = Instant::now();
        if now < self.send_home_at {
            return Ok(());
        }
        self.send_home_at = now
            .checked_add(Duration::from_secs(1))
            .unwrap_or(self.send_home_at);
        let sent = leases::send_home(&self.store, me, self.number, self.homing).await?;
        if sent > 0 {
            tracing::info!(sessions = sent, "sessions go home");
        }
        Ok(())
    }

    /// The next of all, no faster than those who get them can dial.
    async fn give_away(&mut self, me: Incarnation) -> store::Result<()> {
        let now = Instant::now();
        if now < self.give_at {
            return Ok(());
        }
        let Given { sessions, heirs } = leases::give_away(&self.store, me, GIVEN_AT_A_TIME).await?;
        if sessions > 0 {
            let a_second = GIVEN_A_SECOND.saturating_mul(heirs.max(1));
            let pause = Duration::from_secs(1)
                .saturating_mul(sessions)
                .checked_div(a_second)
                .unwrap_or_default();
            self.give_at = now.checked_add(pause).unwrap_or(now);
            tracing::info!(sessions, heirs, "giving sessions away");
        }
        Ok(())
    }
}
