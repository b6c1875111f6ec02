//! The messages of a chat that one drain has read and not sent yet.

use std::collections::VecDeque;
use std::sync::Arc;

use store::messages::{self, Outgoing};
use switchyard_core::{ChatId, MessageId};

use crate::live::Live;

/// What waits in a chat, as far as it was read, in order.
#[derive(Debug)]
pub(super) struct Page {
    chat: ChatId,
    waiting: VecDeque<Outgoing>,
    is_last: bool,
}

impl Page {
    /// Nothing is read yet.
    pub(super) fn of(chat: ChatId) -> Self {
        Self {
            chat,
            waiting: VecDeque::new(),
            is_last: false,
        }
    }

    /// The message that goes next; at most `max` are read at a time. Whatever is accepted after the last page was
    /// read has a job of its own.
    pub(super) async fn next(
        &mut self,
        live: &Arc<Live>,
        max: u32,
    ) -> store::Result<Option<Outgoing>> {
        if self.waiting.is_empty() && !self.is_last {
            let read = messages::queued(&live.store, &live.held, self.chat, max).await?;
            self.is_last = read.len() < usize::try_from(max).unwrap_or(usize::MAX);
            self.waiting.extend(read);
        }
        Ok(self.waiting.pop_front())
    }

    /// Which message goes next, where that is known already.
    pub(super) fn ahead(&self) -> Option<MessageId> {
        self.waiting.front().map(|next| next.id)
    }
}
