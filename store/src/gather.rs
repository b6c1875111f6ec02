//! Calls of one kind that come while the ones before them are committed share the next transaction: what many ask at a
//! time is written in few statements, and a lone call waits for nobody.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::{Error, Result};

/// Calls of one transaction, at most.
const BATCH: usize = 64;
/// Calls that may wait behind one key; the next one is told that the database is away.
const WAITING: usize = 4_096;

/// Commits calls in one transaction: an answer for each, in their order, or the error that undid all.
pub(crate) type Commit<I, T> =
    Arc<dyn Fn(Vec<I>) -> BoxFuture<'static, Result<Vec<Result<T>>>> + Send + Sync>;

/// The calls that wait, by key; those of different keys are committed side by side. An entry lives as long as a task
/// works for that key.
#[derive(Debug)]
pub(crate) struct Gathering<K, I, T>(Mutex<HashMap<K, VecDeque<Waiting<I, T>>>>);

#[derive(Debug)]
struct Waiting<I, T> {
    input: I,
    answer: oneshot::Sender<Result<T>>,
}

impl<K, I, T> Default for Gathering<K, I, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, I, T> Gathering<K, I, T>
where
    K: Copy + Eq + Hash + Send + 'static,
    I: Clone + Send + 'static,
    T: Send + 'static,
{
    /// Makes a call together with those that wait beside it, and answers after the commit.
    pub(crate) async fn call(
        self: &Arc<Self>,
        key: K,
        input: I,
        commit: impl FnOnce() -> Commit<I, T>,
    ) -> Result<T> {
        let away = || Error::Unavailable(Arc::new(sqlx::Error::PoolTimedOut));
        let (answer, answered) = oneshot::channel();
        if self.add(key, Waiting { input, answer }).ok_or_else(away)? {
            // A task of its own: whoever asked may go away, the others still wait.
            tokio::spawn(work(Arc::clone(self), key, commit()));
        }
        answered.await.map_err(|_gone| away())?
    }

    /// Whether nobody works for this key yet; `None` when too many wait.
    fn add(&self, key: K, waiting: Waiting<I, T>) -> Option<bool> {
        let mut all = self.lock();
        if let Some(queue) = all.get_mut(&key) {
            if queue.len() >= WAITING {
                return None;
            }
            queue.push_back(waiting);
            return Some(false);
        }
        all.insert(key, VecDeque::from([waiting]));
        Some(true)
    }

    /// The next that share a transaction; nobody works for this key any more when there are none.
    fn next(&self, key: K) -> Vec<Waiting<I, T>> {
        let mut all = self.lock();
        let Some(queue) = all.get_mut(&key) else {
            return Vec::new();
        };
        let count = queue.len().min(BATCH);
        let batch: Vec<_> = queue.drain(..count).collect();
        if batch.is_empty() {
            all.remove(&key);
        }
        batch
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, VecDeque<Waiting<I, T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn work<K, I, T>(gathering: Arc<Gathering<K, I, T>>, key: K, commit: Commit<I, T>)
where
    K: Copy + Eq + Hash + Send + 'static,
    I: Clone + Send + 'static,
    T: Send + 'static,
{
    loop {
        let batch = gathering.next(key);
        if batch.is_empty() {
            return;
        }
        settle(&commit, batch).await;
    }
}

/// Commits a batch; one that fails is split until the guilty one alone is refused.
async fn settle<I: Clone, T>(commit: &Commit<I, T>, batch: Vec<Waiting<I, T>>) {
    let mut batches = vec![batch];
    while let Some(mut batch) = batches.pop() {
        let inputs = batch.iter().map(|waiting| waiting.input.clone()).collect();
        match commit(inputs).await {
            Ok(answers) => {
                for (waiting, answer) in batch.into_iter().zip(answers) {
                    // Whoever asked may have gone away.
                    waiting.answer.send(answer).ok();
                }
            }
            Err(error) if batch.len() < 2 || error.breaks_the_transaction() => {
                for waiting in batch {
                    waiting.answer.send(Err(error.clone())).ok();
                }
            }
            Err(_) => {
                let second = batch.split_off(batch.len() / 2);
                batches.push(second);
                batches.push(batch);
            }
        }
    }
}
