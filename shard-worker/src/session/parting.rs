//! The ways in which a session ends for good: unlinked, or deleted.

use store::sessions;
use switchyard_core::Timestamp;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::SessionState;
use tokio::time::Instant;

use super::{AGAIN_FIRST, LOG_OUT, Next, Purpose, Supervisor, at};
use crate::berth::{Holding, Order};
use crate::ending::Ending;
use crate::pace::Backoff;

/// What became of the device at WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unlinked {
    /// It is not linked any more.
    Yes,
    /// WhatsApp did not say so: the phone may still list it.
    Unconfirmed,
    /// The process stops: the next one unlinks it.
    Later,
}

impl Supervisor {
    pub(super) async fn log_out(
        &mut self,
        order: &Order,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        if self.standing.state == SessionState::LoggedOut {
            return Ok(Next::Wait(None));
        }
        let reason = match self.unlink(order, holding).await? {
            Unlinked::Yes => SessionReason::ByUser,
            Unlinked::Unconfirmed => SessionReason::UnlinkUnconfirmed,
            Unlinked::Later => {
                self.stopped(holding).await?;
                return Ok(Next::Gone);
            }
        };
        self.forget_the_link(holding, reason).await?;
        Ok(Next::Wait(None))
    }

    pub(super) async fn delete(
        &mut self,
        order: &Order,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        match self.unlink(order, holding).await? {
            Unlinked::Yes => {}
            Unlinked::Unconfirmed => {
                tracing::warn!("a session is deleted whose device the phone may still list");
            }
            Unlinked::Later => {
                self.stopped(holding).await?;
                return Ok(Next::Gone);
            }
        }
        self.write(holding, |store, held| async move {
            sessions::delete(&store, Timestamp::now(), &held).await
        })
        .await?;
        Ok(Next::Gone)
    }

    /// Unlinks the device at WhatsApp: dials until that worked, its time is over, or a dial cannot help. Only then may
    /// the keys go, for nobody unlinks a device without them.
    async fn unlink(&mut self, order: &Order, holding: &Holding) -> Result<Unlinked, Ending> {
        if !self.paired {
            return Ok(Unlinked::Yes);
        }
        let deadline = Instant::now().checked_add(LOG_OUT);
        let mut pauses = Backoff::new(AGAIN_FIRST, LOG_OUT);
        loop {
            self.attempt.must_end_at(deadline);
            let ending = self.connect(order, holding, Purpose::LogOut).await;
            if let Some(unlinked) = unlinked(&ending)? {
                return Ok(unlinked);
            }
            let again = Instant::now().checked_add(pauses.next());
            if again >= deadline {
                return Ok(Unlinked::Unconfirmed);
            }
            tokio::select! {
                () = self.world.soft.cancelled() => return Ok(Unlinked::Later),
                () = at(again) => {}
            }
        }
    }

    /// The link is over: keys and ratchets are wiped, chats and messages stay.
    pub(super) async fn forget_the_link(
        &mut self,
        holding: &Holding,
        reason: SessionReason,
    ) -> Result<(), Ending> {
        self.write(holding, |store, held| async move {
            sessions::unpaired(&store, Timestamp::now(), &held, Some(reason)).await
        })
        .await?;
        self.paired = false;
        let state = match reason {
            SessionReason::ByUser => SessionState::LoggedOut,
            other => other.state(),
        };
        self.enter(holding, state, Some(reason), None).await
    }
}

/// What the end of a connection that was to unlink the device says of it; nothing if another dial may help.
fn unlinked(ending: &Ending) -> Result<Option<Unlinked>, Ending> {
    use SessionReason as Why;
    match ending {
        Ending::Lost => Err(Ending::Lost),
        Ending::Stopped => Ok(Some(Unlinked::Later)),
        Ending::Ordered
        | Ending::Because(
            Why::UnlinkedOnPhone | Why::UnlinkedWhileAway | Why::LinkInvalid | Why::DifferentNumber
            | Why::NumberAlreadyLinked,
        ) => Ok(Some(Unlinked::Yes)),
        Ending::Because(
            Why::AccountLocked
            | Why::AccountBanned
            | Why::ClientOutdated
            | Why::RefusedByWhatsapp
            | Why::VaultUnreadable
            // The time is over.
            | Why::LinkExpired,
        )
        | Ending::Banned(_) => Ok(Some(Unlinked::Unconfirmed)),
        Ending::Because(_) | Ending::Again => Ok(None),
    }
}
