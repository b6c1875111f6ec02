//! Sessions: made, steered, moved through their states, deleted.

use std::time::Duration;

use store::audit::Actor;
use store::businesses::NewTenant;
use store::quota::Limits;
use store::{Engine, Error, Lane, businesses, events, leases, messages, sessions};
use switchyard_core::address::{Lid, Phone};
use switchyard_core::event::EventType;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::{new_message, phone};

both_engines! {
    async fn another_business_does_not_see_a_session(bench: &Bench) {
        let (ours, theirs) = (bench.business(), bench.business());
        let id = bench.session(ours).await;
        assert!(sessions::get(&bench.store, ours, id).await.unwrap().is_some());
        assert!(sessions::get(&bench.store, theirs, id).await.unwrap().is_none());
        assert!(sessions::list(&bench.store, theirs).await.unwrap().is_empty());
        let renamed = sessions::rename(&bench.store, NOON, theirs, id, "Mine").await.unwrap();
        assert!(renamed.is_none());
    }

    async fn a_state_is_told_once_however_often_it_is_set(bench: &Bench) {
        let held = bench.held().await;
        let before = events::head(&bench.store, held.business).await.unwrap();
        for _ in 0..3 {
            sessions::set_state(
                &bench.store, NOON, &held, SessionState::Connecting, Some(SessionReason::Network), None,
            ).await.unwrap();
        }
        let told = events::after(&bench.store, held.business, before, 10).await.unwrap();
        assert_eq!(told.events.len(), 1);
        assert_eq!(told.events[0].kind, EventType::SessionStatus);
        assert_eq!(told.events[0].data["state"], "connecting");
        assert_eq!(told.events[0].data["reason"], "network");
    }

    async fn what_whatsapp_restricts_outlasts_every_state(bench: &Bench) {
        let held = bench.held().await;
        let (restricted, ban) = (NOON.plus(Duration::from_hours(2)), NOON.plus(Duration::from_hours(1)));
        for (reason, until) in [(SessionReason::NewChatsRestricted, restricted), (SessionReason::TemporaryBan, ban)] {
            sessions::set_state(&bench.store, NOON, &held, SessionState::Restricted, Some(reason), Some(until)).await.unwrap();
            let shown = sessions::get(&bench.store, held.business, held.session).await.unwrap().unwrap();
            assert_eq!(shown.object().until, Some(until));
        }
        for state in [SessionState::Connecting, SessionState::Disconnected, SessionState::Connected] {
            sessions::set_state(&bench.store, NOON, &held, state, None, None).await.unwrap();
        }
        sessions::unpaired(&bench.store, NOON, &held, Some(SessionReason::ByUser)).await.unwrap();
        let session = sessions::get(&bench.store, held.business, held.session).await.unwrap().unwrap();
        assert_eq!(session.until, None);
        assert_eq!(session.new_chats_until, Some(restricted));
        assert_eq!(session.banned_until, Some(ban));
    }

    async fn a_link_with_another_number_is_refused(bench: &Bench) {
        let held = bench.held().await;
        let phone = Phone::parse("972501234567").unwrap();
        assert!(sessions::paired(&bench.store, NOON, &held, phone.clone(), Lid::parse("777")).await.unwrap());
        let other = Phone::parse("972507654321").unwrap();
        let refused = sessions::paired(&bench.store, NOON, &held, other, None).await;
        assert!(matches!(refused, Err(Error::Conflict("different_number"))), "{refused:?}");
        let session = sessions::get(&bench.store, held.business, held.session).await.unwrap().unwrap();
        assert_eq!(session.phone, Some(phone));
        assert!(session.paired);
        sessions::unpaired(&bench.store, NOON, &held, Some(SessionReason::ByUser)).await.unwrap();
        let session = sessions::get(&bench.store, held.business, held.session).await.unwrap().unwrap();
        assert!(!session.paired && session.phone.is_some());
        assert_eq!(session.state, SessionState::LoggedOut);
    }

    async fn every_wish_is_seen_as_a_new_one_whatever_the_clock_says(bench: &Bench) {
        let shard = bench.shard(1).await;
        let held = bench.held_by(shard, bench.business()).await;
        let look = async || {
            let mut wishes = sessions::wishes(&bench.store, shard).await.unwrap();
            assert_eq!(wishes.len(), 1);
            wishes.remove(0).unwrap()
        };
        let mut last = look().await;
        assert_eq!((last.session, last.wanted), (held.session, Wanted::Disconnected));
        let tomorrow = NOON.plus(Duration::from_hours(24));
        let wishes = [
            (tomorrow, Wanted::Connected), (NOON, Wanted::Disconnected), (NOON, Wanted::Connected),
            (NOON, Wanted::Connected), (NOON.minus(Duration::from_hours(9)), Wanted::LoggedOut),
        ];
        for (now, wanted) in wishes {
            sessions::want(&bench.store, now, held.business, held.session, wanted).await.unwrap();
            let seen = look().await;
            assert_eq!(seen.wanted, wanted);
            assert!(seen.wanted_at > last.wanted_at, "{seen:?} after {last:?}");
            last = seen;
        }
    }

    async fn a_shard_hears_of_what_it_holds_alone(bench: &Bench) {
        let one = bench.shard(1).await;
        let held = bench.held_by(one, bench.business()).await;
        bench.session(held.business).await;
        let heard = sessions::wishes(&bench.store, one).await.unwrap();
        assert_eq!(heard.len(), 1);
        let wish = heard[0].as_ref().unwrap();
        assert_eq!((wish.session, wish.moves), (held.session, false));
        let other = leases::Incarnation(uuid::Uuid::new_v4());
        assert!(sessions::wishes(&bench.store, other).await.unwrap().is_empty());
    }

    async fn a_deletion_cannot_be_taken_back(bench: &Bench) {
        let held = bench.held().await;
        let (business, id) = (held.business, held.session);
        sessions::want(&bench.store, NOON, business, id, Wanted::Deleted).await.unwrap().unwrap();
        for wanted in [Wanted::Connected, Wanted::LoggedOut, Wanted::Deleted] {
            let refused = sessions::want(&bench.store, NOON, business, id, wanted).await.unwrap();
            assert_eq!(refused, None, "{wanted:?}");
        }
        assert_eq!(sessions::rename(&bench.store, NOON, business, id, "Mine").await.unwrap(), None);
        assert!(sessions::list(&bench.store, business).await.unwrap().is_empty());
        let stored = sessions::stored(&bench.store, business, id).await.unwrap().unwrap();
        assert_eq!(stored.wanted, Wanted::Deleted);
        for session in [Some(id), None] {
            let message = new_message(session, phone("972500000001"), "hi");
            let refused = messages::accept(&bench.store, NOON, business, message).await;
            assert!(matches!(refused, Err(Error::NoSuchSession | Error::SessionRequired)), "{refused:?}");
        }
    }

    async fn a_session_that_nobody_ever_linked_is_deleted_at_once(bench: &Bench) {
        let business = bench.business();
        let id = bench.session(business).await;
        sessions::want(&bench.store, NOON, business, id, Wanted::Deleted).await.unwrap();
        assert!(sessions::get(&bench.store, business, id).await.unwrap().is_none());
        let shard = bench.shard(1).await;
        assert_eq!(leases::take(&bench.store, shard, id).await.unwrap(), None);
    }

    async fn a_held_session_is_deleted_by_its_shard(bench: &Bench) {
        let held = bench.held().await;
        sessions::want(&bench.store, NOON, held.business, held.session, Wanted::Deleted).await.unwrap();
        assert!(sessions::get(&bench.store, held.business, held.session).await.unwrap().is_none());
        assert!(sessions::stored(&bench.store, held.business, held.session).await.unwrap().is_some());
        sessions::delete(&bench.store, NOON, &held).await.unwrap();
        assert!(sessions::stored(&bench.store, held.business, held.session).await.unwrap().is_none());
        let refused = sessions::seen(&bench.store, NOON, &held).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
    }

    async fn of_sixteen_sessions_linked_to_one_phone_at_once_one_has_it(bench: &Bench) {
        let new = NewTenant {
            name: "Corner Café".to_owned(),
            shard: None,
            limits: Limits::default(),
            owner_email: None,
            invitation_life: Duration::from_mins(1),
        };
        let made = businesses::create(&bench.store, NOON, Actor::system(), new).await;
        let business = made.unwrap().0.id;
        let shard = bench.shard(1).await;
        let phone = Phone::parse("972501234567").unwrap();
        let mut all = Vec::new();
        for _ in 0..16 {
            all.push(bench.held_by(shard, business).await);
        }
        let links = all.iter().map(|held| {
            let (store, held, phone) = (bench.store.clone(), *held, phone.clone());
            tokio::spawn(async move {
                let linked = sessions::paired(&store, NOON, &held, phone, None).await;
                linked.unwrap().then_some(held)
            })
        });
        let mut linked = Vec::new();
        for link in links.collect::<Vec<_>>() {
            linked.extend(link.await.unwrap());
        }
        assert_eq!(linked.len(), 1);
        sessions::unpaired(&bench.store, NOON, &linked[0], None).await.unwrap();
        let other = all.iter().find(|held| held.session != linked[0].session).unwrap();
        assert!(sessions::paired(&bench.store, NOON, other, phone.clone(), None).await.unwrap());
        let stranger = bench.held_by(shard, bench.business()).await;
        assert!(sessions::paired(&bench.store, NOON, &stranger, phone, None).await.unwrap());
    }

    async fn a_fenced_shard_changes_nothing_of_a_session(bench: &Bench) {
        let shard = bench.shard(1).await;
        let old = bench.held_by(shard, bench.business()).await;
        leases::take(&bench.store, shard, old.session).await.unwrap().unwrap();
        let before = sessions::get(&bench.store, old.business, old.session).await.unwrap();
        let store = &bench.store;
        let number = Phone::parse("972501234567").unwrap();
        let refusals = [
            sessions::set_state(store, NOON, &old, SessionState::Failed, None, None).await,
            sessions::paired(store, NOON, &old, number, None).await.map(drop),
            sessions::unpaired(store, NOON, &old, None).await,
            sessions::seen(store, NOON, &old).await,
            sessions::delete(store, NOON, &old).await,
        ];
        for refused in refusals {
            assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
        }
        assert_eq!(bench.counter("switchyard_fenced_total"), 5);
        assert_eq!(sessions::get(store, old.business, old.session).await.unwrap(), before);
    }

    async fn a_stored_state_that_nobody_knows_is_named_not_guessed(bench: &Bench) {
        let business = bench.business();
        let id = bench.session(business).await;
        const BREAK: &str = "update sessions set state = 'sideways'";
        bench.store.write(Lane::Rest, (), |tx, ()| Box::pin(async move {
            match tx.engine() {
                Engine::Sqlite(c) => drop(sqlx::query(BREAK).execute(c).await?),
                Engine::Postgres(c) => drop(sqlx::query(BREAK).execute(c).await?),
            }
            Ok(())
        })).await.unwrap();
        let refused = sessions::get(&bench.store, business, id).await;
        let Err(Error::Corrupt { table, column, id: row }) = refused else { panic!("{refused:?}") };
        assert_eq!((table, column, row), ("sessions", "state", id.to_string()));
    }
}
