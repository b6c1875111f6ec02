//! A session's writes, one after the other.
//!
//! A task takes whatever waits, commits it as one, and only then takes more, so that the order of a session's writes
//! is the order in which they were handed over, whether their callers wait for the commit or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus::{IntCounter, IntGauge, Registry};
use store::Error;
use store::vault::{Vault, Write};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::fault::Failure;
use super::hot::Hot;
use super::standing::Standing;

/// Calls that may wait; more wait outside.
const CALLS: usize = 256;
/// Kilobytes of sealed rows that may wait; more wait outside. A message is at most some ten of them.
const KILOBYTES: u32 = 4_096;
/// Writes of one commit: it bounds the wait of the first caller. A larger call goes alone.
const WRITES_MAX: usize = 500;

type Answer = Result<Vec<u64>, Failure>;

/// Metrics of all queues of the process.
#[derive(Debug, Clone)]
pub struct Metrics {
    waiting: IntGauge,
    lost: IntCounter,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            waiting: IntGauge::new(
                "switchyard_vault_queued",
                "Writes of vaults that answered already and are not committed yet.",
            )?,
            lost: IntCounter::new(
                "switchyard_vault_queued_lost_total",
                "Writes of vaults that answered already and could not be committed.",
            )?,
        };
        registry.register(Box::new(metrics.waiting.clone()))?;
        registry.register(Box::new(metrics.lost.clone()))?;
        Ok(metrics)
    }
}

/// One hand-over: its writes, and who waits for their commit, if anybody.
#[derive(Debug)]
struct Call {
    writes: Vec<Write>,
    reply: Option<oneshot::Sender<Answer>>,
    /// Whether reads of the cached or queued kinds wait for it.
    awaited_by_reads: bool,
    /// Whether it is the last one: whatever comes after it is refused.
    last: bool,
    /// Given back when the call is done.
    _room: OwnedSemaphorePermit,
}

/// The callers' end of the queue. The task ends when it is dropped, after what was handed over.
#[derive(Debug)]
pub(super) struct Queue {
    calls: mpsc::Sender<Call>,
    room: Arc<Semaphore>,
    unsettled: Arc<AtomicUsize>,
    metrics: Metrics,
}

/// A commit that is awaited.
#[derive(Debug)]
pub(super) struct Ticket(oneshot::Receiver<Answer>);

impl Ticket {
    /// Answers after the commit how many rows each write deleted.
    pub(super) async fn committed(self) -> Answer {
        self.0.await.map_err(|_ended| Failure::Closed)?
    }
}

impl Queue {
    pub(super) fn start(vault: Vault, standing: Standing, hot: Hot, metrics: Metrics) -> Self {
        let (calls, incoming) = mpsc::channel(CALLS);
        let unsettled = Arc::new(AtomicUsize::new(0));
        let server = Server {
            vault,
            standing,
            hot,
            unsettled: Arc::clone(&unsettled),
            metrics: metrics.clone(),
        };
        tokio::spawn(server.serve(incoming));
        Self {
            calls,
            room: Arc::new(Semaphore::new(
                usize::try_from(KILOBYTES).unwrap_or(usize::MAX),
            )),
            unsettled,
            metrics,
        }
    }

