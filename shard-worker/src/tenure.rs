//! The registrations of this process as a shard, renewed by a thread that has its own runtime,
//! so that a busy one cannot delay a renewal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus::IntCounter;
use store::Store;
use store::leases::{self, Incarnation, Registration, Renewer};
use switchyard_core::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::figures::Gauge;
use crate::lease::{Deadline, boot_clock};

/// How long to wait before registering again after a refusal.
const REGISTER_AGAIN: Duration = Duration::from_millis(250);
/// How long giving a registration back may take at the end.
const GIVE_BACK: Duration = Duration::from_secs(2);
/// What clocks and a slow database may add to the lease of a predecessor.
const MARGIN: Duration = Duration::from_secs(2);
/// How the store calls a number that a live process has.
const NUMBER_TAKEN: &str = "shard_number_taken";

/// One registration and how long it is good for. One that was lost never comes back: the next is another one.
#[derive(Debug)]
pub(crate) struct Lease {
    incarnation: Incarnation,
    span_ms: i64,
    deadline: Deadline,
    lost: CancellationToken,
}

impl Lease {
    /// A registration that was asked for at `asked_at` (boot clock) and granted for `lease`.
    pub(crate) fn new(incarnation: Incarnation, asked_at: i64, lease: Duration) -> Self {
        // The last third belongs to whoever takes over: by then this process has hung up by itself.
        let span = lease.saturating_mul(2).checked_div(3).unwrap_or(lease);
        let span_ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self {
            incarnation,
            span_ms,
            deadline: Deadline::at(asked_at.saturating_add(span_ms)),
            lost: CancellationToken::new(),
        }
    }

    /// Which registration this is.
    pub(crate) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Until when frames may leave and writes may be retried.
    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Whether a frame may leave now.
    pub(crate) fn is_good(&self) -> bool {
        !self.deadline.remaining().is_zero()
    }

    /// Cancelled when it is over.
    pub(crate) fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    fn extend(&self, asked_at: i64) {
        self.deadline
            .extend_to(asked_at.saturating_add(self.span_ms));
    }

    fn lose(&self) {
        self.deadline.end();
        self.lost.cancel();
    }
}

/// What a registration says.
#[derive(Debug, Clone)]
pub(crate) struct TenureOptions {
    /// The shard's number, from 1.
    pub(crate) number: u16,
    /// Where workers reach it.
    pub(crate) url: String,
    /// How many sessions it takes.
    pub(crate) capacity: u32,
    /// For how long each renewal is good.
    pub(crate) lease: Duration,
}

/// The registrations of this process, one after the other.
#[derive(Debug)]
pub(crate) struct Tenure {
    current: watch::Receiver<Option<Arc<Lease>>>,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Tenure {
    /// Registers, and goes on renewing until [`Tenure::end`]. A number whose holder died without giving it back is
    /// waited for until that lease has lapsed.
    ///
    /// # Errors
    /// The first registration was refused, or the thread could not be started.
    pub(crate) async fn begin(
        store: Store,
        options: TenureOptions,
        gauge: Gauge,
        lost: IntCounter,
    ) -> crate::Result<Self> {
        let first = register_first(&store, &options).await?;
        let (sender, current) = watch::channel(Some(first));
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(crate::Error::Thread)?;
        let stopping = stop.clone();
        let thread = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let mut renewing = Renewing {
                        renewer: Renewer::new(&store),
                        gauge,
                        lost,
                        stop: stopping,
                    };
                    renewing.keep(&store, &options, &sender).await;
                });
            })
            .map_err(crate::Error::Thread)?;
        Ok(Self {
            current,
            stop,
            thread: Some(thread),
        })
    }

    /// The registration of now; none while there is none.
    pub(crate) fn current(&self) -> watch::Receiver<Option<Arc<Lease>>> {
        self.current.clone()
    }

    /// Gives the registration back and ends the thread.
    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let ended = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::error!("the lease thread ended badly");
            }
        }
    }
}

async fn register_first(store: &Store, options: &TenureOptions) -> crate::Result<Arc<Lease>> {
    // A predecessor that was killed just after a renewal leaves a whole lease; one that outlasts it is alive.
    let patience = options.lease.saturating_add(MARGIN);
    let started = Instant::now();
    loop {
        match register(store, options).await {
            Ok(lease) => return Ok(lease),
            Err(store::Error::Conflict(NUMBER_TAKEN)) if started.elapsed() < patience => {}
            Err(store::Error::Conflict(NUMBER_TAKEN)) => return Err(crate::Error::NumberTaken),
            Err(error) => return Err(error.into()),
        }
        if started.elapsed() < REGISTER_AGAIN {
            tracing::info!(
                number = options.number,
                "waiting for the lease of the last process with this number"
            );
        }
        tokio::time::sleep(REGISTER_AGAIN).await;
    }
}

