//! What businesses do not keep any longer goes, a little at a time, and nothing of others.

use std::time::Duration;

use store::audit::{self, Actor};
use store::businesses::{self, NewTenant, TenantChange};
use store::chats::{self, ChatQuery};
use store::quota::Limits;
use store::retention::{self, Retention};
use store::{Store, events, messages};
use switchyard_core::audit::AuditAction;
use switchyard_core::{BusinessId, SessionId, Timestamp};

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::{new_message, object, phone};

const DAY: Duration = Duration::from_hours(24);

async fn tenant(store: &Store) -> BusinessId {
    let new = NewTenant {
        name: "Bakery".to_owned(),
        shard: None,
        limits: Limits::default(),
        owner_email: None,
        invitation_life: DAY,
    };
    let made = businesses::create(store, NOON, Actor::system(), new).await;
    made.unwrap().0.id
}

async fn keep(store: &Store, business: BusinessId, retention: Retention) {
    let change = TenantChange {
        retention: Some(retention),
        ..TenantChange::default()
    };
    let changed = businesses::change(store, NOON, Actor::system(), business, change).await;
    assert_eq!(changed.unwrap().unwrap().retention, retention);
}

/// A message to that number, given up at its deadline: it waits for nothing any more.
async fn settled(
    store: &Store,
    at: Timestamp,
    business: BusinessId,
    session: SessionId,
    to: &str,
) -> switchyard_core::MessageId {
    let new = new_message(Some(session), phone(to), "hello");
    let accepted = messages::accept(store, at, business, new).await.unwrap();
    let after = at.plus(DAY * 2);
    while store::sweeps::expire_messages(store, after).await.unwrap() > 0 {}
    object(accepted).id
}

both_engines! {
    async fn old_messages_go_and_young_ones_and_those_that_wait_stay(bench: &Bench) {
        let (store, business) = (&bench.store, tenant(&bench.store).await);
        let session = bench.session(business).await;
        let old = settled(store, NOON, business, session, "972501111111").await;
        let lonely = settled(store, NOON, business, session, "972502222222").await;
        let young = settled(store, NOON.plus(DAY * 40), business, session, "972501111111").await;
        let mut waits = new_message(Some(session), phone("972501111111"), "still to be sent");
        waits.expires_in_s = 604_800;
        let waits = messages::accept(store, NOON.plus(DAY), business, waits).await.unwrap();
        let waits = object(waits).id;

        assert!(retention::keeping(store).await.unwrap().is_empty(), "nobody keeps less");
        keep(store, business, Retention { messages_days: Some(30), events_days: None }).await;
        let keeping = retention::keeping(store).await.unwrap();
        assert_eq!((keeping.len(), keeping[0].business), (1, business));
        assert_eq!(retention::sessions(store, business).await.unwrap(), [session]);
        let later = NOON.plus(DAY * 41);
        let gone = retention::forget_messages(store, later, business, session, 30).await.unwrap();
        assert_eq!(gone, 2);
        let gone = retention::forget_messages(store, later, business, session, 30).await.unwrap();
        assert_eq!(gone, 0, "that was all");
        for (id, is_there) in [(old, false), (lonely, false), (young, true), (waits, true)] {
            let found = messages::get(store, business, id).await.unwrap();
            assert_eq!(found.is_some(), is_there, "{id}");
        }
        let page = chats::list(store, business, ChatQuery { limit: 10, ..ChatQuery::default() }).await.unwrap();
        assert_eq!(page.data.len(), 1, "a chat without any message is not shown");
    }

    async fn old_events_of_a_business_that_keeps_fewer_go_and_the_cursor_says_so(bench: &Bench) {
        let (store, business, other) = (&bench.store, tenant(&bench.store).await, tenant(&bench.store).await);
        for owner in [business, other] {
            let session = bench.session(owner).await;
            settled(store, NOON, owner, session, "972501111111").await;
            settled(store, NOON.plus(DAY * 4), owner, session, "972501111111").await;
        }
        let before = events::after(store, other, 0, 100).await.unwrap().events.len();
        let later = NOON.plus(DAY * 5);
        let gone = retention::forget_events(store, later, business, 2).await.unwrap();
        assert!(gone > 0);
        assert_eq!(retention::forget_events(store, later, business, 2).await.unwrap(), 0);
        assert!(matches!(events::after(store, business, 1, 100).await, Err(store::Error::CursorExpired)));
        let kept = events::after(store, business, 0, 100).await.unwrap().events;
        assert!(!kept.is_empty() && kept.iter().all(|it| it.at >= later.minus(DAY * 2)));
        assert_eq!(events::after(store, other, 0, 100).await.unwrap().events.len(), before);
    }

    async fn whoever_keeps_less_is_noted(bench: &Bench) {
        let (store, business) = (&bench.store, tenant(&bench.store).await);
        let week = Retention { messages_days: Some(7), events_days: Some(1) };
        keep(store, business, week).await;
        keep(store, business, week).await;
        let log = audit::list(store, business, audit::Wanted::default(), None, 10).await.unwrap();
        let acts: Vec<_> = log.data.iter().map(|it| it.action).collect();
        assert_eq!(acts, [AuditAction::BusinessRetentionChanged, AuditAction::BusinessCreated]);
    }
}
