//! The ways in which a session ends for good: unlinked, or deleted.

use store::sessions;
use switchyard_core::Timestamp;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::SessionState;
use tokio::time::Instant;

use super::{LOG_OUT, Next, Purpose, Supervisor};
use crate::berth::{Holding, Order};
use crate::ending::Ending;

impl Supervisor {
    pub(super) async fn log_out(
        &mut self,
        order: &Order,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        if self.standing.state == SessionState::LoggedOut {
            return Ok(Next::Wait(None));
        }
        self.unlink(order, holding).await?;
        self.forget_the_link(holding, SessionReason::ByUser).await?;
        Ok(Next::Wait(None))
    }

    pub(super) async fn delete(
        &mut self,
        order: &Order,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        self.unlink(order, holding).await?;
        self.write(holding, |store, held| async move {
            sessions::delete(&store, Timestamp::now(), &held).await
        })
        .await?;
        Ok(Next::Gone)
    }

    /// Unlinks the device at WhatsApp as far as that is possible; it has to be connected for that.
    async fn unlink(&mut self, order: &Order, holding: &Holding) -> Result<(), Ending> {
        if !self.paired {
            return Ok(());
        }
        let deadline = Instant::now().checked_add(LOG_OUT);
        self.attempt.must_end_at(deadline);
        match self.connect(order, holding, Purpose::LogOut).await {
            Ending::Lost => Err(Ending::Lost),
            _ => Ok(()),
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
        self.restricted_until = None;
        let state = match reason {
            SessionReason::ByUser => SessionState::LoggedOut,
            other => other.state(),
        };
        self.enter(holding, state, Some(reason), None).await
    }
}
