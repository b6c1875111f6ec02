//! Starting and stopping the workers of one process.

use std::sync::Arc;
use std::time::Duration;

use apalis_core::worker::builder::WorkerBuilder;
use switchyard_core::job::Job;
use switchyard_core::queue::{Group, Queue};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::Jobs;
use crate::claims::{Claims, KindLane};
use crate::finisher::{self, Recorder};
use crate::holdings::Holdings;
use crate::jobs::Context;
use crate::metrics::Metrics;
use crate::options::WorkerOptions;
use crate::outcome::Perform;
use crate::process::Process;
use crate::run::Run;
use crate::source::Source;
use crate::{keeper, schedule, wake};

/// After the hard stop: so long may the record of what ended still take.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// Why the workers could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A metric could not be registered.
    #[error("a metric of the workers could not be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The client for the shards could not be made.
    #[error("the client for the shards could not be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// The running workers of one process.
#[derive(Debug)]
pub struct Workers {
    soft: CancellationToken,
    ended: JoinHandle<()>,
}

impl Workers {
    /// Starts the workers of the product's jobs. `soft`: take nothing new, finish what runs; `hard`: hand back
    /// what runs, at once.
    pub fn start(
        options: &WorkerOptions,
        soft: CancellationToken,
        hard: CancellationToken,
    ) -> Result<Self, StartError> {
        let denied = crate::metrics::account_denied(&options.registry)?;
        let context = Context::new(options, denied)?;
        let perform = crate::jobs::performer(context);
        Self::start_with(options, perform, soft, hard)
    }

    /// Starts workers that carry out jobs in another way than the product.
    pub fn start_with(
        options: &WorkerOptions,
        perform: Perform,
        soft: CancellationToken,
        hard: CancellationToken,
    ) -> Result<Self, StartError> {
        let (ends, ended) = mpsc::channel(finisher::WAITING);
        let process = Process {
            store: options.store.clone(),
            worker: uuid::Uuid::now_v7().to_string().into(),
            pace: options.pace,
            perform,
            metrics: Metrics::register(&options.registry)?,
            holdings: Arc::new(Holdings::default()),
            tally: Arc::default(),
            ends,
            tasks: TaskTracker::new(),
            soft: soft.clone(),
            hard,
        };
        let lanes = lanes(options);
        let finisher = tokio::spawn(finisher::run(Recorder::of(&process), ended));
        let serves = options.groups.clone();
        let ended = tokio::spawn(serve(process, serves, lanes, finisher));
        Ok(Self { soft, ended })
    }

    /// Takes nothing new, and waits until everything that runs is finished or, after the hard stop, handed back.
    pub async fn stop(self) {
        self.soft.cancel();
        if let Err(error) = self.ended.await {
            tracing::error!(%error, "the workers ended badly");
        }
    }
}

fn lanes(options: &WorkerOptions) -> Vec<Arc<KindLane>> {
    let queues: Vec<Queue> = options.groups.iter().flat_map(|it| it.queues()).collect();
    let served = Job::KINDS
        .iter()
        .filter(|(_, queue)| queues.contains(queue));
    served
        .map(|(kind, queue)| Arc::new(KindLane::new(kind, *queue, options.slots(kind))))
        .collect()
}

/// The life of the process's workers, from the first claim to the last record.
async fn serve(
    process: Process,
    serves: Vec<Group>,
    lanes: Vec<Arc<KindLane>>,
    finisher: JoinHandle<()>,
) {
    // Nothing of a paused queue is claimed, not even at the start.
    keeper::look_for_pauses(&process, &lanes).await;
    // Ends with the last record, not with the soft stop: claims are renewed until then.
    let over = CancellationToken::new();
    let keepers = TaskTracker::new();
    keepers.spawn(keeper::renew(process.clone(), over.clone()));
    keepers.spawn(keeper::reap(process.clone(), process.soft.clone()));
    keepers.spawn(keeper::count(process.clone(), process.soft.clone()));
    keepers.spawn(keeper::beat(process.clone(), serves, over.clone()));
    keepers.spawn(keeper::obey(
        process.clone(),
        lanes.clone(),
        process.soft.clone(),
    ));
    keepers.spawn(wake::run(
        process.store.clone(),
        lanes.clone(),
        process.pace,
        process.soft.clone(),
    ));
    if lanes.iter().any(|it| it.queue == Queue::Maintenance) {
        keepers.spawn(schedule::run(process.clone(), process.soft.clone()));
    }
    let workers = TaskTracker::new();
    for lane in lanes {
        workers.spawn(work(process.clone(), lane));
    }
    workers.close();
    workers.wait().await;
    process.tasks.close();
    process.tasks.wait().await;
    over.cancel();
    keepers.close();
    keepers.wait().await;
    hand_back(process, finisher).await;
}

/// One apalis worker for one kind. It ends with the soft stop; should it end otherwise, it is started again.
async fn work(process: Process, lane: Arc<KindLane>) {
    while !process.soft.is_cancelled() {
        let name = format!("{}-{}", lane.kind, process.worker);
        let source = Source::new(Claims::new(process.clone(), Arc::clone(&lane)));
        let soft = process.soft.clone();
        let worker = WorkerBuilder::new(name)
            .backend(Jobs::new(source))
            .build(Run::new(process.clone(), Arc::clone(&lane)));
        let signal = async move {
            soft.cancelled().await;
            Ok::<(), std::io::Error>(())
        };
        if let Err(error) = worker.run_until(signal).await {
            tracing::error!(kind = lane.kind, %error, "a worker ended; starting it again");
        }
    }
}

/// Records what ended, then gives back whatever is still claimed.
async fn hand_back(process: Process, finisher: JoinHandle<()>) {
    let Process {
        store,
        worker,
        ends,
        metrics,
        ..
    } = process;
    drop(ends);
    let last = async {
        if let Err(error) = finisher.await {
            tracing::error!(%error, "the finisher ended badly");
        }
        let now = switchyard_core::Timestamp::now();
        if let Err(error) = store::jobs::hand_back(&store, now, &worker).await {
            metrics.refused("hand_back", &error);
        }
    };
    if tokio::time::timeout(LAST_WRITES, last).await.is_err() {
        tracing::warn!(
            "the database did not take the last records in time; those claims will lapse"
        );
    }
}
