//! The one writer: takes verbs from three lanes, runs many in one transaction, and answers after its commit.

use std::sync::Arc;

use sqlx::{Executor, SqliteConnection};
use switchyard_core::fail::{FailPoint, FailPoints};
use tokio::sync::{mpsc, watch};

use crate::hints::Hints;
use crate::metrics::Metrics;
use crate::sqlite::call::Work;
use crate::tx::Link;
use crate::{Lane, Result, Tx};

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
        let mut waiting = waiting.into_iter();
        let mut members = Vec::with_capacity(waiting.len());
        let outcome = self.transaction(durable, &mut waiting, &mut members).await;
        let hints = std::mem::take(&mut self.tx.hints);
        match &outcome {
            Ok(()) => self.hints.give(hints),
            Err(error) => {
                tracing::warn!(%error, callers = members.len(), "a group commit failed");
                self.roll_back().await;
            }
        }
        // Whoever had no turn shares the fate of the group: nothing of theirs is written.
        members.extend(waiting.map(|(_, work)| work));
        for member in members {
            member.settle(outcome.clone());
        }
    }

    /// Errors of callers are rare, so at first nobody has a savepoint; after one, all run again and each has.
    async fn transaction(
        &mut self,
        durable: bool,
        waiting: &mut std::vec::IntoIter<Handed>,
        members: &mut Vec<Box<dyn Work>>,
    ) -> Result<()> {
        self.wait_for_disk(durable).await?;
        if self.swift(durable, waiting, members).await? {
            return self.commit().await;
        }
        self.roll_back().await;
        if members.len() == 1 && waiting.len() == 0 {
            // Nobody else was in it: the caller hears its own error.
            return Ok(());
        }
        self.begin().await?;
        for work in members.iter_mut() {
            Self::run_apart(&mut self.tx, work.as_mut()).await?;
        }
        while let Some(mut work) = self.next(durable, waiting, members.len()) {
            let outcome = Self::run_apart(&mut self.tx, work.as_mut()).await;
            members.push(work);
            outcome?;
        }
        self.commit().await
    }

    /// Runs callers one after the other; false as soon as one of them fails.
    async fn swift(
        &mut self,
        durable: bool,
        waiting: &mut std::vec::IntoIter<Handed>,
        members: &mut Vec<Box<dyn Work>>,
    ) -> Result<bool> {
        self.begin().await?;
        while let Some(mut work) = self.next(durable, waiting, members.len()) {
            let outcome = work.run(&mut self.tx).await;
            members.push(work);
            match outcome {
                Ok(()) => self.fail.pass(FailPoint::InGroupCommit),
                Err(error) if error.breaks_the_transaction() => return Err(error),
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn begin(&mut self) -> Result<()> {
        self.tx.start();
        self.run_sql("begin immediate").await
    }

    async fn commit(&mut self) -> Result<()> {
        self.tx.flush().await?;
        self.run_sql("commit").await?;
        self.metrics.committed(self.tx.rows);
        Ok(())
    }

    /// The next caller of this transaction: those taken at its start, then those that came meanwhile.
    fn next(
        &mut self,
        durable: bool,
        waiting: &mut std::vec::IntoIter<Handed>,
        taken: usize,
    ) -> Option<Box<dyn Work>> {
        loop {
            // A relaxed transaction takes no newcomers: one of them might have to wait for the disk.
            let room = durable && self.tx.rows < ROWS_MAX && taken < CALLERS_MAX;
            let (_, next) = match waiting.next() {
                Some(next) => next,
                None if room => self.inbox.take_now()?,
                None => return None,
            };
            if !next.is_abandoned() {
                return Some(next);
            }
        }
    }

    /// One caller inside a savepoint of its own: its error undoes its writes alone.
    async fn run_apart(tx: &mut Tx, work: &mut dyn Work) -> Result<()> {
        let before = tx.gathered();
        run_sql(tx, "savepoint caller").await?;
        if let Err(error) = work.run(tx).await {
            if error.breaks_the_transaction() {
                return Err(error);
            }
            tx.undo_to(before);
            run_sql(tx, "rollback to caller").await?;
        }
        run_sql(tx, "release caller").await
    }

    async fn roll_back(&mut self) {
        self.tx.start();
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
