//! Accepting messages on Postgres: those of one business that come while another of its transactions commits share
//! the next one, since its transactions wait for each other at the head of its events anyway.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use switchyard_core::{BusinessId, Timestamp};
use tokio::sync::oneshot;

use super::accept::accept_in;
use super::{Accepted, NewMessage};
use crate::postgres::PostgresStore;
use crate::{Error, Lane, Result, Store};

/// Messages of one transaction, at most.
const BATCH: usize = 64;
/// Messages of one business that may wait; the next one is told that the database is away.
const WAITING: usize = 4_096;

/// The messages that wait, by business. An entry lives as long as a task works for that business.
#[derive(Debug, Default)]
pub(crate) struct Gathering(Mutex<HashMap<BusinessId, VecDeque<Waiting>>>);

#[derive(Debug)]
struct Waiting {
    now: Timestamp,
    message: NewMessage,
    answer: oneshot::Sender<Result<Accepted>>,
}

/// Accepts a message together with others of its business.
pub(super) async fn accept(
    store: &Store,
    postgres: &Arc<PostgresStore>,
    now: Timestamp,
    business: BusinessId,
    message: NewMessage,
) -> Result<Accepted> {
    let away = || Error::Unavailable(Arc::new(sqlx::Error::PoolTimedOut));
    let (answer, answered) = oneshot::channel();
    let waiting = Waiting {
        now,
        message,
        answer,
    };
    if postgres
        .gathering()
        .add(business, waiting)
        .ok_or_else(away)?
    {
        // A task of its own: whoever asked may go away, the others still wait.
        tokio::spawn(work(store.clone(), Arc::clone(postgres), business));
    }
    answered.await.map_err(|_gone| away())?
}

impl Gathering {
    /// Whether nobody works for this business yet; `None` when too many wait.
    fn add(&self, business: BusinessId, waiting: Waiting) -> Option<bool> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = all.get_mut(&business) {
            if queue.len() >= WAITING {
                return None;
            }
            queue.push_back(waiting);
            return Some(false);
        }
        all.insert(business, VecDeque::from([waiting]));
        Some(true)
    }

    /// The next that share a transaction; nobody works for this business any more when there are none.
    fn next(&self, business: BusinessId) -> Vec<Waiting> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = all.get_mut(&business) else {
            return Vec::new();
        };
        let count = queue.len().min(BATCH);
        let batch: Vec<Waiting> = queue.drain(..count).collect();
        if batch.is_empty() {
            all.remove(&business);
        }
        batch
    }
}

async fn work(store: Store, postgres: Arc<PostgresStore>, business: BusinessId) {
    loop {
        let mut batch = postgres.gathering().next(business);
        if batch.is_empty() {
            return;
        }
        // Every process locks chats in the same order. Messages to one person keep theirs.
        batch.sort_by_cached_key(|waiting| waiting.message.to.shown());
        commit(&store, business, batch).await;
    }
}

/// Commits a batch; one that fails is split until the guilty one alone is refused.
async fn commit(store: &Store, business: BusinessId, batch: Vec<Waiting>) {
    let inputs: Vec<(Timestamp, NewMessage)> = batch
        .iter()
        .map(|waiting| (waiting.now, waiting.message.clone()))
        .collect();
    let accepted = store
        .write(
            Lane::Messages,
            (business, inputs),
            |tx, (business, inputs)| {
                Box::pin(async move {
                    let mut accepted = Vec::with_capacity(inputs.len());
                    for (now, message) in inputs {
                        accepted.push(accept_in(tx, *now, *business, message).await?);
                    }
                    Ok(accepted)
                })
            },
        )
        .await;
    match accepted {
        Ok(accepted) => {
            for (waiting, accepted) in batch.into_iter().zip(accepted) {
                // Whoever asked may have gone away.
                waiting.answer.send(Ok(accepted)).ok();
            }
        }
        Err(error) if batch.len() < 2 || error.breaks_the_transaction() => {
            for waiting in batch {
                waiting.answer.send(Err(error.clone())).ok();
            }
        }
        Err(_) => {
            let mut first = batch;
            let second = first.split_off(first.len() / 2);
            Box::pin(commit(store, business, first)).await;
            Box::pin(commit(store, business, second)).await;
        }
    }
}
