//! One caller of the writer: its verb, and where its answer goes once the group is committed.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use switchyard_core::Trace;
use tokio::sync::oneshot;

use crate::{Error, Result, Tx, trace};

/// A verb with its input, whatever its types are.
pub(super) trait Work: Send {
    /// Runs the verb inside the group's transaction and keeps its answer.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>>;
    /// Hands the kept answer to the caller, or the error of the whole group.
    fn settle(self: Box<Self>, group: Result<()>);
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

pub(super) struct Call<I, T, F> {
    input: I,
    verb: F,
    /// What the caller works for; the writer works for many.
    trace: Option<Trace>,
    answer: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<I, T, F> Call<I, T, F> {
    pub(super) fn new(input: I, verb: F, reply: oneshot::Sender<Result<T>>) -> Self {
        Self {
            input,
            verb,
            trace: trace::current(),
            answer: None,
            reply,
        }
    }
}

impl<I, T, F> Work for Call<I, T, F>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    F: for<'a> Fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            tx.trace.clone_from(&self.trace);
            // A panic of one verb must not take the writer, and with it every other caller, along.
            let outcome = AssertUnwindSafe((self.verb)(tx, &self.input))
                .catch_unwind()
                .await
                .unwrap_or_else(|_panic| Err(panicked()));
            let verdict = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
            self.answer = Some(outcome);
            verdict
        })
    }

    fn settle(self: Box<Self>, group: Result<()>) {
        let answer = match group {
            Ok(()) => self.answer.unwrap_or_else(|| Err(super::closed())),
            Err(error) => Err(error),
        };
        // The caller may have gone; its write is committed all the same.
        drop(self.reply.send(answer));
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

fn panicked() -> Error {
    Error::from(sqlx::Error::Protocol("a verb panicked".to_owned()))
}
