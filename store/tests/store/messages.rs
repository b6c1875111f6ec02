//! Messages: accepted once, drained in order, moved forward only.

use std::collections::HashSet;
use std::time::Duration;

use store::messages::{self, Accepted, Idempotency, NewMessage};
use store::{Engine, Error, Hint, Lane, Store, events, leases, sessions};
use switchyard_core::address::{Identity, Phone};
use switchyard_core::message::{MessageStatus, Source};
use switchyard_core::object::MessageObject;
use switchyard_core::queue::Queue;
use switchyard_core::reason::FailureCode;
use switchyard_core::session::SessionState;
use switchyard_core::{SessionId, Timestamp};
use uuid::Uuid;

use crate::bench::{Bench, NOON, both_engines};

pub(crate) fn phone(digits: &str) -> Identity {
    Identity::of_phone(Phone::parse(digits).unwrap())
}

pub(crate) fn new_message(session: Option<SessionId>, to: Identity, text: &str) -> NewMessage {
    NewMessage {
        session,
        to,
        text: text.to_owned(),
        source: Source::Api,
        expires_in_s: 86_400,
        idempotency: None,
    }
}

pub(crate) fn object(accepted: Accepted) -> MessageObject {
    match accepted {
        Accepted::New(object) | Accepted::Replay(object) => object,
    }
}

/// So many jobs wait in that queue.
pub(crate) async fn waiting(store: &Store, queue: Queue) -> i64 {
    const COUNT: &str = "select count(*) from jobs where queue = $1 and state = 'waiting'";
    match store.read().await.unwrap().engine() {
        Engine::Sqlite(connection) => sqlx::query_scalar(COUNT)
            .bind(queue.name())
            .fetch_one(connection)
            .await
            .unwrap(),
        Engine::Postgres(connection) => sqlx::query_scalar(COUNT)
            .bind(queue.name())
            .fetch_one(connection)
            .await
            .unwrap(),
    }
}

