//! Writes down what one connection hears beside its messages: receipts in batches, identities that belong
//! together, messages that cannot be read yet.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use store::{Store, contacts, receipts, sessions};
use switchyard_core::Timestamp;
use switchyard_core::address::{Lid, Phone};
use switchyard_core::job::Receipt;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::ear::Note;
use crate::inbound::{self, Inbox};

/// The most receipts in one job.
const BATCH: usize = 256;
/// How long a receipt waits for others.
const LINGER: Duration = Duration::from_millis(50);
/// How often at most it is written down that the phone was heard of.
const SEEN_EVERY: Duration = Duration::from_mins(1);
/// So many pairs of identities are remembered as written down.
const REMEMBERED: usize = 4_096;

/// Writes down what one connection hears.
pub(crate) struct Scribe {
    store: Store,
    inbox: Arc<Inbox>,
    notes: mpsc::Receiver<Note>,
    receipts: Vec<Receipt>,
    learned: HashSet<(Phone, Lid)>,
    seen_at: Option<Instant>,
}

impl Scribe {
    /// For one connection.
    pub(crate) fn new(store: Store, inbox: Arc<Inbox>, notes: mpsc::Receiver<Note>) -> Self {
        Self {
            store,
            inbox,
            notes,
            receipts: Vec::new(),
            learned: HashSet::new(),
            seen_at: None,
        }
    }

    /// Writes until the connection's ear is gone or a write is refused.
    pub(crate) async fn run(mut self) {
        if let Err(error) = self.write_all().await {
            tracing::warn!(session = %self.inbox.held.session, %error, "what a connection heard was not written down");
            self.inbox.end(&error);
        }
    }

    async fn write_all(&mut self) -> store::Result<()> {
        while let Some(note) = self.notes.recv().await {
            // Boxed: it waits for a note most of its life.
            Box::pin(self.take(note)).await?;
            let due = Instant::now().checked_add(LINGER);
            while let Some(due) = due
                && !self.receipts.is_empty()
                && self.receipts.len() < BATCH
            {
                match timeout_at(due, self.notes.recv()).await {
                    Ok(Some(note)) => Box::pin(self.take(note)).await?,
                    Ok(None) | Err(_) => break,
                }
            }
            Box::pin(self.flush()).await?;
        }
        Ok(())
    }

    async fn take(&mut self, note: Note) -> store::Result<()> {
        self.inbox.may_write()?;
        let held = self.inbox.held;
        match note {
            Note::Receipts(receipts) => self.receipts.extend(receipts),
            Note::Messages(messages) => {
                let rows = messages
                    .iter()
                    .filter_map(|it| inbound::read(&it.message, &it.info))
                    .collect();
                self.inbox.record(rows).await?;
            }
            Note::Unread(since) => {
                let rows = self.inbox.unread.left(since).await;
                self.inbox.record(rows).await?;
            }
            Note::Same(phone, lid) => {
                if self.learned.len() >= REMEMBERED {
                    self.learned.clear();
                }
                if self.learned.insert((phone.clone(), lid.clone())) {
                    contacts::learn(&self.store, Timestamp::now(), &held, phone, lid).await?;
                }
            }
            Note::PhoneSeen => {
                if self.seen_at.is_none_or(|at| at.elapsed() > SEEN_EVERY) {
                    self.seen_at = Some(Instant::now());
                    sessions::seen(&self.store, Timestamp::now(), &held).await?;
                }
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> store::Result<()> {
        if !self.receipts.is_empty() {
            self.inbox.may_write()?;
        }
        while !self.receipts.is_empty() {
            let rest = self.receipts.split_off(self.receipts.len().min(BATCH));
            let batch = std::mem::replace(&mut self.receipts, rest);
            let now = Timestamp::now();
            receipts::enqueue(&self.store, now, &self.inbox.held, batch).await?;
        }
        Ok(())
    }
}
