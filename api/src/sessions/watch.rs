//! Waits until the link attempt of a session looks different: woken by hints, looking four times a second without.

use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Hint;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{BusinessId, SessionId, Timestamp};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use crate::api::State;
use crate::problem::Problem;

/// How often to look when no hint comes.
const LOOK: Duration = Duration::from_millis(250);

/// A session as its link sheet shows it.
pub(super) struct Seen {
    pub(super) state: SessionState,
    wanted: Wanted,
    pub(super) reason: Option<SessionReason>,
    pub(super) qr: Option<SecretString>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) codes_left: Option<u32>,
}

/// What to scan right now.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkState {
    /// The session's state; `awaiting_scan` while there is a code.
    state: SessionState,
    /// Why it is in that state.
    reason: Option<SessionReason>,
    /// The text of the QR code; `null` when there is none.
    qr: Option<String>,
    /// When the code ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Codes that follow this one.
    codes_left: Option<u32>,
}

impl Seen {
    /// Changes with whatever is shown. A hash, so that the code is in no log of a proxy.
    pub(super) fn tag(&self) -> String {
        let shown = (
            self.state.name(),
            self.reason.map(SessionReason::code),
            self.expires_at,
        );
        let mut hash = Sha256::new_with_prefix(format!("{shown:?}"));
        hash.update(self.qr.as_ref().map_or("", |qr| qr.expose_secret()));
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    /// Whether a code, or an end, is about to come.
    fn is_underway(&self) -> bool {
        let on_its_way = matches!(
            self.state,
            SessionState::Created | SessionState::Connecting | SessionState::AwaitingScan
        );
        self.wanted.is_connected() && on_its_way && self.qr.is_none()
    }

    pub(super) fn shown(&self) -> LinkState {
        LinkState {
            state: self.state,
            reason: self.reason,
            qr: self.qr.as_ref().map(|qr| qr.expose_secret().to_owned()),
            expires_at: self.expires_at,
            codes_left: self.codes_left,
        }
    }
}

/// How it stands now.
async fn look(state: &State, business: BusinessId, id: SessionId) -> Result<Seen, Problem> {
    let session = store::sessions::get(&state.store, business, id).await?;
    let session = session.ok_or_else(Problem::not_found)?;
    let attempt = store::links::get(&state.keys, business, id).await?;
    let attempt = attempt.filter(|_| session.state == SessionState::AwaitingScan);
    Ok(Seen {
        state: session.state,
        wanted: session.wanted,
        reason: session.reason,
        expires_at: attempt.as_ref().map(|it| it.expires_at),
        codes_left: attempt.as_ref().map(|it| it.codes_left),
        qr: attempt.map(|it| it.payload),
    })
}

/// How it stands, as soon as that differs from what the client has seen, or when the wait is over. A client that has
/// seen nothing waits for a code or for an end.
pub(super) async fn changed(
    state: &State,
    business: BusinessId,
    id: SessionId,
    after: Option<&str>,
    wait: Duration,
) -> Result<Seen, Problem> {
    let end = Instant::now() + wait;
    let mut hints = state.store.hints().subscribe();
    loop {
        let seen = look(state, business, id).await?;
        let unchanged = after.map_or_else(|| seen.is_underway(), |tag| tag == seen.tag());
        if !unchanged || Instant::now() >= end || state.stop.is_cancelled() {
            return Ok(seen);
        }
        let next_look = end.min(Instant::now() + LOOK);
        tokio::select! {
            () = state.stop.cancelled() => {}
            _ = timeout_at(next_look, hinted(&mut hints, id)) => {}
        }
    }
}

/// Ends when this session is hinted at, or any hint was missed.
async fn hinted(hints: &mut Receiver<Hint>, id: SessionId) {
    loop {
        match hints.recv().await {
            Ok(Hint::Session(hinted)) if hinted == id => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
