//! While WhatsApp restricts new chats: until when, and back to normal.

use std::time::Duration;

use switchyard_core::Timestamp;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::SessionState;
use tokio::time::{Instant, timeout};

use super::Supervisor;
use super::follow::Followed;
use crate::ending::Ending;

/// How long new chats are held when WhatsApp does not say until when it restricts them.
const RESTRICTED: Duration = Duration::from_hours(24);
/// How long asking WhatsApp for the end of a restriction may take.
const ASK: Duration = Duration::from_secs(5);

impl Supervisor {
    pub(super) async fn restrict(&mut self, followed: &Followed<'_>) -> Result<(), Ending> {
        let asking = async {
            followed
                .connection
                .client
                .mex()
                .fetch_reachout_timelock()
                .await
        };
        let told = match timeout(ASK, asking).await {
            Ok(Ok(lock)) => lock.time_enforcement_ends,
            Ok(Err(_)) | Err(_) => None,
        };
        // Seconds since the epoch, as a text.
        let told = told.and_then(|at| at.parse::<i64>().ok());
        let until = told
            .map(|seconds| Timestamp(seconds.saturating_mul(1_000)))
            .filter(|until| *until > Timestamp::now())
            .unwrap_or_else(|| Timestamp::now().plus(RESTRICTED));
        self.restricted_until = Some(until);
        let reason = Some(SessionReason::NewChatsRestricted);
        self.enter(
            followed.holding,
            SessionState::Restricted,
            reason,
            Some(until),
        )
        .await
    }

    pub(super) async fn unrestrict(&mut self, followed: &Followed<'_>) -> Result<(), Ending> {
        self.restricted_until = None;
        if let Some(live) = &followed.live {
            live.unrestrict();
        }
        self.enter(followed.holding, SessionState::Connected, None, None)
            .await
    }

    pub(super) fn restriction_ends(&self, followed: &Followed<'_>) -> Option<Instant> {
        followed.live.as_ref()?;
        let left = self.restricted_until?.since(Timestamp::now());
        Instant::now().checked_add(left)
    }
}