async fn register(store: &Store, options: &TenureOptions) -> store::Result<Arc<Lease>> {
    loop {
        let asked_at = boot_clock();
        let registration = Registration {
            number: options.number,
            url: options.url.clone(),
            capacity: options.capacity,
            lease: options.lease,
        };
        let incarnation = leases::register(store, Timestamp::now(), registration).await?;
        let lease = Lease::new(incarnation, asked_at, options.lease);
        // One that was granted so late would be over before its first renewal.
        if lease.deadline().remaining() > third_of(options.lease) {
            return Ok(Arc::new(lease));
        }
        give_back(store, incarnation).await;
    }
}

/// Of a lease: how long until it is renewed, and how long that may take.
fn third_of(lease: Duration) -> Duration {
    lease.checked_div(3).unwrap_or(lease)
}

/// What renews.
struct Renewing {
    renewer: Renewer,
    gauge: Gauge,
    /// Counts leases that were lost.
    lost: IntCounter,
    stop: CancellationToken,
}

impl Renewing {
    async fn keep(
        &mut self,
        store: &Store,
        options: &TenureOptions,
        sender: &watch::Sender<Option<Arc<Lease>>>,
    ) {
        let mut last = None;
        loop {
            let held = sender.borrow().clone();
            let Some(lease) = held else {
                let anew = register_anew(store, options, last, sender, &self.stop);
                if anew.await == Ended::Stopped {
                    return;
                }
                continue;
            };
            last = Some(lease.incarnation());
            let ended = self.until_lost(&lease, options.lease).await;
            lease.lose();
            sender.send_replace(None);
            if ended == Ended::Stopped {
                give_back(store, lease.incarnation()).await;
                return;
            }
            self.lost.inc();
            tracing::warn!(number = options.number, "the lease is lost");
        }
    }

    async fn until_lost(&mut self, lease: &Lease, span: Duration) -> Ended {
        let third = third_of(span);
        let mut pause = third;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ended::Stopped,
                () = tokio::time::sleep(pause) => {}
            }
            // A process that was paused past its lease must not take it up again: another may have acted on its end.
            if !lease.is_good() {
                return Ended::Lost;
            }
            let asked_at = boot_clock();
            // What is left of the lease may be less than a renewal takes: one that comes after its end changes nothing.
            let most = third.min(lease.deadline().remaining());
            let renewal = (self.renewer).renew(lease.incarnation(), span, self.gauge.read());
            pause = match timeout(most, renewal).await {
                Ok(Ok(true)) => {
                    lease.extend(asked_at);
                    third
                }
                Ok(Ok(false)) => return Ended::Lost,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the lease could not be renewed; again at once");
                    third.checked_div(10).unwrap_or(third)
                }
                Err(_elapsed) => {
                    tracing::warn!("the lease could not be renewed in time; again at once");
                    Duration::ZERO
                }
            };
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Lost,
    Stopped,
}

async fn register_anew(
    store: &Store,
    options: &TenureOptions,
    last: Option<Incarnation>,
    sender: &watch::Sender<Option<Arc<Lease>>>,
    stop: &CancellationToken,
) -> Ended {
    loop {
        let registered = tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            registered = register(store, options) => registered,
        };
        match registered {
            Ok(lease) => {
                tracing::info!(number = options.number, "registered anew");
                sender.send_replace(Some(lease));
                return Ended::Lost;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot register as a shard yet");
                // A renewal that came late, long given up here, keeps the number for the lease that was lost.
                if let (store::Error::Conflict(NUMBER_TAKEN), Some(last)) = (error, last) {
                    give_back(store, last).await;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            () = tokio::time::sleep(REGISTER_AGAIN) => {}
        }
    }
}

async fn give_back(store: &Store, incarnation: Incarnation) {
    match timeout(GIVE_BACK, leases::deregister(store, incarnation)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the registration was not given back"),
        Err(_elapsed) => tracing::warn!("the registration was not given back in time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn it_is_good_for_two_thirds_and_once_lost_for_ever_lost() {
        let fresh = |ms| {
            Lease::new(
                Incarnation(Uuid::nil()),
                boot_clock(),
                Duration::from_millis(ms),
            )
        };
        assert!(!fresh(0).is_good());
        let lease = fresh(60_000);
        assert!(lease.is_good());
        assert!(lease.deadline().remaining() <= Duration::from_secs(40));
        lease.lose();
        lease.extend(boot_clock());
        assert!(!lease.is_good());
    }
}
