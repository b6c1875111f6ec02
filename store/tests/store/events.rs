//! Events: without gaps, in the order of commits, none skipped by a reader who holds a cursor.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Engine, Error, Hint, Lane, NewEvent, Store, events};
use switchyard_core::BusinessId;
use switchyard_core::event::EventType;

use crate::bench::{Bench, NOON, both_engines};

async fn tell(store: &Store, business: BusinessId, what: i64) {
    store
        .write(Lane::Rest, (business, what), |tx, (business, what)| {
            Box::pin(async move {
                tx.event(NewEvent {
                    business: *business,
                    session: None,
                    kind: EventType::ChatUpdated,
                    at: NOON,
                    data: serde_json::json!({ "what": what }),
                });
                Ok(())
            })
        })
        .await
        .unwrap();
}

both_engines! {
    async fn sixteen_writers_leave_no_gap_and_a_reader_skips_nothing(bench: &Bench) {
        let business = bench.business();
        let done = Arc::new(AtomicBool::new(false));
        let reader = tokio::spawn({
            let (store, done) = (bench.store.clone(), Arc::clone(&done));
            async move {
                let (mut cursor, mut seen) = (0, Vec::new());
                loop {
                    let last = done.load(Ordering::Acquire);
                    let page = events::after(&store, business, cursor, 7).await.unwrap();
                    seen.extend(page.events.iter().map(|event| event.seq));
                    cursor = page.next;
                    if last && page.events.is_empty() {
                        return seen;
                    }
                }
            }
        });
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..16 {
            let store = bench.store.clone();
            writers.spawn(async move {
                for n in 0..25 {
                    tell(&store, business, writer * 100 + n).await;
                }
            });
        }
        while let Some(writer) = writers.join_next().await {
            writer.unwrap();
        }
        done.store(true, Ordering::Release);
        let seen = reader.await.unwrap();
        assert_eq!(seen, (1..=400).collect::<Vec<i64>>());
        assert_eq!(events::head(&bench.store, business).await.unwrap(), 400);
    }

    async fn a_failed_verb_tells_nothing(bench: &Bench) {
        let business = bench.business();
        let refused: Result<(), Error> = bench
            .store
            .write(Lane::Rest, business, |tx, business| {
                Box::pin(async move {
                    tx.event(NewEvent {
                        business: *business,
                        session: None,
                        kind: EventType::ChatUpdated,
                        at: NOON,
                        data: serde_json::Value::Null,
                    });
                    Err(Error::Conflict("on_purpose"))
                })
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(events::head(&bench.store, business).await.unwrap(), 0);
        tell(&bench.store, business, 1).await;
        assert_eq!(events::head(&bench.store, business).await.unwrap(), 1);
    }

    async fn a_business_sees_only_its_own_events_each_with_an_id(bench: &Bench) {
        let (ours, theirs) = (bench.business(), bench.business());
        for n in 0..3 {
            tell(&bench.store, ours, n).await;
            tell(&bench.store, theirs, n).await;
        }
        let page = events::after(&bench.store, ours, 0, 50).await.unwrap();
        let ids: HashSet<_> = page.events.iter().map(|event| event.id).collect();
        assert_eq!((page.events.len(), ids.len(), page.next), (3, 3, 3));
        assert!(page.events.iter().all(|event| event.business_id == ours));
    }

    async fn events_are_hinted_after_the_commit(bench: &Bench) {
        let business = bench.business();
        let mut hints = bench.store.hints().subscribe();
        tell(&bench.store, business, 1).await;
        assert_eq!(hints.recv().await.unwrap(), Hint::Events(business));
        assert_eq!(events::head(&bench.store, business).await.unwrap(), 1);
    }

    async fn a_cursor_before_the_oldest_kept_event_is_refused(bench: &Bench) {
        let business = bench.business();
        for n in 1..=10 {
            tell(&bench.store, business, n).await;
        }
        forget(&bench.store, 6).await;
        for lost in [1, 5] {
            let refused = events::after(&bench.store, business, lost, 50).await;
            assert!(matches!(refused, Err(Error::CursorExpired)), "{lost}: {refused:?}");
        }
        let kept = events::after(&bench.store, business, 6, 50).await.unwrap();
        assert_eq!((kept.events.len(), kept.next), (4, 10));
        let oldest = events::after(&bench.store, business, 0, 50).await.unwrap();
        assert_eq!(oldest.events[0].seq, 7, "0 is the oldest that is kept");
        forget(&bench.store, 10).await;
        let refused = events::after(&bench.store, business, 9, 50).await;
        assert!(matches!(refused, Err(Error::CursorExpired)), "{refused:?}");
        let end = events::after(&bench.store, business, 10, 50).await.unwrap();
        assert_eq!((end.events.len(), end.next), (0, 10));
        for never in [11, 1_000] {
            let refused = events::after(&bench.store, business, never, 50).await;
            assert!(matches!(refused, Err(Error::CursorExpired)), "{never}: {refused:?}");
        }
        tell(&bench.store, business, 11).await;
        assert_eq!(events::head(&bench.store, business).await.unwrap(), 11);
    }
}

/// Prunes events up to that number.
async fn forget(store: &Store, up_to: i64) {
    const FORGET: &str = "delete from events where seq <= $1";
    store
        .write(Lane::Rest, up_to, |tx, up_to| {
            Box::pin(async move {
                match tx.engine() {
                    Engine::Sqlite(c) => drop(sqlx::query(FORGET).bind(*up_to).execute(c).await?),
                    Engine::Postgres(c) => drop(sqlx::query(FORGET).bind(*up_to).execute(c).await?),
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}
