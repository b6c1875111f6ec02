//! A paused queue: nothing of it begins, what runs is finished, and all of it goes on when it is resumed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use store::audit::Actor;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, Timestamp};
use workers::{Outcome, Pace, Perform};

use crate::bench::{Bench, FAST, both_engines, eventually, performing};

/// The product's own look at what is paused.
const USUAL: Pace = Pace {
    poll: Duration::from_secs(1),
    ..FAST
};

fn counting(done: &Arc<AtomicUsize>) -> Perform {
    let done = Arc::clone(done);
    performing(move |_| {
        done.fetch_add(1, Ordering::SeqCst);
        async { Outcome::Done }
    })
}

async fn pause(bench: &Bench, paused: bool) {
    let (now, home) = (Timestamp::now(), BusinessId::generate());
    let done = store::queues::pause(
        &bench.store,
        now,
        Actor::system(),
        home,
        Queue::High,
        paused,
    );
    assert!(done.await.unwrap());
}

both_engines! {
    async fn nothing_of_a_paused_queue_begins_and_all_of_it_goes_on(bench: &Bench) {
        pause(bench, true).await;
        bench.push(BusinessId::generate(), 20).await;
        let done = Arc::new(AtomicUsize::new(0));
        let crew = bench.crew(USUAL, 8, counting(&done));
        // A worker that looks for jobs has looked for pauses: what is counted below came before any claim.
        eventually("the worker is known", || async {
            !store::queues::workers(&bench.store, Timestamp::now()).await.unwrap().is_empty()
        })
        .await;
        let depth = bench.depth().await;
        assert_eq!((depth.waiting, done.load(Ordering::SeqCst)), (20, 0), "it waits visibly");
        pause(bench, false).await;
        bench.idle().await;
        assert_eq!(done.load(Ordering::SeqCst), 20);
        crew.stop().await;
    }

    async fn a_worker_at_full_speed_stops_within_two_seconds_of_the_word(bench: &Bench) {
        let done = Arc::new(AtomicUsize::new(0));
        bench.push(BusinessId::generate(), 10_000).await;
        let crew = bench.crew(USUAL, 2, counting(&done));
        eventually("the backlog is being worked on", || async { done.load(Ordering::SeqCst) > 50 }).await;
        pause(bench, true).await;
        let word = Instant::now();
        let last = Mutex::new((word, 0));
        eventually("nothing begins for a second", || async {
            let mut last = last.lock().unwrap();
            let now = done.load(Ordering::SeqCst);
            if now != last.1 {
                *last = (Instant::now(), now);
            }
            last.0.elapsed() > Duration::from_secs(1)
        })
        .await;
        let took = last.lock().unwrap().0.duration_since(word);
        assert!(took < Duration::from_secs(2), "it went on for {took:?}");
        assert!(bench.depth().await.waiting > 0, "there was more to do");
        crew.stop().await;
        let left = bench.depth().await;
        assert_eq!(left.running, 0, "what ran is finished");
    }

    async fn a_worker_says_what_it_serves_and_what_has_ended_in_it(bench: &Bench) {
        bench.push(BusinessId::generate(), 30).await;
        let crew = bench.crew(FAST, 8, counting(&Arc::default()));
        bench.idle().await;
        crew.stop().await;
        let now = Timestamp::now();
        let standing = store::queues::standing(&bench.store, now).await.unwrap();
        let high = standing.iter().find(|it| it.queue == Queue::High).unwrap();
        assert_eq!((high.totals.done, high.totals.dead), (30, 0));
        assert_eq!(store::queues::workers(&bench.store, now).await.unwrap().len(), 1);
    }
}
