//! Letting go of a session that another shard is to have.

use std::time::Duration;

use store::leases;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};

use super::{Next, Supervisor};
use crate::berth::Holding;
use crate::ending::Ending;

/// How long acknowledgements of what is on its way may take.
const LANDING: Duration = Duration::from_secs(1);

impl Supervisor {
    /// A live connection is to end for the sake of another shard: it is shown as moving, takes nothing new, and what
    /// is on its way may land.
    pub(super) async fn wind_down(
        &mut self,
        wanted: Wanted,
        holding: &Holding,
    ) -> Result<(), Ending> {
        let live = self.berth.withdraw();
        self.say_moving(wanted, holding).await?;
        if let Some(live) = live {
            live.land(LANDING).await;
            live.end();
        }
        Ok(())
    }

    /// Lets go of the session, whose connection has ended. Nobody but the shard that is to have it can take it then.
    pub(super) async fn hand_over(&mut self, wanted: Wanted, holding: &Holding) -> Next {
        let let_go = async {
            self.say_moving(wanted, holding).await?;
            let incarnation = holding.lease.incarnation();
            self.write(holding, |store, held| async move {
                leases::release(&store, incarnation, held.session).await
            })
            .await
        };
        match let_go.await {
            Ok(()) => {
                self.world.metrics.handed_over.inc();
                Next::Gone
            }
            Err(_lost) => {
                self.berth.lose(holding.held.epoch);
                Next::Wait(None)
            }
        }
    }

    /// A session that is up, or on its way there, is shown as moving until the next shard has it connected.
    async fn say_moving(&mut self, wanted: Wanted, holding: &Holding) -> Result<(), Ending> {
        let is_up = matches!(
            self.standing.state,
            SessionState::Connecting
                | SessionState::AwaitingScan
                | SessionState::AwaitingPasskey
                | SessionState::Syncing
                | SessionState::Connected
        ) || self.standing.reason == Some(SessionReason::NewChatsRestricted);
        if !is_up || !wanted.is_connected() {
            return Ok(());
        }
        if self.standing.state == SessionState::AwaitingScan {
            self.end_the_link_attempt(holding).await?;
        }
        self.enter(holding, SessionState::Moving, None, None).await
    }
}
