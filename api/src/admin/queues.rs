//! Queues as operators see them: how deep, how old, how fast, paused or not, and by how many workers they are served.

use serde::Serialize;
use store::Store;
use store::jobs::Count;
use store::queues::{self, Standing, WorkerSeen};
use switchyard_core::Timestamp;
use switchyard_core::queue::{Group, Queue};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;
use crate::problem::Problem;

mod depths;
mod list;
mod minutes;
mod pause;

pub(crate) use depths::Depths;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_queues)
        .service(minutes::queue_minutes)
        .service(pause::pause_queue)
        .service(pause::resume_queue);
}

/// A worker process tells every five seconds that it lives; one that missed three times does not.
const LIVES: std::time::Duration = std::time::Duration::from_secs(16);

/// A queue of background jobs.
#[derive(Serialize, ToSchema)]
#[schema(as = QueueStanding)]
pub(crate) struct QueueObject {
    /// Its name.
    queue: Queue,
    /// The group of workers that serves it.
    group: Group,
    /// Jobs that wait, due or not.
    waiting: i64,
    /// Jobs that run.
    running: i64,
    /// Dead letters: jobs that will not be tried again unless somebody asks.
    dead: i64,
    /// For how many seconds the job that is due longest has been due; `null` when none is due.
    oldest_s: Option<u64>,
    /// Jobs that came in, a second, over the last two to three minutes.
    arriving_per_s: f64,
    /// Jobs that ended, done or dead, a second.
    leaving_per_s: f64,
    /// Attempts that failed, a second.
    failing_per_s: f64,
    /// Jobs done since the beginning.
    done_total: i64,
    /// Attempts that failed since the beginning, of jobs that came again.
    failed_total: i64,
    /// Jobs that died since the beginning.
    dead_total: i64,
    /// Whether nobody claims from it.
    paused: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_at: Option<Timestamp>,
    /// Live worker processes that serve it.
    workers: usize,
}

impl QueueObject {
    fn new(now: Timestamp, standing: &Standing, counts: &[Count], workers: &[WorkerSeen]) -> Self {
        let queue = standing.queue;
        let group = queue.policy().group;
        let count = counts.iter().find(|it| it.queue == queue).copied();
        let count = count.unwrap_or(Count::nothing(queue));
        let rates = standing.rates(now, count.waiting.saturating_add(count.running));
        let live = |it: &&WorkerSeen| it.age < LIVES && it.serves.contains(&group);
        Self {
            queue,
            group,
            waiting: count.waiting,
            running: count.running,
            dead: count.dead,
            oldest_s: count.oldest.map(|since| now.since(since).as_secs()),
            arriving_per_s: rates.arriving,
            leaving_per_s: rates.leaving,
            failing_per_s: rates.failing,
            done_total: standing.totals.done,
            failed_total: standing.totals.failed,
            dead_total: standing.totals.dead,
            paused: standing.paused_at.is_some(),
            paused_at: standing.paused_at,
            workers: workers.iter().filter(live).count(),
        }
    }
}

/// Every queue as it stands now.
async fn all(state: &State) -> Result<Vec<QueueObject>, Problem> {
    let (store, now): (&Store, _) = (&state.store, Timestamp::now());
    let counts = state.depths.counts(store, now).await?;
    let standing = queues::standing(store, now).await?;
    let workers = queues::workers(store, now).await?;
    let object = |it: &Standing| QueueObject::new(now, it, &counts, &workers);
    Ok(standing.iter().map(object).collect())
}

/// One of them.
async fn one(state: &State, queue: Queue) -> Result<QueueObject, Problem> {
    let found = all(state).await?.into_iter().find(|it| it.queue == queue);
    found.ok_or_else(Problem::not_found)
}
