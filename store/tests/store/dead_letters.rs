//! Dead letters: found by what they are, retried one by one or many at once, and never done twice for it.

use std::collections::HashMap;
use std::time::Duration;

use store::audit::{self, Actor};
use store::jobs::{self, Ask, Claimed, End, Finished, Wanted};
use store::{Lane, Store};
use switchyard_core::audit::{ActorKind, AuditAction};
use switchyard_core::job::Job;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, ChatId, JobId, SessionId, Timestamp};

use crate::bench::{Bench, NOON, both_engines};

fn drain(chat: ChatId) -> Job {
    Job::DrainChat {
        session: SessionId::generate(),
        chat,
    }
}

async fn push(store: &Store, business: BusinessId, job: Job) -> bool {
    store
        .write(Lane::Rest, (business, job), |tx, (business, job)| {
            Box::pin(async move { jobs::push(tx, NOON, Some(*business), job, NOON).await })
        })
        .await
        .unwrap()
}

async fn claim(store: &Store, kind: &'static str) -> Vec<Claimed> {
    let ask = Ask {
        kind,
        worker: "one".into(),
        slots: 512,
        free: 512,
        running: HashMap::new(),
        after: None,
        lease: Duration::from_mins(1),
    };
    jobs::claim(store, NOON, ask).await.unwrap().jobs
}

/// Pushes a job and lets it die of `code` at that second after noon.
async fn kill(
    bench: &Bench,
    business: BusinessId,
    job: Job,
    code: &'static str,
    second: u64,
) -> JobId {
    let kind = job.kind();
    let kind = Job::KINDS.iter().find(|(name, _)| *name == kind).unwrap().0;
    push(&bench.store, business, job).await;
    let claimed = claim(&bench.store, kind).await.remove(0);
    let died = NOON.plus(Duration::from_secs(second));
    let end = Finished {
        id: claimed.id,
        fence: claimed.fence,
        end: End::Dead { code },
    };
    jobs::finish(&bench.store, died, vec![end]).await.unwrap();
    claimed.id
}

async fn found(store: &Store, wanted: Wanted) -> Vec<JobId> {
    let page = jobs::dead_letters(store, &wanted, None, 10).await.unwrap();
    page.data.iter().map(|letter| letter.id).collect()
}

fn operator() -> Actor {
    Actor {
        kind: ActorKind::Operator,
        ..Actor::system()
    }
}

async fn retry_all(bench: &Bench, home: BusinessId, wanted: &Wanted, limit: u32) -> (u64, bool) {
    let retried = jobs::retry_some(&bench.store, NOON, operator(), home, wanted, limit);
    retried.await.unwrap()
}

both_engines! {
    async fn dead_letters_are_listed_newest_first_and_by_what_they_are(bench: &Bench) {
        let (one, two) = (bench.business(), bench.business());
        let old = kill(bench, one, drain(ChatId::generate()), "refused", 0).await;
        let other = kill(bench, two, drain(ChatId::generate()), "refused", 1).await;
        let sync = Job::SyncReceipts { chat: ChatId::generate() };
        let slow = kill(bench, one, sync, "timed_out", 2).await;
        let store = &bench.store;
        let all = Wanted::default();
        assert_eq!(found(store, all.clone()).await, [slow, other, old]);
        let first = jobs::dead_letters(store, &all, None, 2).await.unwrap();
        let cursor = first.next_cursor.as_deref();
        let second = jobs::dead_letters(store, &all, cursor, 2).await.unwrap();
        assert_eq!((second.data.len(), second.data[0].id), (1, old));
        assert!(second.next_cursor.is_none());

        let queue = Wanted { queue: Some(Queue::High), ..all.clone() };
        assert_eq!(found(store, queue).await, [other, old]);
        let kind = Wanted { kind: Some("sync_receipts".to_owned()), ..all.clone() };
        assert_eq!(found(store, kind).await, [slow]);
        let business = Wanted { business: Some(one), ..all.clone() };
        assert_eq!(found(store, business).await, [slow, old]);
        let error = Wanted { error: Some("refused".to_owned()), ..all.clone() };
        assert_eq!(found(store, error).await, [other, old]);
        let middle = Wanted {
            since: Some(Timestamp(NOON.ms() + 1_000)),
            until: Some(Timestamp(NOON.ms() + 2_000)),
            ..all
        };
        assert_eq!(found(store, middle).await, [other]);
    }

    async fn a_dead_letter_lives_again_once_and_the_audit_log_says_who_asked(bench: &Bench) {
        let home = bench.business();
        let id = kill(bench, bench.business(), drain(ChatId::generate()), "refused", 0).await;
        let retry = || jobs::retry(&bench.store, NOON, operator(), home, id);
        assert!(retry().await.unwrap());
        assert!(!retry().await.unwrap(), "it lives already");
        let taken = claim(&bench.store, "drain_chat").await;
        assert_eq!((taken.len(), taken[0].id, taken[0].attempt), (1, id, 1));
        let log = audit::list(&bench.store, home, audit::Wanted::default(), None, 10).await.unwrap();
        assert_eq!(log.data.len(), 1);
        assert_eq!(log.data[0].action, AuditAction::DeadLettersRetried);
        assert_eq!(log.data[0].target, id.to_string());
    }

    async fn many_are_retried_in_bounded_batches_and_others_stay_dead(bench: &Bench) {
        let (home, one, two) = (bench.business(), bench.business(), bench.business());
        for second in 0..5 {
            kill(bench, one, drain(ChatId::generate()), "refused", second).await;
        }
        let stays = kill(bench, two, drain(ChatId::generate()), "refused", 9).await;
        let wanted = Wanted { business: Some(one), ..Wanted::default() };
        assert_eq!(retry_all(bench, home, &wanted, 3).await, (3, true));
        assert_eq!(retry_all(bench, home, &wanted, 3).await, (2, false));
        assert_eq!(retry_all(bench, home, &wanted, 3).await, (0, false));
        assert_eq!(found(&bench.store, Wanted::default()).await, [stays]);
        assert_eq!(claim(&bench.store, "drain_chat").await.len(), 5);
    }

    async fn letters_with_one_unique_key_make_one_job(bench: &Bench) {
        let (home, business, chat) = (bench.business(), bench.business(), ChatId::generate());
        kill(bench, business, drain(chat), "refused", 0).await;
        kill(bench, business, drain(chat), "refused", 1).await;
        let (twice, waits) = (ChatId::generate(), ChatId::generate());
        kill(bench, business, drain(twice), "refused", 2).await;
        kill(bench, business, drain(waits), "refused", 3).await;
        push(&bench.store, business, drain(waits)).await;
        assert_eq!(retry_all(bench, home, &Wanted::default(), 10).await, (4, false));
        assert!(found(&bench.store, Wanted::default()).await.is_empty());
        assert_eq!(claim(&bench.store, "drain_chat").await.len(), 3);
    }
}