both_engines! {
    async fn an_accepted_message_is_a_row_a_job_and_an_event(bench: &Bench) {
        let held = bench.held().await;
        let before = events::head(&bench.store, held.business).await.unwrap();
        let mut hints = bench.store.hints().subscribe();
        let new = new_message(None, phone("972501234567"), "hello");
        let accepted = messages::accept(&bench.store, NOON, held.business, new).await.unwrap();
        let Accepted::New(message) = accepted else { panic!("{accepted:?}") };
        assert_eq!(message.status, MessageStatus::Queued);
        assert_eq!(message.position, 1);
        assert_eq!(message.to.as_deref(), Some("+972501234567"));
        let stored = messages::get(&bench.store, held.business, message.id).await.unwrap();
        assert_eq!(stored.as_ref(), Some(&message));
        let told = events::after(&bench.store, held.business, before, 10).await.unwrap().events;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].data["id"], message.id.to_string());
        assert_eq!(told[0].data["status"], "queued");
        assert_eq!(waiting(&bench.store, Queue::High).await, 1);
        let mut heard = HashSet::new();
        for _ in 0..2 {
            heard.insert(hints.recv().await.unwrap());
        }
        assert_eq!(heard, HashSet::from([Hint::Jobs(Queue::High), Hint::Events(held.business)]));
    }

    async fn fifty_requests_with_one_key_have_one_effect(bench: &Bench) {
        let held = bench.held().await;
        let actor = Uuid::new_v4();
        let mut requests = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let store = bench.store.clone();
            requests.spawn(async move {
                let mut new = new_message(None, phone("972501234567"), "once");
                new.idempotency = Some(Idempotency { actor, key: "k1".to_owned(), body_sha256: [7; 32] });
                messages::accept(&store, NOON, held.business, new).await.unwrap()
            });
        }
        let (mut new, mut ids) = (0, HashSet::new());
        while let Some(accepted) = requests.join_next().await {
            let accepted = accepted.unwrap();
            new += usize::from(matches!(accepted, Accepted::New(_)));
            ids.insert(object(accepted).id);
        }
        assert_eq!((new, ids.len()), (1, 1));
        let mut other = new_message(None, phone("972501234567"), "another body");
        other.idempotency = Some(Idempotency { actor, key: "k1".to_owned(), body_sha256: [8; 32] });
        let refused = messages::accept(&bench.store, NOON, held.business, other).await;
        assert!(matches!(refused, Err(Error::IdempotencyMismatch)), "{refused:?}");
    }

    async fn a_refused_request_leaves_its_key_free(bench: &Bench) {
        let held = bench.held().await;
        let key = Idempotency { actor: Uuid::new_v4(), key: "k".to_owned(), body_sha256: [1; 32] };
        let mut new = new_message(Some(SessionId::generate()), phone("972501234567"), "hello");
        new.idempotency = Some(key.clone());
        let refused = messages::accept(&bench.store, NOON, held.business, new.clone()).await;
        assert!(matches!(refused, Err(Error::NoSuchSession)), "{refused:?}");
        new.session = None;
        let accepted = messages::accept(&bench.store, NOON, held.business, new).await.unwrap();
        assert!(matches!(accepted, Accepted::New(_)));
    }

    async fn with_two_numbers_the_one_that_has_the_chat_sends(bench: &Bench) {
        let shard = bench.shard(1).await;
        let business = bench.business();
        let nobody = messages::accept(&bench.store, NOON, business, new_message(None, phone("972501234567"), "a")).await;
        assert!(matches!(nobody, Err(Error::SessionRequired)), "{nobody:?}");
        let first = bench.held_by(shard, business).await;
        bench.held_by(shard, business).await;
        let unclear = messages::accept(&bench.store, NOON, business, new_message(None, phone("972501234567"), "a")).await;
        assert!(matches!(unclear, Err(Error::SessionRequired)), "{unclear:?}");
        let named = new_message(Some(first.session), phone("972501234567"), "a");
        messages::accept(&bench.store, NOON, business, named).await.unwrap();
        let again = messages::accept(&bench.store, NOON, business, new_message(None, phone("972501234567"), "b")).await.unwrap();
        assert_eq!(object(again).session_id, first.session);
        let other_business = new_message(Some(first.session), phone("972501234567"), "c");
        let refused = messages::accept(&bench.store, NOON, bench.business(), other_business).await;
        assert!(matches!(refused, Err(Error::NoSuchSession)), "{refused:?}");
    }

    async fn sixteen_senders_into_one_chat_get_places_without_gaps(bench: &Bench) {
        let held = bench.held().await;
        let mut senders = tokio::task::JoinSet::new();
        for n in 0..16 {
            let store = bench.store.clone();
            senders.spawn(async move {
                let mut places = Vec::new();
                for m in 0..5 {
                    let new = new_message(None, phone("972501234567"), &format!("{n}.{m}"));
                    let accepted = messages::accept(&store, NOON, held.business, new).await.unwrap();
                    places.push(object(accepted).position);
                }
                assert!(places.is_sorted());
                places
            });
        }
        let mut places: Vec<i64> = senders.join_all().await.into_iter().flatten().collect();
        places.sort_unstable();
        assert_eq!(places, (1..=80).collect::<Vec<i64>>());
        assert_eq!(waiting(&bench.store, Queue::High).await, 1, "one drain serves the chat");
    }

    async fn a_status_only_moves_forward_and_each_move_is_told_once(bench: &Bench) {
        let held = bench.held().await;
        let new = new_message(None, phone("972501234567"), "hello");
        let message = object(messages::accept(&bench.store, NOON, held.business, new).await.unwrap());
        let unsent = messages::queued(&bench.store, &held, message.chat_id, 10).await;
        assert_eq!(unsent.unwrap().len(), 0, "its deadline passed long ago");
        let stored = messages::get(&bench.store, held.business, message.id).await.unwrap().unwrap();
        assert_eq!(stored.error.unwrap().code, "expired");

        let now = Timestamp::now();
        let new = new_message(None, phone("972501234567"), "again");
        let message = object(messages::accept(&bench.store, now, held.business, new).await.unwrap());
        let unsent = messages::queued(&bench.store, &held, message.chat_id, 10).await.unwrap();
        assert_eq!(unsent[0].wa_id, message.wa_id);
        let cursor = events::head(&bench.store, held.business).await.unwrap();
        messages::mark_sending(&bench.store, now, &held, message.id).await.unwrap();
        let unsent = messages::queued(&bench.store, &held, message.chat_id, 10).await.unwrap();
        assert_eq!(unsent[0].status, MessageStatus::Sending);
        for _ in 0..3 {
            messages::mark_sent(&bench.store, now, &held, message.id, now).await.unwrap();
        }
        messages::mark_failed(&bench.store, now, &held, message.id, FailureCode::Rejected).await.unwrap();
        let stored = messages::get(&bench.store, held.business, message.id).await.unwrap().unwrap();
        assert_eq!((stored.status, stored.sent_at), (MessageStatus::Sent, Some(now)));
        let told = events::after(&bench.store, held.business, cursor, 10).await.unwrap().events;
        assert_eq!(told.len(), 1, "one event for sent, none for sending");
        assert!(messages::queued(&bench.store, &held, message.chat_id, 10).await.unwrap().is_empty());
    }

    async fn one_commit_marks_what_was_sent_and_what_goes_next(bench: &Bench) {
        let (now, held) = (Timestamp::now(), bench.held().await);
        let mut all = Vec::new();
        for text in ["one", "two", "three"] {
            let new = new_message(None, phone("972501234567"), text);
            all.push(object(messages::accept(&bench.store, now, held.business, new).await.unwrap()));
        }
        let commits = bench.commits();
        messages::mark_sent_and_next(&bench.store, now, &held, all[0].id, now, all[1].id).await.unwrap();
        assert_eq!(bench.commits() - commits, 1);
        let mut stored = Vec::new();
        for message in &all {
            stored.push(messages::get(&bench.store, held.business, message.id).await.unwrap().unwrap().status);
        }
        assert_eq!(stored, [MessageStatus::Sent, MessageStatus::Sending, MessageStatus::Queued]);
    }

    async fn a_fenced_shard_neither_reads_nor_marks(bench: &Bench) {
        let shard = bench.shard(1).await;
        let old = bench.held_by(shard, bench.business()).await;
        let now = Timestamp::now();
        let new = new_message(None, phone("972501234567"), "hello");
        let message = object(messages::accept(&bench.store, now, old.business, new).await.unwrap());
        leases::take(&bench.store, shard, old.session).await.unwrap().unwrap();
        let store = &bench.store;
        assert!(matches!(messages::queued(store, &old, message.chat_id, 1).await, Err(Error::Fenced)));
        assert!(matches!(messages::mark_sending(store, now, &old, message.id).await, Err(Error::Fenced)));
        assert!(matches!(messages::mark_sent(store, now, &old, message.id, now).await, Err(Error::Fenced)));
        let both = messages::mark_sent_and_next(store, now, &old, message.id, now, message.id).await;
        assert!(matches!(both, Err(Error::Fenced)));
        let code = FailureCode::Rejected;
        assert!(matches!(messages::mark_failed(store, now, &old, message.id, code).await, Err(Error::Fenced)));
        let stored = messages::get(store, old.business, message.id).await.unwrap().unwrap();
        assert_eq!(stored.status, MessageStatus::Queued);
    }

    async fn connecting_drains_every_chat_that_waits(bench: &Bench) {
        let held = bench.held().await;
        for n in 0..3 {
            let new = new_message(None, phone(&format!("97250123456{n}")), "hello");
            messages::accept(&bench.store, NOON, held.business, new).await.unwrap();
        }
        bench.forget_jobs().await;
        sessions::set_state(&bench.store, NOON, &held, SessionState::Connected, None, None).await.unwrap();
        assert_eq!(waiting(&bench.store, Queue::High).await, 3);
    }

    async fn a_deleted_session_gives_up_what_it_could_not_send(bench: &Bench) {
        let held = bench.held().await;
        let new = new_message(None, phone("972501234567"), "hello");
        let message = object(messages::accept(&bench.store, NOON, held.business, new).await.unwrap());
        let cursor = events::head(&bench.store, held.business).await.unwrap();
        sessions::delete(&bench.store, NOON, &held).await.unwrap();
        let stored = messages::get(&bench.store, held.business, message.id).await.unwrap().unwrap();
        assert_eq!(stored.status, MessageStatus::Failed);
        assert_eq!(stored.error.unwrap().code, "session_logged_out");
        let told = events::after(&bench.store, held.business, cursor, 10).await.unwrap().events;
        assert!(told.iter().any(|event| event.data["status"] == "failed"), "{told:?}");
    }

    async fn a_chat_is_read_newest_first_page_by_page(bench: &Bench) {
        let held = bench.held().await;
        let mut last = None;
        for n in 0..7 {
            let new = new_message(None, phone("972501234567"), &n.to_string());
            last = Some(object(messages::accept(&bench.store, NOON, held.business, new).await.unwrap()));
        }
        let chat = last.unwrap().chat_id;
        let first = messages::of_chat(&bench.store, held.business, chat, None, 4).await.unwrap();
        let rest = messages::of_chat(&bench.store, held.business, chat, Some(first[3].position), 4).await.unwrap();
        let texts: Vec<_> = first.iter().chain(&rest).filter_map(|it| it.text.clone()).collect();
        assert_eq!(texts, ["6", "5", "4", "3", "2", "1", "0"]);
        let other = messages::of_chat(&bench.store, bench.business(), chat, None, 4).await.unwrap();
        assert!(other.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_an_adoption_waits_for_a_batch_in_flight_and_the_next_one_is_fenced() {
    let bench = Bench::postgres().await;
    let shard = bench.shard(1).await;
    let old = bench.held_by(shard, bench.business()).await;
    let new = new_message(None, phone("972501234567"), "hello");
    let now = Timestamp::now();
    let message = object(
        messages::accept(&bench.store, now, old.business, new)
            .await
            .unwrap(),
    );
    // A batch under the old epoch is past its check and not yet committed.
    let (checked, is_checked) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = tokio::sync::oneshot::channel();
    let pause = std::sync::Mutex::new(Some((checked, may_go_on)));
    let batch = tokio::spawn({
        let store = bench.store.clone();
        async move {
            store
                .write(Lane::Messages, (old, pause), |tx, (old, pause)| {
                    Box::pin(async move {
                        old.check(tx).await?;
                        let (checked, may_go_on) = pause.lock().unwrap().take().unwrap();
                        checked.send(()).unwrap();
                        may_go_on.await.unwrap();
                        Ok(())
                    })
                })
                .await
        }
    });
    is_checked.await.unwrap();
    let mut adoption = tokio::spawn({
        let store = bench.store.clone();
        async move { leases::take(&store, shard, old.session).await }
    });
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut adoption).await;
    assert!(waited.is_err(), "the adoption did not wait for the batch");
    go_on.send(()).unwrap();
    batch.await.unwrap().unwrap();
    let adopted = adoption.await.unwrap().unwrap().unwrap();
    assert_eq!(adopted.epoch, old.epoch + 1);
    let late = messages::mark_sent(&bench.store, now, &old, message.id, now).await;
    assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    bench.end().await;
}

/// As many at once as one transaction takes, and more.
const CROWD: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_messages_of_one_business_that_come_at_once_share_transactions() {
    let bench = Bench::postgres().await;
    let held = bench.held().await;
    let before = bench.commits();
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..CROWD {
        let store = bench.store.clone();
        let to = phone(&format!("9725012345{:02}", number % 10));
        let new = new_message(None, to, &number.to_string());
        requests.spawn(async move {
            messages::accept(&store, NOON, held.business, new)
                .await
                .unwrap()
        });
    }
    let mut places = HashSet::new();
    for accepted in requests.join_all().await {
        let message = object(accepted);
        places.insert((message.chat_id, message.position));
    }
    assert_eq!(places.len(), CROWD, "each has a place of its own");
    let commits = bench.commits() - before;
    assert!(commits < 40, "{commits} commits");
    let head = events::head(&bench.store, held.business).await.unwrap();
    assert!(head >= i64::try_from(CROWD).unwrap());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_refused_message_is_refused_alone() {
    let bench = Bench::postgres().await;
    let held = bench.held().await;
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = bench.store.clone();
        let session = (number % 10 == 3).then(SessionId::generate);
        let new = new_message(session, phone("972501234567"), &number.to_string());
        requests.spawn(async move {
            let accepted = messages::accept(&store, NOON, held.business, new).await;
            (session.is_some(), accepted)
        });
    }
    for (is_wrong, accepted) in requests.join_all().await {
        match accepted {
            Ok(_) => assert!(!is_wrong),
            Err(error) => assert!(
                is_wrong && matches!(error, Error::NoSuchSession),
                "{error:?}"
            ),
        }
    }
    bench.end().await;
}
