//! How jobs end: done once, tried again, dead with a reason; and that the workers outlive a database's bad moment.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use switchyard_core::{BusinessId, JobId};
use workers::{Outcome, Pace, Perform};

use crate::bench::{Bench, DEADLINE, FAST, both_engines, eventually, performing};

/// Nothing lapses and nothing is stopped, however busy the machine: what runs twice was handed out twice.
const PATIENT: Pace = Pace {
    lease: DEADLINE,
    timeout_at_most: DEADLINE,
    ..FAST
};

/// Counts the runs of each job.
fn counting(runs: &Arc<Mutex<HashMap<JobId, usize>>>) -> Perform {
    let runs = Arc::clone(runs);
    performing(move |assignment| {
        *runs.lock().unwrap().entry(assignment.id).or_default() += 1;
        async { Outcome::Done }
    })
}

async fn dies_of(bench: &Bench, code: &str, perform: Perform) {
    bench.push(BusinessId::generate(), 1).await;
    let crew = bench.crew(FAST, 4, perform);
    eventually("the job is dead", || async {
        bench.depth().await.dead == 1
    })
    .await;
    let dead = bench.dead().await;
    assert_eq!(dead[0].last_error.as_deref(), Some(code));
    assert_eq!(dead[0].attempts, 10);
    crew.stop().await;
}

both_engines! {
    async fn every_job_runs_exactly_once(bench: &Bench) {
        let runs = Arc::new(Mutex::new(HashMap::new()));
        for _ in 0..5 {
            bench.push(BusinessId::generate(), 200).await;
        }
        let first = bench.crew(PATIENT, 8, counting(&runs));
        let second = bench.crew(PATIENT, 8, counting(&runs));
        bench.idle().await;
        first.stop().await;
        second.stop().await;
        let runs = runs.lock().unwrap();
        assert_eq!((runs.len(), runs.values().sum::<usize>()), (1_000, 1_000));
    }

    async fn a_job_that_fails_is_tried_again_and_dies_with_its_reason(bench: &Bench) {
        dies_of(bench, "refused", performing(|_| async { Outcome::Failed { code: "refused" } })).await;
    }

    async fn a_job_that_panics_every_time_dies_too(bench: &Bench) {
        dies_of(bench, "panicked", performing(|_| async { panic!("on purpose") })).await;
    }

    async fn a_job_that_takes_too_long_is_stopped_before_it_is_tried_again(bench: &Bench) {
        let alive = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let perform = performing({
            let (alive, most) = (Arc::clone(&alive), Arc::clone(&most));
            move |_| {
                let alive = Alive::new(&alive);
                most.fetch_max(alive.0.load(Ordering::SeqCst), Ordering::SeqCst);
                async move {
                    let _alive = alive;
                    std::future::pending().await
                }
            }
        });
        dies_of(bench, "timed_out", perform).await;
        assert_eq!(most.load(Ordering::SeqCst), 1, "two attempts never run side by side");
        assert_eq!(alive.load(Ordering::SeqCst), 0, "nothing runs on");
    }

    async fn a_cut_connection_ends_no_worker(bench: &Bench) {
        let runs = Arc::new(Mutex::new(HashMap::new()));
        let crew = bench.crew(FAST, 8, counting(&runs));
        for _ in 0..5 {
            bench.push(BusinessId::generate(), 50).await;
            bench.cut().await;
            // The pool needs a moment to see that its connections are gone.
            eventually("the database answers", || async { bench.store.ping().await.is_ok() }).await;
        }
        eventually("everything is carried out", || async {
            let counts = store::jobs::counts(&bench.store, switchyard_core::Timestamp::now()).await;
            counts.is_ok_and(|all| all.iter().all(|it| it.waiting + it.running == 0))
        })
        .await;
        crew.stop().await;
        assert!(bench.dead().await.is_empty());
        assert_eq!(runs.lock().unwrap().len(), 250, "none is lost");
    }
}

/// Counts itself while it lives.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_hints_the_result_is_the_same() {
    let bench = Bench::sqlite(false).await;
    let runs = Arc::new(Mutex::new(HashMap::new()));
    let crew = bench.crew(PATIENT, 8, counting(&runs));
    for _ in 0..3 {
        bench.push(BusinessId::generate(), 100).await;
    }
    bench.idle().await;
    crew.stop().await;
    assert_eq!(runs.lock().unwrap().values().sum::<usize>(), 300);
}
