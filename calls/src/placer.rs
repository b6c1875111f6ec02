//! Places the calls that businesses ask for: each with a slot of its own, no faster than the account may, and at most once
//! at the provider, whatever becomes of its answer.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use rand::RngExt as _;
use store::calls::{self, Confirmed, Ending, Taken};
use store::rates::{Rate, Rates};
use store::slots::{Admission, Ask, Mode, Renaming};
use switchyard_core::call::{CallSid, CallState};
use switchyard_core::reason::CallReason;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::page::{RING_SLACK, phase};
use crate::provider::{Placed, Provider, ProviderError, Wanted};
use crate::webhooks;

/// How often it is looked for requests.
const TICK: Duration = Duration::from_millis(500);
/// Requests of one process that are placed at the same time.
const AT_ONCE: usize = 8;
/// How long a request that has its turn waits for the pace of the account; then others get theirs.
const PACE_MAX: Duration = Duration::from_secs(20);
/// How soon a call without a line is tried again.
const NO_LINE: Duration = Duration::from_secs(2);
/// How soon a provider is asked again that could not be.
const AWAY: Duration = Duration::from_secs(5);
/// How soon it is looked again whether the provider takes the account.
const DENIED: Duration = Duration::from_secs(15);
/// How long a call may wait for its turn at the provider beyond what we wait for it.
const QUEUE_MAX: Duration = Duration::from_mins(1);

/// Looks for requests and places them.
#[derive(Debug)]
pub(crate) struct Placer {
    desk: Data<Desk>,
    rates: Rates,
    rate: Rate,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The provider has it.
    Placed,
    /// Nobody knows: it is waited for.
    Unsure,
    /// It surely was not placed, and is tried again after so long.
    Later(CallReason, Duration),
    /// It never will be.
    Never(CallReason),
    /// It was over before.
    Over,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Unsure => "unsure",
            Self::Later(..) => "later",
            Self::Never(_) => "refused",
            Self::Over => "over",
        }
    }
}

impl Placer {
    /// One that begins so many calls a second at most, together with all others that share `rates`.
    pub(crate) fn new(desk: Data<Desk>, rates: Rates, per_s: u32) -> Self {
        let rate = Rate::per_s(per_s, per_s);
        Self { desk, rates, rate }
    }

