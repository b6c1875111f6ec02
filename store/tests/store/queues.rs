//! Queues: paused and resumed once each, counted by the minute, and known by who serves them.

use std::sync::Arc;
use std::time::Duration;

use store::audit::{self, Actor};
use store::jobs::Count;
use store::queues::{self, Ended, Totals};
use switchyard_core::audit::AuditAction;
use switchyard_core::queue::{Group, Queue};

use crate::bench::{Bench, NOON, both_engines};

const MINUTE: Duration = Duration::from_mins(1);

both_engines! {
    async fn a_queue_is_paused_and_resumed_once_and_both_are_noted(bench: &Bench) {
        let home = bench.business();
        let pause = |paused| {
            queues::pause(&bench.store, NOON, Actor::system(), home, Queue::Low, paused)
        };
        assert!(queues::paused(&bench.store).await.unwrap().is_empty());
        assert!(!pause(false).await.unwrap(), "it is not paused");
        assert!(pause(true).await.unwrap());
        assert!(!pause(true).await.unwrap(), "it is paused already");
        assert_eq!(queues::paused(&bench.store).await.unwrap(), [Queue::Low]);
        let standing = queues::standing(&bench.store, NOON).await.unwrap();
        let low = standing.iter().find(|it| it.queue == Queue::Low).unwrap();
        assert_eq!(low.paused_at, Some(NOON));
        assert!(pause(false).await.unwrap());
        assert!(queues::paused(&bench.store).await.unwrap().is_empty());
        let log = audit::list(&bench.store, home, audit::Wanted::default(), None, 10).await.unwrap();
        let acts: Vec<_> = log.data.iter().map(|it| it.action).collect();
        assert_eq!(acts, [AuditAction::QueueResumed, AuditAction::QueuePaused]);
    }

    async fn what_ended_is_summed_by_the_minute_and_in_all_from_sixteen_processes(bench: &Bench) {
        let mut processes = tokio::task::JoinSet::new();
        for n in 0..16_u32 {
            let store = bench.store.clone();
            processes.spawn(async move {
                let worker: Arc<str> = format!("worker-{n}").into();
                let ended = Ended { done: 10, failed: 2, dead: 1 };
                let told = vec![(Queue::Receipts, ended), (Queue::High, ended)];
                let now = if n % 2 == 0 { NOON } else { NOON.plus(MINUTE) };
                queues::beat(&store, now, &worker, &[Group::High, Group::Default], told).await.unwrap();
            });
        }
        while let Some(told) = processes.join_next().await {
            told.unwrap();
        }
        let minutes = queues::minutes(&bench.store, Queue::High, NOON).await.unwrap();
        let told: Vec<_> = minutes.iter().map(|it| (it.at, it.done, it.failed, it.dead)).collect();
        assert_eq!(told, [(NOON, 80, 16, 8), (NOON.plus(MINUTE), 80, 16, 8)]);
        let standing = queues::standing(&bench.store, NOON.plus(MINUTE)).await.unwrap();
        let high = standing.iter().find(|it| it.queue == Queue::High).unwrap();
        assert_eq!(high.totals, Totals { done: 160, failed: 32, dead: 16 });
        assert_eq!(high.latest.len(), 2);
        let workers = queues::workers(&bench.store, switchyard_core::Timestamp::now()).await.unwrap();
        assert_eq!(workers.len(), 16);
        assert!(workers.iter().all(|it| it.serves == [Group::High, Group::Default]));
    }

    async fn rates_are_of_the_last_minutes_and_growth_counts_as_arriving(bench: &Bench) {
        let mut count = Count::nothing(Queue::High);
        count.waiting = 100;
        queues::note_depths(&bench.store, NOON, &[count]).await.unwrap();
        let worker: Arc<str> = "one".into();
        let ended = Ended { done: 540, failed: 120, dead: 60 };
        let later = NOON.plus(MINUTE * 2);
        queues::beat(&bench.store, later, &worker, &[Group::High], vec![(Queue::High, ended)]).await.unwrap();
        let standing = queues::standing(&bench.store, later).await.unwrap();
        let high = standing.iter().find(|it| it.queue == Queue::High).unwrap();
        let rates = high.rates(later, 700);
        let told = (rates.arriving, rates.leaving, rates.failing);
        assert_eq!(told, (10.0, 5.0, 1.5), "1,200, 600 and 180 in two minutes");
    }
}
