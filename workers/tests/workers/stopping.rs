//! Workers that end, in every way, and what becomes of the jobs that they held.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use store::{Engine, Store};
use switchyard_core::BusinessId;
use tokio::sync::Semaphore;
use workers::{Outcome, Pace, Perform};

use crate::bench::{Bench, DEADLINE, FAST, both_engines, eventually, open, performing};

/// Jobs take as long as the test wants.
const PATIENT: Pace = Pace {
    timeout_at_most: DEADLINE,
    ..FAST
};

/// Every run waits at the gate; counts those that came to it.
fn gated(gate: &Arc<Semaphore>, begun: &Arc<AtomicUsize>) -> Perform {
    let (gate, begun) = (Arc::clone(gate), Arc::clone(begun));
    performing(move |_| {
        let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            drop(gate.acquire().await);
            Outcome::Done
        }
    })
}

/// The last instant up to which any claim is good.
async fn leased_until(store: &Store) -> i64 {
    let mut conn = store.read().await.unwrap();
    let sql = "select coalesce(max(lease_until), 0) from jobs";
    let (until,): (i64,) = match conn.engine() {
        Engine::Sqlite(connection) => sqlx::query_as(sql).fetch_one(connection).await.unwrap(),
        Engine::Postgres(connection) => sqlx::query_as(sql).fetch_one(connection).await.unwrap(),
    };
    until
}

both_engines! {
    async fn all_slots_busy_for_longer_than_the_lease_double_nothing(bench: &Bench) {
        let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        bench.push(BusinessId::generate(), 4).await;
        let busy = bench.crew(PATIENT, 4, gated(&gate, &begun));
        eventually("all slots are busy", || async { begun.load(Ordering::SeqCst) == 4 }).await;
        let idle = bench.crew(PATIENT, 4, gated(&gate, &begun));
        let first = leased_until(&bench.store).await;
        let lease = i64::try_from(PATIENT.lease.as_millis()).unwrap();
        eventually("three leases are over", || async {
            leased_until(&bench.store).await > first + 3 * lease
        })
        .await;
        gate.close();
        bench.idle().await;
        assert_eq!(begun.load(Ordering::SeqCst), 4, "no job began twice");
        busy.stop().await;
        idle.stop().await;
    }

    async fn a_soft_stop_finishes_what_runs_and_begins_nothing(bench: &Bench) {
        let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        bench.push(BusinessId::generate(), 10).await;
        let crew = bench.crew(PATIENT, 4, gated(&gate, &begun));
        eventually("all slots are busy", || async { begun.load(Ordering::SeqCst) == 4 }).await;
        let stop = tokio::spawn(crew.stop());
        gate.close();
        stop.await.unwrap();
        let depth = bench.depth().await;
        assert_eq!((depth.running, depth.waiting + i64::try_from(begun.load(Ordering::SeqCst)).unwrap()), (0, 10));
    }

    async fn a_hard_stop_hands_back_what_runs_uncounted(bench: &Bench) {
        let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        bench.push(BusinessId::generate(), 4).await;
        let crew = bench.crew(PATIENT, 4, gated(&gate, &begun));
        eventually("all slots are busy", || async { begun.load(Ordering::SeqCst) == 4 }).await;
        crew.stop_hard().await;
        let depth = bench.depth().await;
        assert_eq!((depth.waiting, depth.running), (4, 0));
        let attempts = Arc::new(Mutex::new(Vec::new()));
        let noting = performing({
            let attempts = Arc::clone(&attempts);
            move |assignment| {
                attempts.lock().unwrap().push(assignment.attempt);
                async { Outcome::Done }
            }
        });
        let heir = bench.crew(PATIENT, 4, noting);
        bench.idle().await;
        heir.stop().await;
        assert_eq!(*attempts.lock().unwrap(), [1; 4]);
    }
}

/// Where a child of a test finds the database that it works on.
const CHILD: &str = "SWITCHYARD_TEST_WORKER_FILE";

/// Not a test by itself: the process that a test kills. Its first jobs are done, all others hang.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_process() {
    let Ok(file) = std::env::var(CHILD) else {
        return;
    };
    let store = open(std::path::Path::new(&file), true).await;
    let turn = Arc::new(AtomicUsize::new(0));
    let perform = performing(move |_| {
        let hangs = turn.fetch_add(1, Ordering::SeqCst) >= 8;
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Outcome::Done
        }
    });
    let crew = Bench::over(store).crew(PATIENT, 8, perform);
    std::future::pending::<()>().await;
    crew.stop().await;
}

/// A child that dies with its test at the latest.
struct Victim(Child);

impl Victim {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn spawn_child(file: &std::path::Path) -> Victim {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "stopping::child_process", "--nocapture"])
        .env(CHILD, file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Victim(child)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_process_is_killed_again_and_again() {
    let bench = Bench::sqlite(true).await;
    for _ in 0..4 {
        bench.push(BusinessId::generate(), 25).await;
    }
    for _ in 0..3 {
        let mut child = spawn_child(&bench.file());
        eventually("the child hangs in all of its slots", || async {
            bench.depth().await.running == 8
        })
        .await;
        child.kill();
        // Its claims lapse; the next child takes them up, which is when fewer run than its own.
        eventually("the claims of the dead are taken up", || async {
            store::jobs::reap(&bench.store, switchyard_core::Timestamp::now(), 100)
                .await
                .unwrap()
                > 0
                || bench.depth().await.running == 0
        })
        .await;
    }
    let crew = bench.crew(PATIENT, 8, performing(|_| async { Outcome::Done }));
    bench.idle().await;
    crew.stop().await;
    assert_eq!(bench.dead().await.len(), 0);
    assert_eq!(done(&bench.store).await, 100);
    bench.end().await;
}

async fn done(store: &Store) -> i64 {
    let mut conn = store.read().await.unwrap();
    let Engine::Sqlite(connection) = conn.engine() else {
        panic!("a SQLite store reads from SQLite");
    };
    let (done,): (i64,) = sqlx::query_as("select count(*) from jobs where state = 'done'")
        .fetch_one(connection)
        .await
        .unwrap();
    done
}
