//! Group commit: the writes of many sessions in one transaction, whose callers wait for its end.
//!
//! Each lane is a task that takes whatever waits, commits it, and only then takes more; a session is always served by
//! the same lane, so its writes keep their order. SQLite's one writer groups its callers anyway, but only what comes
//! as one call is written in few statements.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::batch::{Member, write_members};
use super::row::Write;
use crate::{Error, Held, Lane, Result, Store};

/// Transactions side by side on Postgres: one at the disk, one being filled, at most so many connections taken.
const LANES_ON_POSTGRES: usize = 2;
/// SQLite has one writer.
const LANES_ON_SQLITE: usize = 1;
/// Callers that may wait in one lane; more wait outside.
const WAITING: usize = 1_024;
/// A transaction takes no further caller beyond so many writes: it bounds the wait of the first.
const WRITES_MAX: usize = 500;

/// Commits writes of the vault for all sessions of a process. Cloning is cheap; one per process groups best.
#[derive(Debug, Clone)]
pub struct Committer {
    store: Store,
    lanes: Vec<mpsc::Sender<Call>>,
}

#[derive(Debug)]
struct Call {
    member: Member,
    reply: oneshot::Sender<Result<Vec<u64>>>,
}

impl Committer {
    /// Starts the lanes; they end when the last clone is dropped.
    pub fn new(store: Store) -> Self {
        let lanes = match &store {
            Store::Sqlite(_) => LANES_ON_SQLITE,
            Store::Postgres(_) => LANES_ON_POSTGRES,
        };
        let start = |_| {
            let (sender, calls) = mpsc::channel(WAITING);
            tokio::spawn(serve(store.clone(), calls));
            sender
        };
        Self {
            lanes: (0..lanes).map(start).collect(),
            store,
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Makes one session's writes and answers after the commit.
    pub(super) async fn commit(&self, held: Held, writes: Arc<Vec<Write>>) -> Result<Vec<u64>> {
        let member = Member { held, writes };
        let lane = self.lane(held).ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        lane.send(Call { member, reply })
            .await
            .map_err(|_ended| closed())?;
        answer.await.map_err(|_ended| closed())?
    }

    fn lane(&self, held: Held) -> Option<&mpsc::Sender<Call>> {
        let lanes = u128::try_from(self.lanes.len()).ok()?;
        let at = held.session.uuid().as_u128().checked_rem(lanes)?;
        self.lanes.get(usize::try_from(at).ok()?)
    }
}

async fn serve(store: Store, mut calls: mpsc::Receiver<Call>) {
    while let Some(first) = calls.recv().await {
        let mut weight = first.member.writes.len();
        let mut batch = vec![first];
        while weight < WRITES_MAX
            && let Ok(next) = calls.try_recv()
        {
            weight = weight.saturating_add(next.member.writes.len());
            batch.push(next);
        }
        settle(&store, batch).await;
    }
}

/// Commits a batch. When it fails by an error that is one caller's own, it is tried in halves, so that the
/// guilty one alone gets it.
async fn settle(store: &Store, batch: Vec<Call>) {
    let mut batches = vec![batch];
    while let Some(mut batch) = batches.pop() {
        let members = batch.iter().map(|call| call.member.clone()).collect();
        match transact(store, members).await {
            Ok(answers) => {
                for (call, answer) in batch.into_iter().zip(answers) {
                    // The caller may have gone; its write is committed all the same.
                    drop(call.reply.send(answer));
                }
            }
            Err(Error::Database(_)) if batch.len() > 1 => {
                let later = batch.split_off(batch.len() / 2);
                batches.push(later);
                batches.push(batch);
            }
            Err(error) => {
                for call in batch {
                    drop(call.reply.send(Err(error.clone())));
                }
            }
        }
    }
}

async fn transact(store: &Store, members: Vec<Member>) -> Result<Vec<Result<Vec<u64>>>> {
    let answers = store
        .write(Lane::Messages, members, |tx, members| {
            Box::pin(write_members(tx, members))
        })
        .await?;
    let fenced = answers
        .iter()
        .filter(|it| matches!(it, Err(Error::Fenced)))
        .count();
    store
        .metrics()
        .fenced
        .inc_by(u64::try_from(fenced).unwrap_or(u64::MAX));
    Ok(answers)
}

fn closed() -> Error {
    Error::from(sqlx::Error::PoolClosed)
}
