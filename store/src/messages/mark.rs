//! How messages fare on their way: they go to the socket, WhatsApp's server acknowledges them. On SQLite what many
//! chats tell at a time is written together.

use std::sync::Arc;

use switchyard_core::message::MessageStatus;
use switchyard_core::{MessageId, Timestamp};

use crate::gather::Commit;
use crate::messages::row::{MessageRow, tell_status};
use crate::messages::sql;
use crate::run::{fetch_all, hex};
use crate::{Error, Held, Lane, Result, Store, Tx, fence};

/// What one chat tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    now: Timestamp,
    held: Held,
    /// Acknowledged then.
    sent: Option<(MessageId, Timestamp)>,
    /// Goes to the socket now.
    sending: Option<MessageId>,
}

/// Business, session and message, and when it was acknowledged.
type Told = (String, String, String, Option<i64>);

impl Mark {
    fn told(&self) -> impl Iterator<Item = Told> {
        let Held {
            business, session, ..
        } = self.held;
        let told = move |message: MessageId, at: Option<Timestamp>| {
            (
                hex(business.uuid()),
                hex(session.uuid()),
                hex(message.uuid()),
                at.map(Timestamp::ms),
            )
        };
        let sent = self.sent.map(|(message, at)| told(message, Some(at)));
        let sending = self.sending.map(|message| told(message, None));
        sent.into_iter().chain(sending)
    }
}

/// The message goes to the socket now. No event: the world hears of `sent`.
pub async fn mark_sending(
    store: &Store,
    now: Timestamp,
    held: &Held,
    message: MessageId,
) -> Result<()> {
    let mark = Mark {
        now,
        held: *held,
        sent: None,
        sending: Some(message),
    };
    tell(store, mark).await
}

/// WhatsApp's server acknowledged the message at `at`. Does nothing where a receipt said more already.
pub async fn mark_sent(
    store: &Store,
    now: Timestamp,
    held: &Held,
    message: MessageId,
    at: Timestamp,
) -> Result<()> {
    let mark = Mark {
        now,
        held: *held,
        sent: Some((message, at)),
        sending: None,
    };
    tell(store, mark).await
}

/// [`mark_sent`], and [`mark_sending`] for the one that goes next, in one transaction: a chat's lane waits for one
/// commit a message instead of two.
pub async fn mark_sent_and_next(
    store: &Store,
    now: Timestamp,
    held: &Held,
    message: MessageId,
    at: Timestamp,
    next: MessageId,
) -> Result<()> {
    let mark = Mark {
        now,
        held: *held,
        sent: Some((message, at)),
        sending: Some(next),
    };
    tell(store, mark).await
}

async fn tell(store: &Store, mark: Mark) -> Result<()> {
    match store {
        Store::Sqlite(sqlite) => {
            let commit = || -> Commit<Mark, ()> {
                let store = store.clone();
                Arc::new(move |marks| Box::pin(commit(store.clone(), marks)))
            };
            sqlite.marks().call((), mark, commit).await
        }
        // Alone: together, two transactions could wait for each other's messages in a circle.
        Store::Postgres(_) => {
            let mut answers = commit(store.clone(), vec![mark]).await?;
            answers.pop().unwrap_or(Err(Error::Fenced))
        }
    }
}

async fn commit(store: Store, marks: Vec<Mark>) -> Result<Vec<Result<()>>> {
    let durable = marks.iter().any(|mark| mark.sent.is_some());
    let lane = Lane::Messages;
    // That a message went to the socket may be forgotten: then it goes once more, under its id.
    let answers = if durable {
        store
            .write(lane, marks, |tx, marks| Box::pin(write(tx, marks)))
            .await?
    } else {
        store
            .write_relaxed(lane, marks, |tx, marks| Box::pin(write(tx, marks)))
            .await?
    };
    let fenced = answers.iter().filter(|it| it.is_err()).count();
    let fenced = u64::try_from(fenced).unwrap_or(u64::MAX);
    store.metrics().fenced.inc_by(fenced);
    Ok(answers)
}

async fn write(tx: &mut Tx, marks: &[Mark]) -> Result<Vec<Result<()>>> {
    let standing = fence::standing(tx, marks.iter().map(|mark| mark.held)).await?;
    let of_holders = marks.iter().filter(|mark| standing.contains(&mark.held));
    let told: Vec<_> = of_holders.flat_map(Mark::told).collect();
    if !told.is_empty() {
        let told = serde_json::to_string(&told)?;
        let mut rows = fetch_all!(tx, MessageRow, sql::MARK, told.as_str())?;
        rows.retain(|row| row.status == MessageStatus::Sent.name());
        let now = marks.iter().map(|mark| mark.now).max();
        tell_status(tx, now.unwrap_or_else(Timestamp::now), rows)?;
    }
    let answer = |mark: &Mark| {
        if standing.contains(&mark.held) {
            Ok(())
        } else {
            Err(Error::Fenced)
        }
    };
    Ok(marks.iter().map(answer).collect())
}
