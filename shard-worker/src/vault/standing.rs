//! How the holder stands: until when it may try, and whether something happened that ends it.

use std::pin::pin;
use std::time::Duration;

use store::Error;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::fault::Failure;
use crate::lease::Deadline;

/// The first wait before a connection is tried again; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(25);
/// The longest wait before a connection is tried again.
const RETRY_LAST: Duration = Duration::from_secs(1);
/// A call has so long even when the deadline is near or over: the fence decides then, not the clock.
const LEAST: Duration = Duration::from_secs(1);

/// What ends the use of a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Another holder has the session.
    Fenced,
    /// A row does not open: damaged, or sealed under another key.
    Unreadable,
    /// There is no room where the database lives.
    StorageFull,
    /// The database did not answer while the lease was good. What the client gave up meanwhile it takes up again at its
    /// next connection only: a message that it could not put aside is not offered before.
    Unanswered,
}

/// How one holder stands. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    deadline: Deadline,
    fenced: CancellationToken,
    trouble: watch::Sender<Option<Trouble>>,
}

impl Standing {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self {
            deadline,
            fenced: CancellationToken::new(),
            trouble: watch::Sender::new(None),
        }
    }

    pub(super) fn fenced(&self) -> CancellationToken {
        self.fenced.clone()
    }

    pub(super) fn trouble(&self) -> watch::Receiver<Option<Trouble>> {
        self.trouble.subscribe()
    }

    /// Refuses once the session was lost.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.fenced.is_cancelled() {
            return Err(Error::Fenced.into());
        }
        Ok(())
    }

    /// Runs a call of the store, again while the database cannot be reached and the deadline allows: renewals move it, so
    /// that one dead connection costs the time until the store gives that up and no more. Once fenced, nothing is asked
    /// any more.
    pub(super) async fn until_deadline<T, C, F>(&self, mut call: C) -> Result<T, Failure>
    where
        C: FnMut() -> F,
        F: Future<Output = store::Result<T>>,
    {
        let mut wait = RETRY_FIRST;
        loop {
            self.check()?;
            let Some(outcome) = self.within_deadline(call()).await else {
                self.meet(Trouble::Unanswered);
                return Err(Failure::OutOfTime);
            };
            match outcome {
                Err(Error::Unavailable(_)) if wait < self.deadline.remaining() => {
                    sleep(wait).await;
                    wait = wait.saturating_mul(2).min(RETRY_LAST);
                }
                Err(error) => {
                    self.note(&error);
                    return Err(error.into());
                }
                Ok(done) => return Ok(done),
            }
        }
    }

    /// The answer of a call; none when the deadline passed before it, wherever renewals had moved that meanwhile.
    async fn within_deadline<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let mut call = pin!(call);
        let mut left = self.deadline.remaining().max(LEAST);
        while !left.is_zero() {
            if let Ok(answer) = timeout(left, &mut call).await {
                return Some(answer);
            }
            left = self.deadline.remaining();
        }
        None
    }

    /// Remembers what ends the use of the vault.
    fn note(&self, error: &Error) {
        let trouble = match error {
            Error::Fenced => Trouble::Fenced,
            Error::VaultUnreadable => Trouble::Unreadable,
            Error::StorageFull => Trouble::StorageFull,
            Error::Unavailable(_) => Trouble::Unanswered,
            _ => return,
        };
        self.meet(trouble);
    }

    /// The first trouble counts, but none as much as another holder.
    fn meet(&self, trouble: Trouble) {
        let is_fenced = trouble == Trouble::Fenced;
        if is_fenced {
            self.fenced.cancel();
        }
        self.trouble.send_if_modified(|first| {
            let news = first.is_none() || (is_fenced && *first != Some(trouble));
            if news {
                *first = Some(trouble);
            }
            news
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::boot_clock;

    #[tokio::test]
    async fn a_call_may_last_as_long_as_renewals_move_the_deadline() {
        let deadline = Deadline::within(Duration::ZERO);
        let standing = Standing::new(deadline.clone());
        let call = || async {
            // Once it has begun, and with it the wait for the first deadline.
            deadline.extend_to(boot_clock() + 3_600_000);
            sleep(LEAST * 2).await;
            Ok(7)
        };
        assert_eq!(standing.until_deadline(call).await.unwrap(), 7);
        assert_eq!(*standing.trouble().borrow(), None);

        deadline.end();
        let call = std::future::pending::<store::Result<u8>>;
        let failure = standing.until_deadline(call).await.unwrap_err();
        assert!(matches!(failure, Failure::OutOfTime), "{failure}");
        assert_eq!(*standing.trouble().borrow(), Some(Trouble::Unanswered));
    }
}
