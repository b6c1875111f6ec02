//! Jobs: claimed in turn between businesses, each by one worker at a time, none lost, none finished twice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::jobs::{self, Ask, Claimed, End, Finished, Taken};
use store::{Lane, Store};
use switchyard_core::job::Job;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, ChatId, JobId, SessionId, Timestamp};

use crate::bench::{Bench, NOON, both_engines};

const LEASE: Duration = Duration::from_mins(1);
/// Nothing that a test waits for takes longer on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn drain() -> Job {
    Job::DrainChat {
        session: SessionId::generate(),
        chat: ChatId::generate(),
    }
}

async fn push_at(store: &Store, business: BusinessId, jobs: Vec<Job>, at: Timestamp) -> Vec<bool> {
    let input = (business, jobs, at);
    store
        .write(Lane::Rest, input, |tx, (business, jobs, at)| {
            Box::pin(async move {
                let mut new = Vec::new();
                for job in jobs {
                    new.push(jobs::push(tx, NOON, Some(*business), job, *at).await?);
                }
                Ok(new)
            })
        })
        .await
        .unwrap()
}

async fn push(store: &Store, business: BusinessId, count: usize) {
    for _ in 0..count.div_ceil(250) {
        let jobs = (0..count.min(250)).map(|_| drain()).collect();
        push_at(store, business, jobs, NOON).await;
    }
}

fn ask(worker: &str, slots: u32, free: u32) -> Ask {
    Ask {
        kind: "drain_chat",
        worker: worker.into(),
        slots,
        free,
        running: HashMap::new(),
        after: None,
        lease: LEASE,
    }
}

async fn claim(store: &Store, ask: Ask) -> Taken {
    jobs::claim(store, NOON, ask).await.unwrap()
}

fn end(claimed: &Claimed, end: End) -> Finished {
    Finished {
        id: claimed.id,
        fence: claimed.fence,
        end,
    }
}

fn again(at: Timestamp, counts: bool) -> End {
    End::RetryAt {
        at,
        code: "shard_unreachable",
        counts,
    }
}

fn of(taken: &Taken, business: BusinessId) -> usize {
    let ours = |it: &&Claimed| it.business == Some(business);
    taken.jobs.iter().filter(ours).count()
}

async fn depth(store: &Store, queue: Queue) -> jobs::Count {
    let counts = jobs::counts(store, NOON).await.unwrap();
    *counts.iter().find(|it| it.queue == queue).unwrap()
}

/// Takes up lapsed claims until there is one.
async fn reap_one(store: &Store, now: Timestamp) {
    let begun = Instant::now();
    while jobs::reap(store, now, 100).await.unwrap() == 0 {
        assert!(begun.elapsed() < DEADLINE, "the lease never lapsed");
        tokio::task::yield_now().await;
    }
}

