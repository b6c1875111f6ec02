//! The one writer: takes verbs from three lanes, runs many in one transaction, and answers after its commit.

use std::sync::Arc;

use sqlx::{Executor, SqliteConnection};
use switchyard_core::fail::{FailPoint, FailPoints};
use tokio::sync::{mpsc, watch};

use crate::hints::Hints;
use crate::metrics::Metrics;
use crate::sqlite::call::Work;
use crate::tx::Link;
use crate::{Lane, Result, Tx, events};

/// Callers that may wait in one lane; more wait outside.
const LANE: usize = 1_024;
/// A transaction stops taking further callers at so many changed rows: it bounds the wait of the first.
const ROWS_MAX: u64 = 500;
/// A transaction takes at most so many callers, for those that change no row.
const CALLERS_MAX: usize = 500;

type Handed = (bool, Box<dyn Work>);

/// The callers' end.
#[derive(Debug)]
pub(super) struct Lanes {
    senders: [mpsc::Sender<Handed>; 3],
    closing: watch::Sender<bool>,
}

/// The writer's end.
pub(super) struct Inbox {
    receivers: [mpsc::Receiver<Handed>; 3],
    closing: watch::Receiver<bool>,
}

impl Lanes {
    pub(super) fn new() -> (Self, Inbox) {
        let (leases, leases_in) = mpsc::channel(LANE);
        let (messages, messages_in) = mpsc::channel(LANE);
        let (rest, rest_in) = mpsc::channel(LANE);
        let (closing, closing_in) = watch::channel(false);
        let lanes = Self {
            senders: [leases, messages, rest],
            closing,
        };
        let inbox = Inbox {
            receivers: [leases_in, messages_in, rest_in],
            closing: closing_in,
        };
        (lanes, inbox)
    }

    pub(super) async fn hand_over(
        &self,
        lane: Lane,
        durable: bool,
        work: Box<dyn Work>,
    ) -> Result<()> {
        let [leases, messages, rest] = &self.senders;
        let sender = match lane {
            Lane::Leases => leases,
            Lane::Messages => messages,
            Lane::Rest => rest,
        };
        sender
            .send((durable, work))
            .await
            .map_err(|_closed| super::closed())
    }

    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }
}

impl Inbox {
    /// What waits, most urgent lane first.
    fn take_now(&mut self) -> Option<Handed> {
        self.receivers
            .iter_mut()
            .find_map(|lane| lane.try_recv().ok())
    }

    /// The next caller; `None` when the store is closed and nothing waits.
    async fn take(&mut self) -> Option<Handed> {
        let closing = *self.closing.borrow_and_update();
        if closing {
            for lane in &mut self.receivers {
                lane.close();
            }
            return self.take_now();
        }
        let [leases, messages, rest] = &mut self.receivers;
        tokio::select! {
            biased;
            Some(work) = leases.recv() => Some(work),
            Some(work) = messages.recv() => Some(work),
            Some(work) = rest.recv() => Some(work),
            _ = self.closing.changed() => self.take_now(),
            else => None,
        }
    }

    fn is_open(&self) -> bool {
        !*self.closing.borrow() && self.closing.has_changed().is_ok()
    }
}

pub(super) struct Writer {
    tx: Tx,
    inbox: Inbox,
    fail: Arc<FailPoints>,
    hints: Arc<Hints>,
    metrics: Metrics,
    /// What `pragma synchronous` says now.
    waits_for_disk: bool,
}

impl Writer {
    pub(super) fn new(
        connection: SqliteConnection,
        inbox: Inbox,
        fail: Arc<FailPoints>,
        hints: Arc<Hints>,
        metrics: Metrics,
    ) -> Self {
        Self {
            tx: Tx::new(Link::Sqlite(connection)),
            inbox,
            fail,
            hints,
            metrics,
            waits_for_disk: true,
        }
    }

