//! Our implementation of apalis-core's `Persistence`: what apalis asks for is answered from the jobs table.

use std::convert::Infallible;

use apalis_core::backend::persistence::{Persistence, TaskEvent};
use apalis_core::task::Task;
use apalis_core::worker::context::WorkerContext;

use crate::claims::{Assigned, Claims};

/// The jobs of one kind as apalis sees them. Never fails, by its type: an error would end the worker.
///
/// Leases, ends and lapsed claims have tasks of their own (`keeper`, `finisher`): apalis sends no heartbeat while
/// all slots are busy, and asks for nothing while it waits for a batch.
#[derive(Clone)]
pub(crate) struct Source {
    claims: Claims,
}

impl Source {
    pub(crate) fn new(claims: Claims) -> Self {
        Self { claims }
    }
}

impl Persistence for Source {
    type Compact = Assigned;
    type Response = ();
    type Error = Infallible;

    /// A worker is known by its claims alone.
    async fn register(&mut self, _worker: &WorkerContext) -> Result<(), Infallible> {
        Ok(())
    }

    /// Nothing hangs on apalis's heartbeat.
    async fn heartbeat(&mut self, _worker: &WorkerContext) -> Result<(), Infallible> {
        Ok(())
    }

    /// Waits until at least one job is claimed.
    async fn fetch_next(
        &mut self,
        _worker: &WorkerContext,
    ) -> Result<Vec<Task<Assigned>>, Infallible> {
        let assigned = self.claims.next().await;
        Ok(assigned.into_iter().map(Task::new).collect())
    }

    /// Jobs that were claimed but not begun are handed back with all others when the process ends.
    async fn reenqueue_abandoned(
        &mut self,
        tasks: Vec<Task<Assigned>>,
        _worker: &WorkerContext,
    ) -> Result<u64, Infallible> {
        Ok(u64::try_from(tasks.len()).unwrap_or(u64::MAX))
    }

    /// Ends go to the finisher, not through apalis.
    async fn handle_events(
        &mut self,
        _events: Vec<TaskEvent<()>>,
        _worker: &WorkerContext,
    ) -> Result<(), Infallible> {
        Ok(())
    }

    /// Jobs are pushed inside the transactions of the store, never through apalis.
    async fn push_tasks(&mut self, _tasks: Vec<Task<Assigned>>) -> Result<(), Infallible> {
        Ok(())
    }
}
