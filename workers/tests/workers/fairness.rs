//! One business's backlog never delays another's job.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use switchyard_core::BusinessId;
use tokio::sync::Semaphore;
use workers::{Outcome, Pace};

use crate::bench::{Bench, FAST, both_engines, eventually, performing};

both_engines! {
    async fn ten_thousand_jobs_of_one_do_not_delay_the_job_of_another(bench: &Bench) {
        let (large, small) = (BusinessId::generate(), BusinessId::generate());
        let done = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(Mutex::new(None));
        let perform = performing({
            let (done, seen) = (Arc::clone(&done), Arc::clone(&seen));
            move |assignment| {
                let before = done.fetch_add(1, Ordering::SeqCst);
                if assignment.business == Some(small) {
                    *seen.lock().unwrap() = Some(before);
                }
                async { Outcome::Done }
            }
        });
        bench.push(large, 10_000).await;
        let crew = bench.crew(FAST, 32, perform);
        eventually("the backlog is being worked on", || async { done.load(Ordering::SeqCst) > 500 }).await;
        let at_push = done.load(Ordering::SeqCst);
        bench.push(small, 1).await;
        eventually("the small business is served", || async { seen.lock().unwrap().is_some() }).await;
        let before = seen.lock().unwrap().unwrap() - at_push;
        assert!(before < 1_000, "{before} jobs of the other business went first");
        crew.stop_hard().await;
    }

    async fn a_business_that_is_alone_and_hangs_does_not_keep_the_next_one_waiting(bench: &Bench) {
        let (hanging, next) = (BusinessId::generate(), BusinessId::generate());
        let (begun, served) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let gate = Arc::new(Semaphore::new(0));
        let perform = performing({
            let (begun, served, gate) = (Arc::clone(&begun), Arc::clone(&served), Arc::clone(&gate));
            move |assignment| {
                let (begun, served, gate) = (Arc::clone(&begun), Arc::clone(&served), Arc::clone(&gate));
                async move {
                    if assignment.business == Some(hanging) {
                        begun.fetch_add(1, Ordering::SeqCst);
                        drop(gate.acquire().await);
                    } else {
                        served.fetch_add(1, Ordering::SeqCst);
                    }
                    Outcome::Done
                }
            }
        });
        bench.push(hanging, 100).await;
        let patient = Pace { timeout_at_most: crate::bench::DEADLINE, ..FAST };
        let crew = bench.crew(patient, 16, perform);
        eventually("the first one has what it may", || async { begun.load(Ordering::SeqCst) == 14 }).await;
        bench.push(next, 20).await;
        eventually("the next one is served", || async { served.load(Ordering::SeqCst) == 20 }).await;
        assert_eq!(begun.load(Ordering::SeqCst), 14, "an eighth of 16 slots was kept free");
        gate.close();
        bench.idle().await;
        crew.stop().await;
    }

    async fn a_business_whose_jobs_hang_leaves_three_quarters_of_the_slots(bench: &Bench) {
        let (hanging, small) = (BusinessId::generate(), BusinessId::generate());
        let served = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let perform = performing({
            let (served, gate) = (Arc::clone(&served), Arc::clone(&gate));
            move |assignment| {
                let (served, gate) = (Arc::clone(&served), Arc::clone(&gate));
                async move {
                    if assignment.business == Some(hanging) {
                        drop(gate.acquire().await);
                    } else {
                        served.fetch_add(1, Ordering::SeqCst);
                    }
                    Outcome::Done
                }
            }
        });
        // Both wait before the first claim, so that neither is alone.
        bench.push(hanging, 100).await;
        bench.push(small, 100).await;
        let patient = Pace { timeout_at_most: crate::bench::DEADLINE, ..FAST };
        let crew = bench.crew(patient, 8, perform);
        eventually("the small business is served", || async { served.load(Ordering::SeqCst) == 100 }).await;
        gate.close();
        bench.idle().await;
        crew.stop().await;
    }
}