both_engines! {
    async fn a_job_is_claimed_once_finished_once_and_carries_its_payload(bench: &Bench) {
        let business = bench.business();
        let job = drain();
        push_at(&bench.store, business, vec![job.clone()], NOON).await;
        let taken = claim(&bench.store, ask("one", 32, 32)).await;
        assert_eq!(taken.jobs.len(), 1);
        let claimed = &taken.jobs[0];
        assert_eq!((claimed.job.as_ref(), claimed.attempt), (Some(&job), 1));
        assert_eq!(claimed.business, Some(business));
        assert!(claim(&bench.store, ask("two", 32, 32)).await.jobs.is_empty());
        assert_eq!(depth(&bench.store, Queue::High).await.running, 1);
        let done = vec![end(claimed, End::Done)];
        assert_eq!(jobs::finish(&bench.store, NOON, done.clone()).await.unwrap(), 0);
        assert_eq!(jobs::finish(&bench.store, NOON, done).await.unwrap(), 1, "the claim is spent");
        assert_eq!(depth(&bench.store, Queue::High).await, jobs::Count::nothing(Queue::High));
    }

    async fn sixteen_workers_claim_every_job_exactly_once(bench: &Bench) {
        let businesses: Vec<_> = (0..7).map(|_| bench.business()).collect();
        for business in &businesses {
            push(&bench.store, *business, 100).await;
        }
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..16 {
            let store = bench.store.clone();
            workers.spawn(async move {
                let mut seen = Vec::new();
                let mut after = None;
                loop {
                    let mut ask = ask(&format!("worker-{worker}"), 8, 8);
                    ask.after = after;
                    let taken = claim(&store, ask).await;
                    after = taken.served;
                    if taken.jobs.is_empty() {
                        if depth(&store, Queue::High).await.waiting == 0 {
                            return seen;
                        }
                        continue;
                    }
                    seen.extend(taken.jobs.iter().map(|it| it.id));
                    let ends = taken.jobs.iter().map(|it| end(it, End::Done)).collect();
                    assert_eq!(jobs::finish(&store, NOON, ends).await.unwrap(), 0);
                }
            });
        }
        let mut all: Vec<JobId> = Vec::new();
        while let Some(seen) = workers.join_next().await {
            all.extend(seen.unwrap());
        }
        let once: HashSet<_> = all.iter().collect();
        assert_eq!((all.len(), once.len()), (700, 700));
    }

    async fn a_backlog_of_ten_thousand_does_not_delay_another_business(bench: &Bench) {
        let (large, small) = (bench.business(), bench.business());
        push(&bench.store, large, 10_000).await;
        push(&bench.store, small, 3).await;
        let taken = claim(&bench.store, ask("one", 32, 32)).await;
        assert_eq!(of(&taken, small), 3, "all of the small business goes in the first claim");
        assert_eq!(of(&taken, large), 8, "a quarter of 32 while another waits");
        let taken = claim(&bench.store, ask("one", 32, 21)).await;
        assert_eq!(of(&taken, large), 21, "nobody else waits any more");
    }

    async fn the_turn_begins_after_whoever_was_served_last(bench: &Bench) {
        let mut businesses: Vec<_> = (0..5).map(|_| bench.business()).collect();
        businesses.sort();
        for business in &businesses {
            push(&bench.store, *business, 10).await;
        }
        let (mut after, mut served) = (None, Vec::new());
        for _ in 0..10 {
            let mut ask = ask("one", 32, 1);
            ask.after = after;
            let taken = claim(&bench.store, ask).await;
            after = taken.served;
            served.extend(taken.jobs.iter().filter_map(|it| it.business));
        }
        assert_eq!(served, [businesses.clone(), businesses].concat());
    }

    async fn a_business_that_has_its_share_gets_no_more_while_another_waits(bench: &Bench) {
        let (one, two) = (bench.business(), bench.business());
        push(&bench.store, one, 20).await;
        push(&bench.store, two, 20).await;
        let mut full = ask("one", 8, 4);
        full.running = HashMap::from([(Some(one), 2), (Some(two), 2)]);
        let taken = claim(&bench.store, full).await;
        assert!(taken.jobs.is_empty() && taken.left_some);
    }

    async fn businesses_that_have_their_share_do_not_hide_one_that_has_not(bench: &Bench) {
        let mut businesses: Vec<_> = (0..4).map(|_| bench.business()).collect();
        businesses.sort();
        for business in &businesses {
            push(&bench.store, *business, 20).await;
        }
        let mut one_free = ask("one", 8, 1);
        one_free.after = businesses.last().copied();
        one_free.running = businesses.iter().zip([2, 2, 2, 1]).map(|(it, n)| (Some(*it), n)).collect();
        let taken = claim(&bench.store, one_free).await;
        assert_eq!(of(&taken, businesses[3]), 1);
    }

    async fn jobs_put_off_wait_for_their_time_and_urgent_ones_go_first(bench: &Bench) {
        let business = bench.business();
        let later = NOON.plus(Duration::from_secs(5));
        push_at(&bench.store, business, (0..50).map(|_| drain()).collect(), later).await;
        push(&bench.store, business, 1).await;
        assert_eq!(claim(&bench.store, ask("one", 8, 8)).await.jobs.len(), 1);
        assert!(claim(&bench.store, ask("one", 8, 8)).await.jobs.is_empty());
        assert_eq!(depth(&bench.store, Queue::High).await.oldest, None);
        let due = jobs::claim(&bench.store, later, ask("one", 8, 8)).await.unwrap();
        assert_eq!(due.jobs.len(), 7, "the last of eight slots is left to another business");
    }

    async fn one_job_waits_per_key_and_a_running_one_does_not_count(bench: &Bench) {
        let business = bench.business();
        let job = drain();
        let later = NOON.plus(Duration::from_mins(1));
        assert_eq!(push_at(&bench.store, business, vec![job.clone()], later).await, [true]);
        assert_eq!(push_at(&bench.store, business, vec![job.clone()], NOON).await, [false]);
        let taken = claim(&bench.store, ask("one", 8, 8)).await;
        assert_eq!(taken.jobs.len(), 1, "the waiting one moved to the earlier instant");
        assert_eq!(push_at(&bench.store, business, vec![job.clone()], NOON).await, [true]);
        let twin = claim(&bench.store, ask("two", 8, 8)).await;
        assert_eq!(twin.jobs.len(), 1);
        push_at(&bench.store, business, vec![job], NOON).await;
        // Both would wait again beside a third: it does their work, and nothing is refused.
        let ends = vec![end(&taken.jobs[0], again(NOON, true)), end(&twin.jobs[0], again(NOON, false))];
        assert_eq!(jobs::finish(&bench.store, NOON, ends).await.unwrap(), 0);
        assert_eq!(depth(&bench.store, Queue::High).await.waiting, 1);
    }

    async fn two_of_one_key_that_fail_together_become_one(bench: &Bench) {
        let business = bench.business();
        let job = drain();
        push_at(&bench.store, business, vec![job.clone()], NOON).await;
        let first = claim(&bench.store, ask("one", 8, 8)).await;
        push_at(&bench.store, business, vec![job], NOON).await;
        let second = claim(&bench.store, ask("one", 8, 8)).await;
        let ends = vec![end(&first.jobs[0], again(NOON, true)), end(&second.jobs[0], again(NOON, true))];
        assert_eq!(jobs::finish(&bench.store, NOON, ends).await.unwrap(), 0);
        assert_eq!(depth(&bench.store, Queue::High).await.waiting, 1);
    }

    async fn attempts_count_unless_it_was_nobodys_fault(bench: &Bench) {
        let business = bench.business();
        push(&bench.store, business, 1).await;
        for (counts, attempt) in [(true, 1), (false, 2), (false, 2), (true, 2), (true, 3)] {
            let taken = claim(&bench.store, ask("one", 8, 8)).await;
            assert_eq!(taken.jobs[0].attempt, attempt);
            let ends = vec![end(&taken.jobs[0], again(NOON, counts))];
            jobs::finish(&bench.store, NOON, ends).await.unwrap();
        }
    }

    async fn a_killed_workers_jobs_run_again_and_its_late_end_is_refused(bench: &Bench) {
        push(&bench.store, bench.business(), 1).await;
        let mut short = ask("killed", 8, 8);
        short.lease = Duration::from_millis(1);
        let lost = claim(&bench.store, short).await;
        reap_one(&bench.store, NOON).await;
        let soon = NOON.plus(Duration::from_secs(1));
        let taken = jobs::claim(&bench.store, soon, ask("heir", 8, 8)).await.unwrap();
        assert_eq!((taken.jobs.len(), taken.jobs[0].attempt), (1, 2));
        let late = vec![end(&lost.jobs[0], End::Done)];
        assert_eq!(jobs::finish(&bench.store, NOON, late).await.unwrap(), 1);
        assert_eq!(depth(&bench.store, Queue::High).await.running, 1, "the heir still has it");
    }

    async fn a_job_that_ends_its_process_every_time_dies_after_its_last_attempt(bench: &Bench) {
        push(&bench.store, bench.business(), 1).await;
        let mut now = NOON;
        for _ in 0..Queue::High.policy().attempts {
            let mut short = ask("crashing", 8, 8);
            short.lease = Duration::from_millis(1);
            let taken = jobs::claim(&bench.store, now, short).await.unwrap();
            assert_eq!(taken.jobs.len(), 1);
            reap_one(&bench.store, now).await;
            now = now.plus(Duration::from_hours(1));
        }
        let page = jobs::dead_letters(&bench.store, &jobs::Wanted::default(), None, 10).await.unwrap();
        assert_eq!(page.data.len(), 1);
        assert_eq!(page.data[0].last_error.as_deref(), Some("lease_lapsed"));
        assert_eq!(page.data[0].attempts, 10);
    }

    async fn renewed_claims_do_not_lapse_and_lost_ones_are_told(bench: &Bench) {
        push(&bench.store, bench.business(), 2).await;
        let worker: Arc<str> = "one".into();
        let mut short = ask("one", 8, 8);
        short.lease = Duration::from_millis(1);
        let taken = claim(&bench.store, short).await;
        let mut held: Vec<_> = taken.jobs.iter().map(|it| (it.id, it.fence)).collect();
        let lost = (held[1].0, held[1].1 - 1);
        held[1] = lost;
        let told = jobs::renew(&bench.store, &worker, held, LEASE).await.unwrap();
        assert_eq!(told, [lost]);
        reap_one(&bench.store, NOON).await;
        let count = depth(&bench.store, Queue::High).await;
        assert_eq!((count.running, count.waiting), (1, 1), "only the one not renewed lapsed");
    }

    async fn what_is_handed_back_is_due_at_once_and_not_counted(bench: &Bench) {
        push(&bench.store, bench.business(), 3).await;
        claim(&bench.store, ask("leaving", 8, 2)).await;
        claim(&bench.store, ask("staying", 8, 1)).await;
        assert_eq!(jobs::hand_back(&bench.store, NOON, &"leaving".into()).await.unwrap(), 2);
        let taken = claim(&bench.store, ask("heir", 8, 8)).await;
        assert_eq!(taken.jobs.len(), 2);
        assert!(taken.jobs.iter().all(|it| it.attempt == 1));
    }

    async fn a_regular_job_is_pushed_once_per_tick_by_sixteen_processes(bench: &Bench) {
        let every = Duration::from_secs(10);
        let mut processes = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let store = bench.store.clone();
            processes.spawn(async move { jobs::tick(&store, NOON, &Job::Prune, every).await.unwrap() });
        }
        let mut pushed = 0;
        while let Some(is_new) = processes.join_next().await {
            pushed += usize::from(is_new.unwrap());
        }
        assert_eq!(pushed, 1);
        let mut platform = ask("one", 1, 1);
        platform.kind = "prune";
        let taken = claim(&bench.store, platform).await;
        assert_eq!((taken.jobs.len(), taken.jobs[0].business), (1, None));
        let done = vec![end(&taken.jobs[0], End::Done)];
        jobs::finish(&bench.store, NOON, done).await.unwrap();
        assert!(!jobs::tick(&bench.store, NOON, &Job::Prune, every).await.unwrap(), "this tick was");
        let next = NOON.plus(every);
        assert!(jobs::tick(&bench.store, next, &Job::Prune, every).await.unwrap());
        assert!(!jobs::tick(&bench.store, NOON, &Job::Prune, every).await.unwrap(), "a clock a little behind");
    }

    async fn a_clock_that_is_set_back_stops_no_regular_job(bench: &Bench) {
        let (every, ahead) = (Duration::from_secs(10), NOON.plus(Duration::from_hours(1)));
        let job = Job::SweepChats;
        let sweep = || Ask { kind: "sweep_chats", ..ask("one", 1, 1) };
        for finishes in [true, false] {
            assert!(jobs::tick(&bench.store, ahead, &job, every).await.unwrap());
            if finishes {
                let taken = jobs::claim(&bench.store, ahead, sweep()).await.unwrap();
                jobs::finish(&bench.store, ahead, vec![end(&taken.jobs[0], End::Done)]).await.unwrap();
            }
            // Where one still waits for the hour that will not come for long, it is the one to run.
            let is_new = jobs::tick(&bench.store, NOON, &job, every).await.unwrap();
            assert_eq!(is_new, finishes);
            assert!(!jobs::tick(&bench.store, NOON, &job, every).await.unwrap(), "once");
            let taken = claim(&bench.store, sweep()).await;
            assert_eq!(taken.jobs.len(), 1);
            jobs::finish(&bench.store, NOON, vec![end(&taken.jobs[0], End::Done)]).await.unwrap();
        }
    }

    async fn finished_jobs_are_removed_and_nothing_else(bench: &Bench) {
        push(&bench.store, bench.business(), 4).await;
        let taken = claim(&bench.store, ask("one", 8, 3)).await;
        let ends = vec![
            end(&taken.jobs[0], End::Done),
            end(&taken.jobs[1], End::Dead { code: "refused" }),
        ];
        jobs::finish(&bench.store, NOON, ends).await.unwrap();
        assert_eq!(jobs::prune(&bench.store, NOON, 100).await.unwrap(), 0);
        let hour = NOON.plus(Duration::from_hours(1));
        assert_eq!(jobs::prune(&bench.store, hour, 100).await.unwrap(), 1);
        let count = depth(&bench.store, Queue::High).await;
        assert_eq!((count.waiting, count.running, count.dead), (1, 1, 1));
    }
}
