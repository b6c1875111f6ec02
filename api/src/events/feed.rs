//! One live stream: reads on from its cursor whenever a hint comes, and once a second without.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::stream::{Stream, unfold};
use store::{Error, Hint};
use switchyard_core::object::EventObject;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use super::slots::Slot;
use crate::api::State;
use crate::caller::Caller;

/// How often to look when no hint comes.
const LOOK: Duration = Duration::from_secs(1);
/// Proxies close what is silent for longer.
const COMMENT: Duration = Duration::from_secs(15);
/// Events of one write.
const BATCH: u32 = 100;

pub(super) struct Feed {
    state: Arc<State>,
    caller: Caller,
    after: i64,
    hints: Receiver<Hint>,
    commented_at: Instant,
    greeted: bool,
    _slot: Slot,
}

impl Feed {
    pub(super) fn new(state: Arc<State>, caller: Caller, after: i64, slot: Slot) -> Self {
        let hints = state.store.hints().subscribe();
        Self {
            state,
            caller,
            after,
            hints,
            commented_at: Instant::now(),
            greeted: false,
            _slot: slot,
        }
    }

    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        unfold(self, |mut feed| async move {
            let bytes = feed.next().await?;
            Some((Ok(bytes), feed))
        })
    }

    /// The next bytes to send; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            // Opens the stream in the browser, and says how soon to come again, in milliseconds.
            self.greeted = true;
            return Some(Bytes::from_static(b"retry: 1000\n: open\n\n"));
        }
        loop {
            if self.state.stop.is_cancelled() || !self.is_allowed().await {
                return None;
            }
            let found =
                store::events::after(&self.state.store, self.caller.business, self.after, BATCH);
            match found.await {
                Ok(page) if !page.events.is_empty() => {
                    self.after = page.next;
                    self.commented_at = Instant::now();
                    return Some(written(&page.events));
                }
                Ok(_) => {}
                Err(Error::CursorExpired) => return self.reset().await,
                // Away for the moment: the client keeps its cursor and comes again.
                Err(error) => {
                    tracing::warn!(%error, "a live stream ends");
                    return None;
                }
            }
            if self.commented_at.elapsed() >= COMMENT {
                self.commented_at = Instant::now();
                return Some(Bytes::from_static(b": here\n\n"));
            }
            self.wait().await;
        }
    }

    /// The credential may have ended or been revoked since.
    async fn is_allowed(&self) -> bool {
        let checked = self.state.credentials.still_good(&self.state, &self.caller);
        checked.await.unwrap_or(false)
    }

    /// The cursor is too old: the client must load anew, and goes on from now.
    async fn reset(&mut self) -> Option<Bytes> {
        let head = store::events::head(&self.state.store, self.caller.business);
        self.after = head.await.ok()?;
        Some(Bytes::from(format!(
            "event: reset\nid: {}\ndata: {{}}\n\n",
            self.after
        )))
    }

    async fn wait(&mut self) {
        let next_look = Instant::now() + LOOK;
        let stop = self.state.stop.clone();
        let business = self.caller.business;
        let hinted = async {
            loop {
                match self.hints.recv().await {
                    Ok(Hint::Events(hinted)) if hinted == business => return,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = timeout_at(next_look, hinted) => {}
        }
    }
}

/// Server-sent events: `id` is the cursor, `data` one line of JSON.
fn written(events: &[EventObject]) -> Bytes {
    let mut text = String::new();
    for event in events {
        if let Ok(data) = serde_json::to_string(event)
            && write!(text, "id: {}\ndata: {data}\n\n", event.seq).is_err()
        {
            break;
        }
    }
    Bytes::from(text)
}
