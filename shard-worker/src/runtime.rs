//! The tasks of one client: all of them are known, so that the end of a client is the end of its last task.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use wacore::runtime::{AbortHandle, Runtime};

type Task = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Runs a client's tasks on the process's runtime, counts them and can end them all.
#[derive(Debug, Clone)]
pub(crate) struct ClientRuntime {
    handle: Handle,
    tasks: TaskTracker,
    cut: CancellationToken,
    broken: CancellationToken,
}

impl ClientRuntime {
    /// For one client, on the runtime of the caller.
    pub(crate) fn new() -> Self {
        Self {
            handle: Handle::current(),
            tasks: TaskTracker::new(),
            cut: CancellationToken::new(),
            broken: CancellationToken::new(),
        }
    }

    /// Ends the client's tasks when it is dropped, should nobody wait for their end.
    pub(crate) fn cut_on_drop(&self) -> DropGuard {
        self.cut.clone().drop_guard()
    }

    /// Cancelled when a task of the client has panicked.
    pub(crate) fn broken(&self) -> CancellationToken {
        self.broken.clone()
    }

    /// Ends the client's tasks and waits for the last one.
    pub(crate) async fn end(&self) {
        self.cut.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn tracked(&self, task: Task) -> impl Future<Output = ()> + Send + 'static {
        let cut = self.cut.clone();
        let alarm = Alarm(self.broken.clone());
        let work = async move {
            let _alarm = alarm;
            cut.run_until_cancelled(task).await;
        };
        // What the client logs names the session.
        self.tasks.track_future(work.in_current_span())
    }
}

/// Goes off when it is dropped by a panic.
struct Alarm(CancellationToken);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a task of a client panicked: its connection is given up");
            self.0.cancel();
        }
    }
}

#[async_trait]
impl Runtime for ClientRuntime {
    fn spawn(&self, future: Task) -> AbortHandle {
        let task = self.handle.spawn(self.tracked(future));
        AbortHandle::new(move || task.abort())
    }

    fn spawn_detached(&self, future: Task) {
        drop(self.handle.spawn(self.tracked(future)));
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn_blocking(
        &self,
        work: Box<dyn FnOnce() + Send + 'static>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let alarm = Alarm(self.broken.clone());
        let work = self.handle.spawn_blocking(move || {
            let _alarm = alarm;
            work();
        });
        Box::pin(async move {
            if work.await.is_err() {
                tracing::error!("a blocking task of a client ended badly");
            }
        })
    }

    fn yield_now(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_does_not_end_is_ended() {
        let runtime = ClientRuntime::new();
        runtime.spawn_detached(Box::pin(std::future::pending()));
        runtime.end().await;
        assert!(runtime.tasks.is_empty());
    }

    #[tokio::test]
    async fn a_task_that_panics_is_told_and_one_that_is_ended_is_not() {
        let runtime = ClientRuntime::new();
        runtime.spawn_detached(Box::pin(std::future::pending()));
        runtime.end().await;
        assert!(!runtime.broken().is_cancelled());

        let runtime = ClientRuntime::new();
        runtime.spawn_detached(Box::pin(async { panic!("on purpose") }));
        let told = runtime.broken();
        let told = tokio::time::timeout(Duration::from_secs(10), told.cancelled());
        told.await.unwrap();
    }
}