    /// Looks until it is stopped; what it has in hand then is brought to its end.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let placer = Arc::new(self);
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut placing = JoinSet::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = stop.cancelled() => break,
            }
            while placing.try_join_next().is_some() {}
            placer.give_up().await;
            while let Ok(place) = Arc::clone(&room).try_acquire_owned() {
                let Some(taken) = placer.next().await else {
                    break;
                };
                let placer = Arc::clone(&placer);
                placing.spawn(async move {
                    placer.carry_out(&taken).await;
                    drop(place);
                });
            }
        }
        placing.join_all().await;
    }

    async fn next(&self) -> Option<Taken> {
        // Without a provider they wait for a process that has one.
        self.desk.provider.as_ref()?;
        match calls::take_request(&self.desk.store, Desk::now()).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "calls that are asked for cannot be read");
                None
            }
        }
    }

    /// What waited too long, or was never heard of again, is over.
    async fn give_up(&self) {
        let lapsed = match calls::lapsed_requests(&self.desk.store, Desk::now()).await {
            Ok(lapsed) => lapsed,
            Err(error) => {
                tracing::warn!(%error, "calls that waited too long cannot be read");
                return;
            }
        };
        let store = &self.desk.store;
        for (business, asked_as, reason) in lapsed {
            let (now, id) = (Desk::now(), asked_as.clone());
            match calls::give_up_request(store, now, business, id, reason).await {
                Ok(true) => {
                    self.desk.metrics.placement("given_up");
                    webhooks::free(&self.desk, business, &asked_as, "failed").await;
                }
                // Somebody asks for it after all.
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "a call that waited too long is not ended yet");
                }
            }
        }
    }

    async fn carry_out(&self, taken: &Taken) {
        let Some(provider) = &self.desk.provider else {
            return;
        };
        let outcome = self.place(provider, taken).await;
        let noted = match outcome {
            Ok(outcome) => self.note(taken, outcome).await,
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "what became of a call that was asked for is not written down");
        }
    }

    async fn note(&self, taken: &Taken, outcome: Outcome) -> store::Result<()> {
        self.desk.metrics.placement(outcome.name());
        match outcome {
            Outcome::Placed | Outcome::Unsure | Outcome::Over => Ok(()),
            Outcome::Later(reason, after) => {
                let after = after.mul_f64(rand::rng().random_range(1.0..1.3));
                let now = Desk::now();
                calls::put_back(&self.desk.store, now, taken, now.plus(after), reason).await
            }
            Outcome::Never(reason) => {
                let (business, asked_as) = (taken.business, &taken.asked_as);
                webhooks::end(&self.desk, business, asked_as, failed(reason)).await
            }
        }
    }

    async fn place(&self, provider: &Provider, taken: &Taken) -> store::Result<Outcome> {
        // No line is taken for a call that nobody could place.
        if provider.rests() {
            return Ok(Outcome::Later(CallReason::ProviderAway, AWAY));
        }
        if provider.is_denied() {
            return Ok(Outcome::Later(CallReason::ProviderAccount, DENIED));
        }
        if !self.has_pace().await {
            return Ok(Outcome::Later(CallReason::ProviderAway, Duration::ZERO));
        }
        // Known with its number, as of a call that comes in.
        self.desk.owner(&taken.from).await?;
        let longest = QUEUE_MAX
            .saturating_add(taken.ring)
            .saturating_add(RING_SLACK);
        let epoch = match self.reserve(taken, longest).await {
            Ok(epoch) => epoch,
            Err(outcome) => return Ok(outcome),
        };
        let now = Desk::now();
        if !calls::ask_for(&self.desk.store, now, taken, now.plus(longest)).await? {
            self.give_back(taken).await;
            return Ok(Outcome::Over);
        }
        let addresses = self.desk.addresses(taken.business);
        let (voice, fallback, status) = (
            addresses.voice_of(&taken.asked_as),
            addresses.fallback_of(&taken.asked_as),
            addresses.status_of(&taken.asked_as),
        );
        let wanted = Wanted {
            from: &taken.from,
            to: &taken.to,
            voice: &voice,
            fallback: &fallback,
            status: &status,
            ring: taken.ring,
            longest: self.desk.longest,
        };
        match provider.place(wanted).await {
            Ok(placed) => self.has(provider, taken, epoch, &placed).await,
            Err(error) => Ok(self.refused(taken, &error).await),
        }
    }

    /// Whether the account may begin a call now, after some waiting.
    async fn has_pace(&self) -> bool {
        let key = format!("calls:{}", self.desk.account);
        let mut waited = Duration::ZERO;
        while !self.rates.take(&key, self.rate).await.passes {
            if waited >= PACE_MAX {
                return false;
            }
            let wait = Duration::from_millis(rand::rng().random_range(100..300));
            tokio::time::sleep(wait).await;
            waited = waited.saturating_add(wait);
        }
        true
    }

    /// A slot for a call that has no id yet; its epoch.
    async fn reserve(&self, taken: &Taken, lasts: Duration) -> Result<u64, Outcome> {
        let (id, keeper) = (taken.asked_as.as_str(), &self.desk.keeper);
        let ask = keeper.ask(id, taken.business, Mode::New, phase::PLACE);
        let mut admission = self.desk.slots.acquire(ask).await;
        // Kept by whoever tried before.
        if matches!(admission, Ok(Admission::Held { .. })) {
            let ask = Ask {
                mode: Mode::Take,
                ..ask
            };
            admission = self.desk.slots.acquire(ask).await;
        }
        let no_line = |reason| Outcome::Later(reason, NO_LINE);
        let epoch = match admission {
            Ok(Admission::New { epoch, .. } | Admission::Held { epoch, .. }) => epoch,
            Ok(Admission::Full) => return Err(no_line(CallReason::AtCapacity)),
            Ok(Admission::FullOfBusiness) => return Err(no_line(CallReason::BusinessLimit)),
            Ok(Admission::Warming { .. }) => return Err(no_line(CallReason::Warming)),
            Ok(Admission::Ended) => return Err(Outcome::Over),
            Err(_away) => return Err(no_line(CallReason::StoreUnavailable)),
        };
        keeper.hold(id, (taken.business, epoch), phase::PLACE, lasts);
        Ok(epoch)
    }

    /// The provider has it, and said under which id.
    async fn has(
        &self,
        provider: &Provider,
        taken: &Taken,
        epoch: u64,
        placed: &Placed,
    ) -> store::Result<Outcome> {
        let desk = &self.desk;
        let (business, asked_as) = (taken.business, &taken.asked_as);
        let Ok(sid) = placed.sid.parse::<CallSid>() else {
            return Ok(Outcome::Unsure);
        };
        let now = Desk::now();
        let confirmed =
            calls::confirm_call(&desk.store, now, business, asked_as.clone(), sid.clone()).await?;
        if confirmed == Confirmed::Over {
            let call = calls::get(&desk.store, business, asked_as).await?;
            // It was given up meanwhile; a callback that ended it knows its id.
            if call.is_some_and(|call| call.call_sid != sid) {
                provider.hang_up(sid.as_str()).await.ok();
            }
        }
        let renamed = desk
            .slots
            .rename(asked_as.as_str(), sid.as_str(), business)
            .await;
        desk.keeper.let_go(asked_as.as_str());
        if let Ok(Renaming::Renamed | Renaming::Done) = renamed {
            let lasts = placed.waits().saturating_add(taken.ring);
            let lasts = lasts.saturating_add(RING_SLACK);
            let whose = (business, epoch);
            desk.keeper.hold(sid.as_str(), whose, phase::DIAL, lasts);
        }
        Ok(Outcome::Placed)
    }

    /// What an error of the provider says of the call. While one waits that is tried again, others may have its line.
    async fn refused(&self, taken: &Taken, error: &ProviderError) -> Outcome {
        let outcome = outcome_of(error);
        tracing::warn!(%error, outcome = outcome.name(), "a call that was asked for was not placed");
        if let Outcome::Later(..) = outcome {
            self.give_back(taken).await;
        }
        outcome
    }

    /// Others may have its line, unless somebody else has the request in hand by now.
    async fn give_back(&self, taken: &Taken) {
        let (id, keeper) = (taken.asked_as.as_str(), &self.desk.keeper);
        keeper.let_go(id);
        let replica = keeper.replica();
        let given_back = self.desk.slots.vacate(id, taken.business, replica);
        if let Err(away) = given_back.await {
            tracing::warn!(error = %away, "the slot of a call that waits runs out by itself");
        }
    }
}

