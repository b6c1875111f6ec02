//! Moves, drains and the way home: sessions that one live shard lets go for another.

use std::time::Duration;

use store::audit::Actor;
use store::businesses::{self, NewTenant};
use store::leases::{self, Given, Homing, Incarnation, Registration};
use store::quota::Limits;
use store::sessions::{Hinted, Wish};
use store::{Error, Held, Store, sessions, shards};
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::shard::{DrainState, MoveState, ShardState};
use switchyard_core::{BusinessId, SessionId};

use crate::bench::{Bench, NOON, both_engines};

/// A business that is written down.
async fn business(store: &Store) -> BusinessId {
    let new = NewTenant {
        name: "Bakery".to_owned(),
        shard: None,
        limits: Limits::default(),
        owner_email: None,
        invitation_life: Duration::from_mins(1),
    };
    let made = businesses::create(store, NOON, Actor::system(), new).await;
    made.unwrap().0.id
}

/// A session of a business that is connected through a shard.
async fn connected(bench: &Bench, shard: Incarnation, business: BusinessId) -> Held {
    let held = bench.held_by(shard, business).await;
    let (store, session) = (&bench.store, held.session);
    sessions::want(store, NOON, business, session, Wanted::Connected)
        .await
        .unwrap();
    sessions::set_state(store, NOON, &held, SessionState::Connected, None, None)
        .await
        .unwrap();
    held
}

/// Sessions of a shard that others are to have.
async fn leaving(bench: &Bench, shard: Incarnation) -> usize {
    let wishes = sessions::wishes(&bench.store, shard).await.unwrap();
    wishes
        .iter()
        .filter(|it| it.as_ref().unwrap().moves)
        .count()
}

/// A shard lets go of what others are to have, as its supervisors do.
async fn let_go(bench: &Bench, shard: Incarnation) {
    for wish in sessions::wishes(&bench.store, shard).await.unwrap() {
        let wish = wish.unwrap();
        if wish.moves {
            leases::release(&bench.store, shard, wish.session)
                .await
                .unwrap();
        }
    }
}

/// A shard takes what was let go for it.
async fn inherit(bench: &Bench, shard: Incarnation) -> Vec<Held> {
    let unheld = leases::unheld(&bench.store, shard).await.unwrap();
    assert!(unheld.strays.is_empty(), "{unheld:?}");
    let taken = leases::take_businesses(&bench.store, shard, unheld.inherited).await;
    taken.unwrap()
}

