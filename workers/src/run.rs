//! Carrying out one claimed job: its time limit, its panics, and the loss of its claim.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use apalis_core::task::Task;
use futures_util::future::BoxFuture;
use store::jobs::{Claimed, End};
use switchyard_core::job::Job;
use switchyard_core::{Timestamp, Trace};
use tower::Service;
use tracing::Instrument;

use crate::claims::{Assigned, KindLane};
use crate::finisher::Ended;
use crate::outcome::{Assignment, Outcome};
use crate::process::Process;

/// The tower service at the end of every apalis worker.
#[derive(Clone)]
pub(crate) struct Run {
    process: Process,
    lane: Arc<KindLane>,
}

impl Run {
    pub(crate) fn new(process: Process, lane: Arc<KindLane>) -> Self {
        Self { process, lane }
    }

    /// Carries it out, hands the end to the finisher, frees the slot.
    async fn run(self, assigned: Assigned) {
        let Assigned {
            claimed,
            lost,
            slot,
        } = assigned;
        let begun = Instant::now();
        let end = match claimed.job.clone() {
            None => Some(End::Dead {
                code: "unreadable_payload",
            }),
            Some(job) => {
                let assignment = Assignment {
                    id: claimed.id,
                    business: claimed.business,
                    job: job.clone(),
                    attempt: claimed.attempt,
                };
                let outcome = self.attempt(assignment, &lost).await;
                let (now, pace) = (Timestamp::now(), &self.process.pace);
                outcome.map(|it| it.end(&job, claimed.attempt, now, pace, rand::random()))
            }
        };
        self.observe(&claimed, begun.elapsed(), end.as_ref());
        self.process.holdings.over(claimed.id);
        if let Some(end) = end {
            self.tell(Ended {
                lane: Arc::clone(&self.lane),
                id: claimed.id,
                fence: claimed.fence,
                end,
            })
            .await;
        }
        drop(slot);
        self.lane.freed();
    }

    /// `None`: the claim was lost, so there is nothing to record.
    async fn attempt(
        &self,
        assignment: Assignment,
        lost: &tokio_util::sync::CancellationToken,
    ) -> Option<Outcome> {
        let timeout = self.timeout(&assignment.job);
        let trace = store::trace::current().unwrap_or_else(Trace::begin);
        let work = (self.process.perform)(assignment).in_current_span();
        let mut task = self.process.tasks.spawn(store::trace::within(trace, work));
        let outcome = tokio::select! {
            joined = &mut task => return Some(joined.unwrap_or_else(|error| {
                tracing::error!(kind = self.lane.kind, %error, "a job ended badly");
                Outcome::Failed { code: "panicked" }
            })),
            () = tokio::time::sleep(timeout) => Some(Outcome::Failed { code: "timed_out" }),
            () = lost.cancelled() => None,
            () = self.process.hard.cancelled() => Some(Outcome::Again {
                after: Duration::ZERO,
                code: "handed_back",
            }),
        };
        // Nothing of this attempt may run on while the next one runs.
        task.abort();
        match task.await {
            // It was done before it could be stopped.
            Ok(done) if outcome.is_some() => Some(done),
            _ => outcome,
        }
    }

    fn timeout(&self, job: &Job) -> Duration {
        let allowed = job.queue().policy().timeout;
        allowed.min(self.process.pace.timeout_at_most)
    }

    async fn tell(&self, ended: Ended) {
        if self.process.ends.send(ended).await.is_err() {
            tracing::warn!(
                kind = self.lane.kind,
                "a job ended after the finisher; its claim will lapse"
            );
        }
    }

    fn observe(&self, claimed: &Claimed, took: Duration, end: Option<&End>) {
        let metrics = &self.process.metrics;
        let seconds = metrics.seconds.with_label_values(&[self.lane.kind]);
        seconds.observe(took.as_secs_f64());
        if let Some(end) = end {
            self.process.tally.count(self.lane.queue, end);
        }
        let name = end.map_or("lost", End::name);
        metrics
            .ended
            .with_label_values(&[self.lane.queue.name(), self.lane.kind, name])
            .inc();
        store::told!(
            job.id = %claimed.id,
            job.kind = self.lane.kind,
            attempt = claimed.attempt,
            end = name,
            ?took,
            "a job ended"
        );
    }
}

/// What nobody asked for, such as a tick, begins a trace of its own.
fn trace_of(claimed: &Claimed) -> Trace {
    claimed
        .trace
        .as_ref()
        .map_or_else(Trace::begin, Trace::next)
}

impl Service<Task<Assigned>> for Run {
    type Response = ();
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<(), Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, task: Task<Assigned>) -> Self::Future {
        let run = self.clone();
        Box::pin(async move {
            let trace = trace_of(&task.args.claimed);
            let span = tracing::error_span!(
                "job",
                trace_id = trace.trace_id(),
                span_id = trace.span_id(),
                request_id = trace.request_id()
            );
            let running = run.run(task.args).instrument(span);
            store::trace::within(trace, running).await;
            Ok(())
        })
    }
}