    /// Hands writes over and waits for their commit.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.send(writes, Some(reply), false, false).await?;
        Ticket(answer).committed().await
    }

    /// Waits for everything handed over before, and refuses everything after.
    pub(super) async fn close(&self) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        match self.send(Vec::new(), Some(reply), false, true).await {
            Ok(()) => Ticket(answer).committed().await.map(drop),
            Err(Failure::Closed) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Hands writes over which reads wait for; the ticket waits for their commit.
    pub(super) async fn hand_over(&self, writes: Vec<Write>) -> Result<Ticket, Failure> {
        let (reply, answer) = oneshot::channel();
        self.send(writes, Some(reply), true, false).await?;
        Ok(Ticket(answer))
    }

    /// Hands writes over which reads wait for, and nobody else.
    pub(super) async fn post(&self, writes: Vec<Write>) -> Result<(), Failure> {
        self.send(writes, None, true, false).await
    }

    /// Waits for the writes that reads wait for; at once when there are none.
    pub(super) async fn settle(&self) -> Result<(), Failure> {
        if self.unsettled.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        self.commit(Vec::new()).await.map(drop)
    }

    async fn send(
        &self,
        writes: Vec<Write>,
        reply: Option<oneshot::Sender<Answer>>,
        awaited_by_reads: bool,
        last: bool,
    ) -> Result<(), Failure> {
        let bytes: usize = writes.iter().map(Write::weight).sum();
        let kilobytes = u32::try_from(bytes / 1_024)
            .unwrap_or(KILOBYTES)
            .clamp(1, KILOBYTES);
        let room = Arc::clone(&self.room)
            .acquire_many_owned(kilobytes)
            .await
            .map_err(|_closed| Failure::Closed)?;
        let place = self.calls.reserve().await;
        let place = place.map_err(|_ended| Failure::Closed)?;
        if awaited_by_reads {
            self.unsettled.fetch_add(1, Ordering::AcqRel);
        }
        if reply.is_none() {
            self.metrics.waiting.inc();
        }
        place.send(Call {
            writes,
            reply,
            awaited_by_reads,
            last,
            _room: room,
        });
        Ok(())
    }
}

struct Server {
    vault: Vault,
    standing: Standing,
    hot: Hot,
    unsettled: Arc<AtomicUsize>,
    metrics: Metrics,
}

impl Server {
    async fn serve(self, mut calls: mpsc::Receiver<Call>) {
        while let Some(first) = calls.recv().await {
            let mut writes = first.writes.len();
            let mut last = first.last;
            let mut batch = vec![first];
            while writes < WRITES_MAX
                && !last
                && let Ok(next) = calls.try_recv()
            {
                writes = writes.saturating_add(next.writes.len());
                last = next.last;
                batch.push(next);
            }
            if last {
                calls.close();
            }
            // Boxed, as everything that a session does seldom: it waits here most of its life.
            Box::pin(self.settle(batch)).await;
            if last {
                break;
            }
        }
        while let Some(late) = calls.recv().await {
            self.answer(late, Err(Failure::Closed));
        }
    }

    async fn settle(&self, mut batch: Vec<Call>) {
        let sizes: Vec<usize> = batch.iter().map(|call| call.writes.len()).collect();
        let parts = batch
            .iter_mut()
            .map(|call| std::mem::take(&mut call.writes));
        let writes: Arc<Vec<Write>> = Arc::new(parts.flatten().collect());
        match self.commit(Arc::clone(&writes)).await {
            Ok(counts) => {
                let mut counts = counts.into_iter();
                for (call, size) in batch.into_iter().zip(sizes) {
                    self.answer(call, Ok(counts.by_ref().take(size).collect()));
                }
            }
            // One call's writes may be the guilty ones: each goes alone.
            Err(Failure::Store(Error::Database(_))) if batch.len() > 1 => {
                let mut writes = Arc::unwrap_or_clone(writes).into_iter();
                for (call, size) in batch.into_iter().zip(sizes) {
                    let own = writes.by_ref().take(size).collect();
                    let outcome = self.commit(Arc::new(own)).await;
                    self.answer(call, outcome);
                }
            }
            Err(failure) => {
                for call in batch {
                    self.answer(call, Err(failure.clone()));
                }
            }
        }
    }

    async fn commit(&self, writes: Arc<Vec<Write>>) -> Answer {
        if writes.is_empty() {
            return self.standing.check().map(|()| Vec::new());
        }
        self.standing
            .until_deadline(|| self.vault.write(Arc::clone(&writes)))
            .await
    }

    fn answer(&self, call: Call, outcome: Answer) {
        if let Err(failure) = &outcome {
            // The cache may hold what was not committed.
            self.hot.forget_all();
            tracing::warn!(%failure, session = %self.vault.held().session, "a write of the vault failed");
        }
        if call.awaited_by_reads {
            self.unsettled.fetch_sub(1, Ordering::AcqRel);
        }
        if let Some(reply) = call.reply {
            // The caller may have gone; its write stands all the same.
            drop(reply.send(outcome));
            return;
        }
        self.metrics.waiting.dec();
        if outcome.is_err() {
            self.metrics.lost.inc();
        }
    }
}