both_engines! {
    async fn a_moved_business_goes_whole_and_belongs_there_from_then_on(bench: &Bench) {
        let (one, two, third) = (bench.shard(1).await, bench.shard(2).await, bench.shard(3).await);
        let id = business(&bench.store).await;
        let first = connected(bench, one, id).await;
        connected(bench, one, id).await;
        let plan = shards::move_business(&bench.store, NOON, Actor::system(), id, 2, true).await;
        let plan = plan.unwrap().unwrap();
        assert_eq!((plan.state, plan.moved, plan.total), (MoveState::Planned, 0, 2));
        assert_eq!((leaving(bench, one).await, shards::last_move(&bench.store, id).await.unwrap()), (0, None));
        let begun = shards::move_business(&bench.store, NOON, Actor::system(), id, 2, false).await;
        assert_eq!(begun.unwrap().unwrap().state, MoveState::Moving);
        assert_eq!(leaving(bench, one).await, 2);
        assert!(leases::unheld(&bench.store, two).await.unwrap().expects);
        assert!(inherit(bench, two).await.is_empty(), "it is not let go yet");
        // Until it lets go, the holder writes as before.
        sessions::seen(&bench.store, NOON, &first).await.unwrap();
        let_go(bench, one).await;
        assert!(inherit(bench, third).await.is_empty());
        let wanted = leases::take_businesses(&bench.store, third, vec![id]).await.unwrap();
        assert!(wanted.is_empty(), "{wanted:?} is for another");
        assert_eq!(leases::take(&bench.store, third, first.session).await.unwrap(), None);
        let taken = inherit(bench, two).await;
        assert_eq!(taken.len(), 2);
        let stale = sessions::seen(&bench.store, NOON, &first).await;
        assert!(matches!(stale, Err(Error::Fenced)), "{stale:?}");
        let done = shards::last_move(&bench.store, id).await.unwrap().unwrap();
        assert_eq!((done.state, done.moved, done.total, done.number), (MoveState::Done, 2, 2, 2));
        let tenant = businesses::get(&bench.store, id).await.unwrap().unwrap();
        assert_eq!((tenant.shard, tenant.held_by), (Some(2), Some(2)));
    }

    async fn a_hint_at_a_session_concerns_who_holds_it_and_who_may_take_it(bench: &Bench) {
        let (one, two, third) = (bench.shard(1).await, bench.shard(2).await, bench.shard(3).await);
        let id = business(&bench.store).await;
        let held = connected(bench, one, id).await;
        let rests = bench.session(id).await;
        let of = async |shard, session| {
            let known = [session, SessionId::generate()];
            let mut found = sessions::hinted(&bench.store, shard, &known).await.unwrap();
            assert!(found.len() <= 1, "{found:?}");
            found.pop().map(Result::unwrap)
        };
        let wish = sessions::wishes(&bench.store, one).await.unwrap().remove(0).unwrap();
        assert_eq!(of(one, held.session).await, Some(Hinted::Held(wish)));
        assert_eq!((of(two, held.session).await, of(one, rests).await), (None, None));
        sessions::want(&bench.store, NOON, id, rests, Wanted::Connected).await.unwrap();
        for shard in [one, two, third] {
            assert_eq!(of(shard, rests).await, Some(Hinted::Loose(rests)));
        }
        shards::move_business(&bench.store, NOON, Actor::system(), id, 2, false).await.unwrap();
        assert_eq!(of(one, held.session).await, Some(Hinted::Held(Wish { moves: true, ..wish })));
        assert_eq!(of(two, held.session).await, Some(Hinted::Loose(held.session)), "it is on its way");
        leases::release(&bench.store, one, held.session).await.unwrap();
        assert_eq!(of(two, held.session).await, Some(Hinted::Loose(held.session)));
        assert_eq!((of(one, held.session).await, of(third, held.session).await), (None, None));
        assert!(sessions::hinted(&bench.store, one, &[]).await.unwrap().is_empty());
    }

    async fn a_move_to_a_shard_that_cannot_take_it_is_refused(bench: &Bench) {
        let one = bench.shard(1).await;
        let id = business(&bench.store).await;
        connected(bench, one, id).await;
        for number in [2, 9] {
            let refused = shards::move_business(&bench.store, NOON, Actor::system(), id, number, true).await;
            assert!(matches!(refused, Err(Error::Conflict("shard_cannot_take"))), "{refused:?}");
        }
        let nobody = BusinessId::generate();
        let unknown = shards::move_business(&bench.store, NOON, Actor::system(), nobody, 1, true).await;
        assert_eq!(unknown.unwrap(), None);
        let there = shards::move_business(&bench.store, NOON, Actor::system(), id, 1, false).await;
        assert_eq!(there.unwrap().unwrap().state, MoveState::Done);
        assert_eq!(leaving(bench, one).await, 0);
    }

    async fn a_session_stays_when_the_shard_where_it_goes_is_lost(bench: &Bench) {
        let (one, two) = (bench.shard(1).await, bench.shard(2).await);
        let id = business(&bench.store).await;
        let held = connected(bench, one, id).await;
        shards::move_business(&bench.store, NOON, Actor::system(), id, 2, false).await.unwrap();
        leases::deregister(&bench.store, two).await.unwrap();
        assert_eq!(leaving(bench, one).await, 0);
        sessions::seen(&bench.store, NOON, &held).await.unwrap();
        let failed = shards::last_move(&bench.store, id).await.unwrap().unwrap();
        assert_eq!((failed.state, failed.moved), (MoveState::Failed, 0));
        // Let go before the other was lost: whoever looks next takes it.
        leases::release(&bench.store, one, held.session).await.unwrap();
        let unheld = leases::unheld(&bench.store, one).await.unwrap();
        assert_eq!(unheld.strays.len(), 1);
    }

    async fn a_drain_says_how_many_wait_for_room(bench: &Bench) {
        let one = bench.shard(1).await;
        let small = Registration {
            number: 2,
            url: "http://127.0.0.1:2".to_owned(),
            capacity: 1,
            lease: Duration::from_mins(1),
        };
        leases::register(&bench.store, NOON, small).await.unwrap();
        let (large, single) = (business(&bench.store).await, business(&bench.store).await);
        for of in [large, large, single] {
            connected(bench, one, of).await;
        }
        let drain = shards::drain(&bench.store, NOON, Actor::system(), None, 1).await.unwrap().unwrap();
        assert_eq!((drain.total, drain.waiting_for_room), (3, 2));
        assert_eq!(leases::give_away(&bench.store, one, 50).await.unwrap(), Given { sessions: 1, heirs: 1 });
        let waiting = async || {
            let drain = shards::drain_of(&bench.store, NOON, 1).await.unwrap().unwrap();
            (drain.state, drain.waiting_for_room)
        };
        assert_eq!(waiting().await, (DrainState::Draining, 2));
        bench.shard(3).await;
        assert_eq!(waiting().await, (DrainState::Draining, 0));
    }

    async fn a_drained_shard_gives_everything_away_and_takes_nothing(bench: &Bench) {
        let one = bench.shard(1).await;
        let refused = shards::drain(&bench.store, NOON, Actor::system(), None, 1).await;
        assert!(matches!(refused, Err(Error::Conflict("shard_cannot_take"))), "{refused:?}");
        let (two, third) = (bench.shard(2).await, bench.shard(3).await);
        assert_eq!(shards::drain(&bench.store, NOON, Actor::system(), None, 7).await.unwrap(), None);
        for _ in 0..4 {
            let id = business(&bench.store).await;
            connected(bench, one, id).await;
        }
        let home = business(&bench.store).await;
        let drain = shards::drain(&bench.store, NOON, Actor::system(), Some(home), 1).await.unwrap().unwrap();
        assert_eq!((drain.state, drain.moved, drain.total, drain.seconds_left), (DrainState::Draining, 0, 4, None));
        assert_eq!(drain.waiting_for_room, 0);
        let unheld = leases::unheld(&bench.store, one).await.unwrap();
        assert!(unheld.drains);
        // As many at a time as those who take them can dial.
        let given = async || leases::give_away(&bench.store, one, 1).await.unwrap();
        for sessions in [2, 2, 0] {
            assert_eq!(given().await, Given { sessions, heirs: 2 });
        }
        let_go(bench, one).await;
        assert_eq!((inherit(bench, two).await.len(), inherit(bench, third).await.len()), (2, 2));
        let later = NOON.plus(Duration::from_secs(9));
        let drained = shards::drain_of(&bench.store, later, 1).await.unwrap().unwrap();
        assert_eq!((drained.state, drained.moved, drained.seconds_left), (DrainState::Drained, 4, Some(0)));
        // Another process with the number is to be empty as well.
        leases::deregister(&bench.store, one).await.unwrap();
        bench.shard(1).await;
        assert_eq!(shards::list(&bench.store).await.unwrap()[0].state, ShardState::Draining);
        shards::undrain(&bench.store, NOON, Actor::system(), Some(home), 1).await.unwrap().unwrap();
        assert_eq!(shards::list(&bench.store).await.unwrap()[0].state, ShardState::Live);
        assert_eq!(shards::undrain(&bench.store, NOON, Actor::system(), None, 1).await.unwrap(), None);
        let acts = store::audit::list(&bench.store, home, store::audit::Wanted::default(), None, 10).await.unwrap();
        let acts: Vec<_> = acts.data.iter().map(|entry| entry.action.name()).collect();
        assert_eq!(acts, ["shard.undrained", "shard.drained", "business.created"]);
    }

    async fn a_drain_that_is_taken_back_half_way_keeps_what_has_moved(bench: &Bench) {
        let (one, two) = (bench.shard(1).await, bench.shard(2).await);
        let (gone, stays) = (business(&bench.store).await, business(&bench.store).await);
        connected(bench, one, gone).await;
        shards::drain(&bench.store, NOON, Actor::system(), None, 1).await.unwrap();
        leases::give_away(&bench.store, one, 50).await.unwrap();
        let_go(bench, one).await;
        connected(bench, one, stays).await;
        leases::give_away(&bench.store, one, 50).await.unwrap();
        assert_eq!(leaving(bench, one).await, 1);
        shards::undrain(&bench.store, NOON, Actor::system(), None, 1).await.unwrap();
        assert_eq!(leaving(bench, one).await, 0);
        let taken = inherit(bench, two).await;
        assert_eq!((taken.len(), taken[0].business), (1, gone));
        let held = shards::list(&bench.store).await.unwrap();
        assert_eq!((held[0].sessions, held[1].sessions), (1, 1));
    }

    async fn a_business_goes_home_when_its_shard_has_been_well_and_it_has_been_quiet(bench: &Bench) {
        let (one, two) = (bench.shard(1).await, bench.shard(2).await);
        let id = business(&bench.store).await;
        connected(bench, one, id).await;
        leases::deregister(&bench.store, one).await.unwrap();
        leases::take_businesses(&bench.store, two, vec![id]).await.unwrap();
        let homing = |healthy, calm| Homing {
            healthy: Duration::from_secs(healthy),
            calm: Duration::from_secs(calm),
            at_a_time: 5,
        };
        assert_eq!(leases::send_home(&bench.store, two, 2, homing(0, 0)).await.unwrap(), 0, "nobody is there");
        let home = bench.shard(1).await;
        for not_yet in [homing(60, 0), homing(0, 60)] {
            assert_eq!(leases::send_home(&bench.store, two, 2, not_yet).await.unwrap(), 0);
        }
        assert_eq!(leases::send_home(&bench.store, two, 2, homing(0, 0)).await.unwrap(), 1);
        assert_eq!(leases::send_home(&bench.store, two, 2, homing(0, 0)).await.unwrap(), 0, "it is on its way");
        let_go(bench, two).await;
        assert_eq!(inherit(bench, home).await.len(), 1);
    }

    async fn a_number_that_was_never_linked_needs_a_shard_with_room(bench: &Bench) {
        let id = business(&bench.store).await;
        let session = bench.session(id).await;
        let refused = sessions::connect(&bench.store, NOON, id, session, Wanted::Connected).await;
        assert!(matches!(refused, Err(Error::NoRoom)), "{refused:?}");
        let small = Registration {
            number: 1,
            url: "http://127.0.0.1:1".to_owned(),
            capacity: 1,
            lease: Duration::from_mins(1),
        };
        leases::register(&bench.store, NOON, small).await.unwrap();
        // Asked twice it is one number still, and what it asked for is not another's any more before a shard has it.
        for _ in 0..2 {
            let wanted = sessions::connect(&bench.store, NOON, id, session, Wanted::Connected).await.unwrap().unwrap();
            assert_eq!(wanted.wanted, Wanted::Connected);
        }
        let other = bench.session(id).await;
        let refused = sessions::connect(&bench.store, NOON, id, other, Wanted::Connected).await;
        assert!(matches!(refused, Err(Error::NoRoom)), "{refused:?}");
        bench.shard(2).await;
        sessions::connect(&bench.store, NOON, id, other, Wanted::Connected).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_what_was_let_go_is_taken_while_the_rest_of_the_business_is_busy() {
    let bench = Bench::postgres().await;
    let (one, two) = (bench.shard(1).await, bench.shard(2).await);
    let id = business(&bench.store).await;
    let gone = connected(&bench, one, id).await;
    let busy = connected(&bench, one, id).await;
    shards::move_business(&bench.store, NOON, Actor::system(), id, 2, false)
        .await
        .unwrap();
    leases::release(&bench.store, one, gone.session)
        .await
        .unwrap();
    let (checked, is_checked) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = tokio::sync::oneshot::channel::<()>();
    let pause = std::sync::Mutex::new(Some((checked, may_go_on)));
    let store = bench.store.clone();
    let batch = tokio::spawn(async move {
        store
            .write(store::Lane::Messages, (busy, pause), |tx, (busy, pause)| {
                Box::pin(async move {
                    busy.check(tx).await?;
                    let (checked, may_go_on) = pause.lock().unwrap().take().unwrap();
                    checked.send(()).unwrap();
                    may_go_on.await.unwrap();
                    Ok(())
                })
            })
            .await
    });
    is_checked.await.unwrap();
    let taken = inherit(&bench, two).await;
    assert_eq!((taken.len(), taken[0].session), (1, gone.session));
    go_on.send(()).unwrap();
    batch.await.unwrap().unwrap();
    bench.end().await;
}
