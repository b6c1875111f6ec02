//! While WhatsApp restricts new chats: until when, and back to normal.

use std::sync::Arc;
use std::time::Duration;

use switchyard_core::Timestamp;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::SessionState;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use whatsapp_rust::client::Client;

use super::Supervisor;
use super::follow::Followed;
use crate::ear::Sign;
use crate::ending::Ending;

/// How long new chats are held when WhatsApp does not say until when it restricts them.
const RESTRICTED: Duration = Duration::from_hours(24);
/// How long asking WhatsApp for the end of a restriction may take.
const ASK: Duration = Duration::from_secs(5);

impl Supervisor {
    /// WhatsApp refused a new chat: that is written down at once, and WhatsApp is asked until when.
    pub(super) async fn restrict(&mut self, followed: &Followed<'_>) -> Result<(), Ending> {
        let until = Timestamp::now().plus(RESTRICTED);
        self.restrict_until(followed, until).await?;
        let connection = &followed.connection;
        let (client, signs) = (Arc::clone(&connection.client), connection.sign.clone());
        connection.spawn(ask(client, signs));
        Ok(())
    }

    /// New chats are restricted until then.
    pub(super) async fn restrict_until(
        &mut self,
        followed: &Followed<'_>,
        until: Timestamp,
    ) -> Result<(), Ending> {
        self.restricted_until = Some(until);
        let reason = Some(SessionReason::NewChatsRestricted);
        let state = SessionState::Restricted;
        self.enter(followed.holding, state, reason, Some(until))
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

/// Asks WhatsApp for the end of the restriction; what it does not say is not told.
async fn ask(client: Arc<Client>, signs: mpsc::Sender<Sign>) {
    let Ok(Ok(lock)) = timeout(ASK, client.mex().fetch_reachout_timelock()).await else {
        return;
    };
    // Seconds since the epoch, as a text.
    let told = lock.time_enforcement_ends;
    let told = told.and_then(|at| at.parse::<i64>().ok());
    let until = told.map(|seconds| Timestamp::told(seconds.saturating_mul(1_000)));
    if let Some(until) = until.filter(|until| *until > Timestamp::now()) {
        Sign::RestrictedUntil(until).tell(&signs);
    }
}
