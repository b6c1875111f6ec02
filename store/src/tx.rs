//! A transaction and a reading connection, each on either engine, and what a transaction carries to its end.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Sqlite, SqliteConnection};
use switchyard_core::event::EventType;
use switchyard_core::{BusinessId, SessionId, Timestamp, Trace};

use crate::hints::Hint;
use crate::jobs::push::NewJob;
use crate::postgres::line::{Line, Patience};
use crate::{Held, Result, events, jobs};

/// The connection of one engine, borrowed for one statement.
#[derive(Debug)]
pub enum Engine<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// Postgres.
    Postgres(&'c mut PgConnection),
}

/// An event that a transaction will write as its last act, when its number is taken.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The business.
    pub business: BusinessId,
    /// The session that it is about.
    pub session: Option<SessionId>,
    /// What it tells.
    pub kind: EventType,
    /// When it happened.
    pub at: Timestamp,
    /// The object that it carries; never a secret.
    pub data: serde_json::Value,
}

/// How much a transaction has gathered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gathered {
    events: usize,
    jobs: usize,
    hints: usize,
}

/// A transaction. Jobs, events and hints are gathered here: jobs and events are written as its last statements, hints
/// are given after the commit.
#[derive(Debug)]
pub struct Tx {
    link: Link,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) jobs: Vec<NewJob>,
    pub(crate) hints: Vec<Hint>,
    pub(crate) rows: u64,
    /// What its jobs are caused by from here on.
    pub(crate) trace: Option<Trace>,
    /// Epochs that this transaction has found to be current; they stay so until it ends.
    current: HashSet<Held>,
}

#[derive(Debug)]
pub(crate) enum Link {
    /// The one writing connection; the writer begins and commits.
    Sqlite(SqliteConnection),
    /// A transaction of its own.
    Postgres(Line),
}

impl Tx {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            link,
            events: Vec::new(),
            jobs: Vec::new(),
            hints: Vec::new(),
            rows: 0,
            trace: None,
            current: HashSet::new(),
        }
    }

    /// Another transaction begins on this connection.
    pub(crate) fn start(&mut self) {
        self.events.clear();
        self.jobs.clear();
        self.hints.clear();
        self.rows = 0;
        self.current.clear();
    }

    /// How much is gathered so far.
    pub(crate) fn gathered(&self) -> Gathered {
        Gathered {
            events: self.events.len(),
            jobs: self.jobs.len(),
            hints: self.hints.len(),
        }
    }

    /// Takes back what a caller gathered after there was so much.
    pub(crate) fn undo_to(&mut self, before: Gathered) {
        self.events.truncate(before.events);
        self.jobs.truncate(before.jobs);
        self.hints.truncate(before.hints);
        self.current.clear();
    }

    /// Writes what was gathered: the last statements of a transaction. Events are the very last, since their numbers
    /// make the transactions of a business wait for each other.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        jobs::push::flush(self).await?;
        events::flush(self).await
    }

    /// Whether this transaction has found this epoch to be current.
    pub(crate) fn is_current(&self, held: &Held) -> bool {
        self.current.contains(held)
    }

    /// This transaction has found this epoch to be current.
    pub(crate) fn note_current(&mut self, held: Held) {
        self.current.insert(held);
    }

    /// This transaction changes who holds a session.
    pub(crate) fn forget_current(&mut self) {
        self.current.clear();
    }

    /// The connection, for statements that differ between the engines.
    pub fn engine(&mut self) -> Engine<'_> {
        match &mut self.link {
            Link::Sqlite(connection) => Engine::Sqlite(connection),
            Link::Postgres(line) => Engine::Postgres(line),
        }
    }

    /// The statements that follow may take that long: they rewrite as many rows as somebody has.
    pub(crate) fn wait_for(&mut self, most: Duration) {
        if let Link::Postgres(line) = &mut self.link {
            line.wait_for(most);
        }
    }

    /// How long an answer to a statement is waited for, where anything but this process gives it.
    pub(crate) fn patience(&self) -> Option<Patience> {
        match &self.link {
            Link::Sqlite(_) => None,
            Link::Postgres(line) => Some(line.patience().clone()),
        }
    }

    /// Writes this event at the end of the transaction.
    pub fn event(&mut self, event: NewEvent) {
        self.hint(Hint::Events(event.business));
        self.events.push(event);
    }

    /// Gives this hint after the commit.
    pub fn hint(&mut self, hint: Hint) {
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
    }

    /// So many rows were changed.
    pub(crate) fn changed(&mut self, rows: u64) {
        self.rows = self.rows.saturating_add(rows);
    }

    pub(crate) fn into_link(self) -> (Link, Vec<Hint>) {
        (self.link, self.hints)
    }
}

/// A pooled connection for reading; it sees every commit that ended before its statement began.
#[derive(Debug)]
pub struct Conn {
    link: Reader,
}

#[derive(Debug)]
enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    /// Mostly in a transaction that says what it may see, or for how long it may look; it ends with the connection.
    Postgres(Line),
}

impl Conn {
    pub(crate) fn sqlite(connection: PoolConnection<Sqlite>) -> Self {
        Self {
            link: Reader::Sqlite(connection),
        }
    }

    pub(crate) fn postgres(line: Line) -> Self {
        Self {
            link: Reader::Postgres(line),
        }
    }

    /// The connection, for statements that differ between the engines.
    pub fn engine(&mut self) -> Engine<'_> {
        match &mut self.link {
            Reader::Sqlite(connection) => Engine::Sqlite(connection),
            Reader::Postgres(line) => Engine::Postgres(line),
        }
    }

    /// How long an answer to a statement is waited for, where anything but this process gives it.
    pub(crate) fn patience(&self) -> Option<Patience> {
        match &self.link {
            Reader::Sqlite(_) => None,
            Reader::Postgres(line) => Some(line.patience().clone()),
        }
    }
}
