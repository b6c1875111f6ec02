//! Tells the provider of the calls that somebody of their business wants ended, again and again until they are over.

use std::time::Duration;

use actix_web::web::Data;
use futures_util::StreamExt as _;
use futures_util::stream;
use store::calls::{self, Ending, Hangup};
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::provider::{Listed, Provider, ProviderError};
use crate::webhooks;

/// How often it is looked for them.
const TICK: Duration = Duration::from_millis(500);
/// Calls that are taken in hand, and told of, at a time. Told of twice a call ends once.
const AT_ONCE: u32 = 8;

/// Looks for calls to end.
#[derive(Debug)]
pub(crate) struct Hangups {
    desk: Data<Desk>,
}

impl Hangups {
    pub(crate) fn new(desk: Data<Desk>) -> Self {
        Self { desk }
    }

    /// Looks until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = stop.cancelled() => return,
            }
            // Without a provider they wait for a process that has one.
            if let Some(provider) = &self.desk.provider
                && !(provider.rests() || provider.is_denied())
            {
                // What is told twice is harmless, and a provider that is silent is not waited for by who leaves.
                tokio::select! {
                    () = self.look(provider) => {}
                    () = stop.cancelled() => return,
                }
            }
        }
    }

    async fn look(&self, provider: &Provider) {
        let taken = calls::take_hangups(&self.desk.store, Desk::now(), AT_ONCE).await;
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "which calls are to end cannot be read");
                return;
            }
        };
        let told = stream::iter(&taken).for_each_concurrent(None, |hangup| async {
            // What the provider may have and has not named cannot be named to it.
            if !hangup.sid.is_reserved() {
                self.tell(provider, hangup).await;
            }
        });
        told.await;
    }

    async fn tell(&self, provider: &Provider, hangup: &Hangup) {
        let id = hangup.sid.as_str();
        let answer = match provider.hang_up(id).await {
            // What is over cannot be ended: then its state says so.
            Err(ProviderError::Refused { status: ..500, .. }) => provider.get(id).await,
            answer => answer,
        };
        let (outcome, noted) = match answer {
            Ok(listed) => ("told", self.note(hangup, &listed).await),
            Err(ProviderError::Unknown) => {
                let lost = webhooks::lost(&self.desk, hangup.business, &hangup.sid);
                ("unknown", lost.await)
            }
            Err(error) => {
                tracing::warn!(%error, "the provider could not be told to end a call");
                ("failed", Ok(()))
            }
        };
        self.desk.metrics.hangup(outcome);
        if let Err(error) = noted {
            tracing::warn!(%error, "the end of a call is not written down yet");
        }
    }

    /// Mostly a callback tells the end; one that is known from the answer is not waited for.
    async fn note(&self, hangup: &Hangup, listed: &Listed) -> store::Result<()> {
        let Some(state) = listed.state().filter(|state| state.is_over()) else {
            return Ok(());
        };
        let ending = Ending {
            state,
            duration_s: listed.duration_s(),
            reason: None,
        };
        webhooks::end(&self.desk, hangup.business, &hangup.sid, ending).await
    }
}
