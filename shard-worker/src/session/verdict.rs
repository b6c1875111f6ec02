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

/// The pause after another program took the connection over.
const REPLACED_PAUSE: Duration = Duration::from_secs(60);
/// So often within [`REPLACED_WINDOW`] the connection is taken back by itself; then a person must look.
const REPLACED_TIMES: usize = 3;
/// See [`REPLACED_TIMES`].
const REPLACED_WINDOW: Duration = Duration::from_secs(3_600);
/// How long a block lasts when WhatsApp does not say.
const BANNED: Duration = Duration::from_secs(24 * 3_600);
/// When a client that is too old asks again whether it still is.
const OUTDATED_PAUSE: Duration = Duration::from_secs(3_600);
/// When a full disk is tried again.
const FULL_PAUSE: Duration = Duration::from_secs(15);

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
            Ending::Ordered => Ok(Next::Now),
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
                let span = span.unwrap_or(BANNED);
                let until = Timestamp::now().plus(span);
                let reason = SessionReason::TemporaryBan;
                self.enter(holding, reason.state(), Some(reason), Some(until))
                    .await?;
                self.again_after(span);
                Ok(Next::Now)
            }
            Ending::Because(reason) => self.because(reason, wanted_at, holding).await,
        }
    }

    async fn because(
        &mut self,
        reason: SessionReason,
        wanted_at: Timestamp,
        holding: &Holding,
    ) -> Result<Next, Ending> {
        use SessionReason as Why;
        match reason {
            Why::Network => {
                let now = Instant::now();
                self.down_since.get_or_insert(now);
                // A session that was live is shown as lost only after a while.
                if !self.standing.state.can_send() {
                    self.enter(holding, reason.state(), Some(reason), None)
                        .await?;
                }
                let pause = self.backoff.next();
                self.again_after(pause);
            }
            Why::ProtocolError => {
                self.enter(holding, reason.state(), Some(reason), None)
                    .await?;
                let pause = self.backoff.next();
                self.again_after(pause);
            }
            Why::RateLimited => {
                self.enter(holding, reason.state(), Some(reason), None)
                    .await?;
                let pause = self.slower.next();
                self.again_after(pause);
            }
            Why::OpenedElsewhere => {
                self.enter(holding, reason.state(), Some(reason), None)
                    .await?;
                match self.take_back() {
                    Some(pause) => self.again_after(pause),
                    None => self.settled_for = Some(wanted_at),
                }
            }
            Why::StorageFull | Why::ClientOutdated => {
                self.enter(holding, reason.state(), Some(reason), None)
                    .await?;
                let full = reason == Why::StorageFull;
                self.again_after(jittered(if full { FULL_PAUSE } else { OUTDATED_PAUSE }));
            }
            Why::UnlinkedOnPhone
            | Why::UnlinkedWhileAway
            | Why::LinkInvalid
            | Why::DifferentNumber => {
                self.forget_the_link(holding, reason).await?;
                self.settled_for = Some(wanted_at);
            }
            Why::LinkExpired | Why::PasskeyRequired => {
                self.end_the_link_attempt(holding).await?;
                self.enter(holding, reason.state(), Some(reason), None)
                    .await?;
                self.settled_for = Some(wanted_at);
            }
            Why::AccountLocked
            | Why::AccountBanned
            | Why::RefusedByWhatsapp
            | Why::VaultUnreadable
            | Why::TemporaryBan
            | Why::NewChatsRestricted
            | Why::ByUser => {
                self.enter(holding, reason.state(), Some(reason), None)
                    .await?;
                self.settled_for = Some(wanted_at);
            }
        }
        Ok(Next::Now)
    }

    /// The process stops: a session that was live is shown as on its way.
    async fn stopped(&mut self, holding: &Holding) -> Result<(), Ending> {
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
        Some(jittered(REPLACED_PAUSE))
    }

    fn again_after(&mut self, pause: Duration) {
        self.not_before = Instant::now().checked_add(pause);
    }
}
