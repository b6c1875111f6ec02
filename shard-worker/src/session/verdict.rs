//! What follows from the end of a connection: the state that is shown, and whether and when to dial again.

use std::time::Duration;

use switchyard_core::Timestamp;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::SessionState;
use tokio::time::Instant;

use super::{Next, Supervisor};
use crate::berth::Holding;
use crate::ending::Ending;
use crate::pace::jittered;

/// So often within [`REPLACED_WINDOW`] the connection is taken back by itself; then a person must look.
const REPLACED_TIMES: usize = 3;
/// See [`REPLACED_TIMES`].
const REPLACED_WINDOW: Duration = Duration::from_hours(1);
/// How long a block lasts when WhatsApp does not say.
const BANNED: Duration = Duration::from_hours(24);
/// When a client that is too old asks again whether it still is.
const OUTDATED_PAUSE: Duration = Duration::from_hours(1);

impl Supervisor {
    /// Judges the end of a connection that was wanted since `wanted_at`. The error is that the session is lost.
    pub(super) async fn judge(
        &mut self,
        ending: Ending,
        wanted_at: Timestamp,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        let name = match &ending {
            Ending::Because(reason) => reason.code(),
            Ending::Banned(_) => SessionReason::TemporaryBan.code(),
            Ending::Again => "again",
            Ending::Ordered => "ordered",
            Ending::Stopped => "stopped",
            Ending::Lost => "lost",
        };
        self.world.metrics.endings.with_label_values(&[name]).inc();
        match ending {
            Ending::Lost => Err(Ending::Lost),
            Ending::Ordered => {
                let wanted = self.orders.borrow().wanted;
                if wanted.is_connected() && self.standing.state.can_send() {
                    // What was live is dialled anew.
                    self.enter(holding, SessionState::Connecting, None, None)
                        .await?;
                }
                Ok(Next::Now)
            }
            Ending::Stopped => {
                self.stopped(holding).await?;
                Ok(Next::Gone)
            }
            Ending::Again => {
                let pause = self.backoff.next();
                self.again_after(pause);
                Ok(Next::Now)
            }
            Ending::Banned(span) => {
                let end = Timestamp::now().plus(span.unwrap_or(BANNED));
                self.banned_until = Some(end);
                let pause = self.backoff.next();
                self.again_after(pause);
                self.sit_out(end, holding).await
            }
            Ending::Because(reason) => self.because(reason, wanted_at, holding).await,
        }
    }

    /// Waits for the end of a block. A new wish does not end it: each dial during it counts against the account.
    pub(super) async fn sit_out(
        &mut self,
        end: Timestamp,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        let reason = SessionReason::TemporaryBan;
        self.enter(holding, reason.state(), Some(reason), Some(end))
            .await?;
        let left = end.since(Timestamp::now());
        Ok(Next::Wait(Instant::now().checked_add(left)))
    }

    async fn because(
        &mut self,
        reason: SessionReason,
        wanted_at: Timestamp,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        use SessionReason as Why;
        match reason {
            Why::UnlinkedOnPhone
            | Why::UnlinkedWhileAway
            | Why::LinkInvalid
            | Why::DifferentNumber
            | Why::NumberAlreadyLinked => self.forget_the_link(holding, reason).await?,
            _ => {
                if matches!(reason, Why::LinkExpired | Why::PasskeyRequired) {
                    self.end_the_link_attempt(holding).await?;
                }
                self.enter(holding, reason.state(), Some(reason), None)
                    .await?;
            }
        }
        match self.pause_after(reason) {
            Some(pause) => self.again_after(pause),
            None => self.settled_for = Some(wanted_at),
        }
        Ok(Next::Now)
    }

    /// How long to wait before the next dial; none when only a new wish brings one.
    fn pause_after(&mut self, reason: SessionReason) -> Option<Duration> {
        match reason {
            SessionReason::Network | SessionReason::ProtocolError => Some(self.backoff.next()),
            SessionReason::RateLimited => Some(self.slower.next()),
            SessionReason::OpenedElsewhere => self.take_back(),
            SessionReason::StorageFull => Some(jittered(self.world.patience.full_disk)),
            SessionReason::ClientOutdated => Some(jittered(OUTDATED_PAUSE)),
            _ => None,
        }
    }

    /// The process stops: a session that was live is shown as on its way.
    pub(super) async fn stopped(&mut self, holding: &Holding) -> Result<(), Ending> {
        let live = matches!(
            self.standing.state,
            SessionState::Connected | SessionState::Syncing | SessionState::AwaitingScan
        );
        if live {
            self.end_the_link_attempt(holding).await?;
            self.enter(holding, SessionState::Connecting, None, None)
                .await?;
        }
        Ok(())
    }

    /// The pause before the connection is taken back; none when that was done too often.
    fn take_back(&mut self) -> Option<Duration> {
        let now = Instant::now();
        while self
            .replaced
            .front()
            .is_some_and(|at| now.duration_since(*at) > REPLACED_WINDOW)
        {
            self.replaced.pop_front();
        }
        if self.replaced.len() >= REPLACED_TIMES {
            return None;
        }
        self.replaced.push_back(now);
        Some(jittered(self.world.patience.taken_over))
    }

    fn again_after(&mut self, pause: Duration) {
        self.not_before = Instant::now().checked_add(pause);
    }
}