/// Codes are of Twilio's list of errors.
fn outcome_of(error: &ProviderError) -> Outcome {
    match error {
        ProviderError::Resting | ProviderError::Unreachable(_) => {
            Outcome::Later(CallReason::ProviderAway, AWAY)
        }
        ProviderError::Busy { after } => Outcome::Later(CallReason::ProviderAway, *after),
        ProviderError::Denied => Outcome::Later(CallReason::ProviderAccount, DENIED),
        ProviderError::Silent(_) | ProviderError::Refused { status: 500.., .. } => Outcome::Unsure,
        ProviderError::Unknown => Outcome::Never(CallReason::ProviderAccount),
        ProviderError::Refused { code, .. } => Outcome::Never(match code {
            21_201 | 21_211 | 21_214 | 21_217 => CallReason::InvalidNumber,
            21_210 | 21_212 => CallReason::CallerNotAllowed,
            21_215 | 21_216 => CallReason::CountryBlocked,
            21_205 | 21_609 => CallReason::ProviderAccount,
            _ => CallReason::ProviderRefused,
        }),
    }
}

fn failed(reason: CallReason) -> Ending {
    Ending {
        state: CallState::Failed,
        duration_s: None,
        reason: Some(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_was_not_placed_is_tried_again() {
        let refused = |code, status| outcome_of(&ProviderError::Refused { code, status });
        let later = |outcome| matches!(outcome, Outcome::Later(..));
        assert!(later(outcome_of(&ProviderError::Resting)));
        assert!(later(outcome_of(&ProviderError::Denied)));
        assert!(later(outcome_of(
            &ProviderError::Unreachable(String::new())
        )));
        let after = Duration::from_secs(3);
        assert!(later(outcome_of(&ProviderError::Busy { after })));
        for unsure in [
            refused(0, 500),
            refused(0, 503),
            refused(20_500, 504),
            outcome_of(&ProviderError::Silent(String::new())),
        ] {
            assert_eq!(unsure, Outcome::Unsure);
        }
    }

    #[test]
    fn a_refusal_has_the_reason_of_its_code() {
        for (code, reason) in [
            (21_211, CallReason::InvalidNumber),
            (21_212, CallReason::CallerNotAllowed),
            (21_215, CallReason::CountryBlocked),
            (21_205, CallReason::ProviderAccount),
            (99_999, CallReason::ProviderRefused),
        ] {
            let refused = outcome_of(&ProviderError::Refused { code, status: 400 });
            assert_eq!(refused, Outcome::Never(reason));
        }
    }
}