    /// Serves until the store is closed and nothing waits.
    pub(super) async fn run(mut self) {
        loop {
            match self.inbox.take().await {
                Some(first) => self.group(first).await,
                None if self.inbox.is_open() => {}
                None => break,
            }
        }
        if let (Link::Sqlite(connection), _) = self.tx.into_link()
            && let Err(error) = sqlx::Connection::close(connection).await
        {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }

    /// One transaction: the first caller and whoever else waits.
    async fn group(&mut self, first: Handed) {
        let mut waiting = vec![first];
        while waiting.len() < CALLERS_MAX
            && let Some(next) = self.inbox.take_now()
        {
            waiting.push(next);
        }
        let durable = waiting.iter().any(|(durable, _)| *durable);
        let mut members = Vec::with_capacity(waiting.len());
        let outcome = self.transaction(durable, waiting, &mut members).await;
        let hints = std::mem::take(&mut self.tx.hints);
        match &outcome {
            Ok(()) => self.hints.give(hints),
            Err(error) => {
                tracing::warn!(%error, callers = members.len(), "a group commit failed");
                self.roll_back().await;
            }
        }
        for member in members {
            member.settle(outcome.clone());
        }
    }

    async fn transaction(
        &mut self,
        durable: bool,
        waiting: Vec<Handed>,
        members: &mut Vec<Box<dyn Work>>,
    ) -> Result<()> {
        let mut waiting = waiting.into_iter();
        let outcome = self.work_through(durable, &mut waiting, members).await;
        // Whoever had no turn shares the fate of the group: nothing of theirs is written.
        members.extend(waiting.map(|(_, work)| work));
        outcome
    }

    async fn work_through(
        &mut self,
        durable: bool,
        waiting: &mut std::vec::IntoIter<Handed>,
        members: &mut Vec<Box<dyn Work>>,
    ) -> Result<()> {
        self.wait_for_disk(durable).await?;
        self.tx.rows = 0;
        self.run_sql("begin immediate").await?;
        while let Some((_, work)) = self.next(durable, waiting, members.len()) {
            if work.is_abandoned() {
                continue;
            }
            members.push(work);
            if let Some(work) = members.last_mut() {
                Self::run_one(&mut self.tx, work.as_mut()).await?;
            }
            self.fail.pass(FailPoint::InGroupCommit);
        }
        events::flush(&mut self.tx).await?;
        self.run_sql("commit").await?;
        self.metrics.rows_per_commit.observe(rows(self.tx.rows));
        Ok(())
    }

    /// The next caller of this transaction: those taken at its start, then those that came meanwhile.
    fn next(
        &mut self,
        durable: bool,
        waiting: &mut std::vec::IntoIter<Handed>,
        taken: usize,
    ) -> Option<Handed> {
        if let Some(next) = waiting.next() {
            return Some(next);
        }
        let room = self.tx.rows < ROWS_MAX && taken < CALLERS_MAX;
        // A relaxed transaction takes no newcomers: one of them might have to wait for the disk.
        (durable && room).then(|| self.inbox.take_now()).flatten()
    }

    /// One caller inside a savepoint of its own: its error undoes its writes alone.
    async fn run_one(tx: &mut Tx, work: &mut dyn Work) -> Result<()> {
        let (events, hints) = (tx.events.len(), tx.hints.len());
        run_sql(tx, "savepoint caller").await?;
        match work.run(tx).await {
            Ok(()) => {}
            Err(error) => {
                tx.events.truncate(events);
                tx.hints.truncate(hints);
                if error.breaks_the_transaction() {
                    return Err(error);
                }
                run_sql(tx, "rollback to caller").await?;
            }
        }
        run_sql(tx, "release caller").await
    }

    async fn roll_back(&mut self) {
        self.tx.events.clear();
        // Where SQLite has rolled back by itself (a full disk), there is nothing left to undo.
        if let Err(error) = self.run_sql("rollback").await {
            tracing::debug!(%error, "nothing to roll back");
        }
    }

    /// Claims, heartbeats and renewals alone force no write to the disk; everything else does.
    async fn wait_for_disk(&mut self, wanted: bool) -> Result<()> {
        if self.waits_for_disk != wanted {
            let pragma = if wanted {
                "pragma synchronous = full"
            } else {
                "pragma synchronous = normal"
            };
            self.run_sql(pragma).await?;
            self.waits_for_disk = wanted;
        }
        Ok(())
    }

    async fn run_sql(&mut self, sql: &'static str) -> Result<()> {
        run_sql(&mut self.tx, sql).await
    }
}

async fn run_sql(tx: &mut Tx, sql: &'static str) -> Result<()> {
    match tx.engine() {
        crate::Engine::Sqlite(connection) => {
            connection.execute(sqlx::query(sql)).await?;
        }
        crate::Engine::Postgres(connection) => {
            connection.execute(sqlx::query(sql)).await?;
        }
    }
    Ok(())
}

fn rows(changed: u64) -> f64 {
    // Exact up to 2³²; a transaction changes far fewer.
    u32::try_from(changed).map_or(f64::from(u32::MAX), f64::from)
}
