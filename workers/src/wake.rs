//! Waking the kinds: by a hint at once, and by a regular look in case a hint was lost or there are none.

use std::sync::Arc;

use store::{Hint, Store};
use switchyard_core::queue::Queue;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::claims::KindLane;
use crate::options::Pace;

/// Wakes until stopped. Many hints for one queue are one wake-up: a kind that is looking already looks once more.
pub(crate) async fn run(
    store: Store,
    lanes: Vec<Arc<KindLane>>,
    pace: Pace,
    stop: CancellationToken,
) {
    let mut hints = store.hints().subscribe();
    let mut looks = tokio::time::interval(pace.poll);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut hears = true;
    loop {
        let queue = tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => None,
            hint = hints.recv(), if hears => match hint {
                Ok(Hint::Jobs(queue)) => Some(queue),
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => {
                    hears = false;
                    continue;
                }
            },
        };
        wake(&lanes, queue);
    }
}

fn wake(lanes: &[Arc<KindLane>], queue: Option<Queue>) {
    let concerned = |lane: &&Arc<KindLane>| queue.is_none_or(|it| it == lane.queue);
    for lane in lanes.iter().filter(concerned) {
        lane.look.notify_one();
    }
}
