//! The backend that apalis polls: its `Persisted` over our `Source`.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::persistence::Persisted;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::worker::context::WorkerContext;
use tower::layer::util::Identity;

use crate::claims::Assigned;
use crate::source::Source;

/// How often apalis runs its heartbeat, on which nothing of ours depends.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Claimed jobs of one kind.
pub(crate) struct Jobs(Persisted<Source>);

impl Jobs {
    pub(crate) fn new(source: Source) -> Self {
        Self(Persisted::new(source))
    }
}

impl Backend for Jobs {
    type Task = Task<Assigned>;
    type Error = Infallible;

    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx, worker, HEARTBEAT)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<Assigned>, Infallible>>> {
        self.0.poll_next(cx, worker)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        self.0.poll_close(cx, worker)
    }
}

impl BackendConfig for Jobs {
    type Args = Assigned;
    type Id = ();
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}
