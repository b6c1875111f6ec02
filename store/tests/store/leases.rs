//! Leases: one holder at a time, a new epoch for each, and the old one refused everywhere.

use std::time::Duration;

use store::businesses::{self, NewTenant};
use store::leases::{self, Figures, Incarnation, Registration, Renewer};
use store::{Error, Store, sessions};
use switchyard_core::routing::{Peer, Route};
use switchyard_core::session::{SessionState, Wanted};
use uuid::Uuid;

use crate::bench::{Bench, NOON, both_engines};

async fn renew(store: &Store, shard: Incarnation, lease: Duration) -> store::Result<bool> {
    Renewer::new(store)
        .renew(shard, lease, Figures::default())
        .await
}

both_engines! {
    async fn every_hand_over_raises_the_epoch(bench: &Bench) {
        let shard = bench.shard(1).await;
        let id = bench.session(bench.business()).await;
        let first = leases::take(&bench.store, shard, id).await.unwrap().unwrap();
        let again = leases::take_all(&bench.store, shard).await.unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].epoch, first.epoch + 1);
        let holder = leases::holder(&bench.store, id).await.unwrap().unwrap();
        assert_eq!(holder.incarnation, shard);
        assert_eq!(holder.epoch, again[0].epoch);
    }

    async fn a_stale_epoch_is_fenced_and_counted(bench: &Bench) {
        let shard = bench.shard(1).await;
        let old = bench.held_by(shard, bench.business()).await;
        let new = leases::take(&bench.store, shard, old.session).await.unwrap().unwrap();
        let state = SessionState::Connecting;
        let refused = sessions::set_state(&bench.store, NOON, &old, state, None, None).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
        assert_eq!(bench.counter("switchyard_fenced_total"), 1);
        sessions::set_state(&bench.store, NOON, &new, state, None, None).await.unwrap();
    }

    async fn a_released_session_is_fenced_before_anybody_takes_it(bench: &Bench) {
        let shard = bench.shard(1).await;
        let held = bench.held_by(shard, bench.business()).await;
        leases::release(&bench.store, shard, held.session).await.unwrap();
        let refused = sessions::seen(&bench.store, NOON, &held).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
        assert_eq!(leases::holder(&bench.store, held.session).await.unwrap(), None);
    }

    async fn a_process_that_left_holds_nothing_and_renews_nothing(bench: &Bench) {
        let shard = bench.shard(1).await;
        let held = bench.held_by(shard, bench.business()).await;
        assert!(renew(&bench.store, shard, Duration::from_mins(1)).await.unwrap());
        leases::deregister(&bench.store, shard).await.unwrap();
        assert!(!renew(&bench.store, shard, Duration::from_mins(1)).await.unwrap());
        let refused = leases::take(&bench.store, shard, held.session).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
        let next = bench.shard(1).await;
        let taken = leases::take(&bench.store, next, held.session).await.unwrap().unwrap();
        assert_eq!(taken.epoch, held.epoch + 1);
    }

    async fn an_unknown_process_cannot_renew_or_take(bench: &Bench) {
        let nobody = Incarnation(Uuid::new_v4());
        let id = bench.session(bench.business()).await;
        assert!(!renew(&bench.store, nobody, Duration::from_mins(1)).await.unwrap());
        assert!(matches!(leases::take(&bench.store, nobody, id).await, Err(Error::Fenced)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_one_of_sixteen_shards_that_want_a_session_at_once_holds_it() {
    let bench = Bench::postgres().await;
    let id = bench.session(bench.business()).await;
    let mut shards = Vec::new();
    for number in 1..=16 {
        shards.push(bench.shard(number).await);
    }
    let mut takers = tokio::task::JoinSet::new();
    for shard in shards {
        let store = bench.store.clone();
        takers.spawn(async move { leases::take(&store, shard, id).await.unwrap() });
    }
    let held: Vec<_> = takers.join_all().await.into_iter().flatten().collect();
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0].epoch, 1);
    bench.end().await;
}

fn registration(number: u16, lease: Duration) -> Registration {
    Registration {
        number,
        url: "http://127.0.0.1:1".to_owned(),
        capacity: 10,
        lease,
    }
}

#[tokio::test]
async fn on_sqlite_the_next_process_takes_over_at_once() {
    let bench = Bench::sqlite().await;
    let first = bench.shard(1).await;
    let held = bench.held_by(first, bench.business()).await;
    let second = bench.shard(1).await;
    assert!(
        !renew(&bench.store, first, Duration::from_mins(1))
            .await
            .unwrap()
    );
    let taken = leases::take_all(&bench.store, second).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].epoch, held.epoch + 1);
}

#[tokio::test]
async fn on_postgres_a_live_number_is_taken_and_a_lapsed_one_is_not() {
    let bench = Bench::postgres().await;
    let first = bench.shard(1).await;
    let held = bench.held_by(first, bench.business()).await;
    let refused =
        leases::register(&bench.store, NOON, registration(1, Duration::from_mins(1))).await;
    assert!(
        matches!(refused, Err(Error::Conflict("shard_number_taken"))),
        "{refused:?}"
    );
    let other = bench.shard(2).await;
    assert_eq!(
        leases::take(&bench.store, other, held.session)
            .await
            .unwrap(),
        None,
        "the holder is alive"
    );
    // The holder's lease lapses: a renewal that ended before it began.
    assert!(renew(&bench.store, first, Duration::ZERO).await.unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    let taken = loop {
        leases::mark_lost(&bench.store).await.unwrap();
        if let Some(taken) = leases::take(&bench.store, other, held.session)
            .await
            .unwrap()
        {
            break taken;
        }
        assert!(tokio::time::Instant::now() < deadline, "never adopted");
    };
    assert_eq!(taken.epoch, held.epoch + 1);
    assert!(
        !renew(&bench.store, first, Duration::from_mins(1))
            .await
            .unwrap(),
        "a lost process never renews"
    );
    leases::register(&bench.store, NOON, registration(1, Duration::from_mins(1)))
        .await
        .unwrap();
    bench.end().await;
}

both_engines! {
    async fn what_nobody_holds_and_has_something_to_do_is_told_with_where_it_belongs(bench: &Bench) {
        let shard = bench.shard(1).await;
        let business = bench.business();
        let (idle, wanted) = (bench.session(business).await, bench.session(business).await);
        let unheld = leases::unheld(&bench.store, shard).await.unwrap();
        assert!(unheld.strays.is_empty() && unheld.peers.is_empty(), "{unheld:?}");
        sessions::want(&bench.store, NOON, business, wanted, Wanted::Connected).await.unwrap();
        let unheld = leases::unheld(&bench.store, shard).await.unwrap();
        assert_eq!(unheld.peers, [Peer { number: 1, room: 1_000 }]);
        assert_eq!(unheld.strays.len(), 1);
        let stray = unheld.strays[0];
        assert_eq!((stray.business, stray.sessions, stray.route), (business, 1, Route::default()));
        let taken = leases::take_businesses(&bench.store, shard, vec![business]).await.unwrap();
        assert_eq!(taken.len(), 1, "the idle one is left alone");
        assert_eq!((taken[0].session, taken[0].business, taken[0].epoch), (wanted, business, 1));
        sessions::seen(&bench.store, NOON, &taken[0]).await.unwrap();
        sessions::want(&bench.store, NOON, business, idle, Wanted::Connected).await.unwrap();
        let unheld = leases::unheld(&bench.store, shard).await.unwrap();
        assert_eq!(unheld.strays[0].route.holder, Some(1));
        assert_eq!(unheld.peers, [Peer { number: 1, room: 999 }]);
    }

    async fn what_should_be_connected_counts_as_unheld_from_the_end_of_its_holders_lease(bench: &Bench) {
        let count = || async { leases::count_unheld(&bench.store).await.unwrap() };
        let (shard, business) = (bench.shard(1).await, bench.business());
        let (idle, held) = (bench.session(business).await, bench.held_by(shard, business).await);
        assert_eq!(count().await, 0, "nothing is wanted");
        sessions::want(&bench.store, NOON, business, idle, Wanted::Connected).await.unwrap();
        assert_eq!(count().await, 1, "nobody has taken it yet");
        sessions::want(&bench.store, NOON, business, held.session, Wanted::Connected).await.unwrap();
        assert_eq!(count().await, 1, "the other one has a holder");
        // No shard is left that would mark it lost.
        assert!(renew(&bench.store, shard, Duration::ZERO).await.unwrap());
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        while count().await < 2 {
            assert!(tokio::time::Instant::now() < deadline, "never counted");
        }
        leases::mark_lost(&bench.store).await.unwrap();
        assert_eq!(count().await, 2, "lost is no less gone");
        let next = bench.shard(2).await;
        leases::take_businesses(&bench.store, next, vec![business]).await.unwrap();
        assert_eq!(count().await, 0);
    }

    async fn what_a_live_other_holds_is_not_taken_and_what_a_lost_one_held_is(bench: &Bench) {
        let (one, business) = (bench.shard(1).await, bench.business());
        let held = bench.held_by(one, business).await;
        sessions::want(&bench.store, NOON, business, held.session, Wanted::Connected).await.unwrap();
        assert!(leases::take_businesses(&bench.store, one, vec![business]).await.unwrap().is_empty());
        leases::deregister(&bench.store, one).await.unwrap();
        let next = bench.shard(2).await;
        let stray = leases::unheld(&bench.store, next).await.unwrap().strays[0];
        assert_eq!(stray.business, business);
        let taken = leases::take_businesses(&bench.store, next, vec![business]).await.unwrap();
        assert_eq!((taken.len(), taken[0].epoch), (1, held.epoch + 1));
        let gone = leases::take_businesses(&bench.store, one, vec![business]).await;
        assert!(matches!(gone, Err(Error::Fenced)), "{gone:?}");
    }

    async fn a_business_is_pinned_where_it_first_connects_and_stays_so(bench: &Bench) {
        let by = store::audit::Actor::system();
        let new = NewTenant {
            name: "Bakery".to_owned(),
            shard: None,
            limits: store::quota::Limits::default(),
            owner_email: None,
            invitation_life: Duration::from_mins(1),
        };
        let business = businesses::create(&bench.store, NOON, by, new).await.unwrap().0.id;
        let pinned = async || businesses::get(&bench.store, business).await.unwrap().unwrap().shard;
        let first = bench.held_by(bench.shard(4).await, business).await;
        sessions::set_state(&bench.store, NOON, &first, SessionState::Connecting, None, None).await.unwrap();
        assert_eq!(pinned().await, None);
        sessions::set_state(&bench.store, NOON, &first, SessionState::Connected, None, None).await.unwrap();
        assert_eq!(pinned().await, Some(4));
        let second = bench.held_by(bench.shard(2).await, business).await;
        sessions::set_state(&bench.store, NOON, &second, SessionState::Connected, None, None).await.unwrap();
        assert_eq!(pinned().await, Some(4));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_business_goes_whole_to_one_of_sixteen_that_want_it_at_once() {
    let bench = Bench::postgres().await;
    let business = bench.business();
    for _ in 0..8 {
        let id = bench.session(business).await;
        sessions::want(&bench.store, NOON, business, id, Wanted::Connected)
            .await
            .unwrap();
    }
    let mut takers = tokio::task::JoinSet::new();
    for number in 1..=16 {
        let (shard, store) = (bench.shard(number).await, bench.store.clone());
        takers.spawn(async move {
            leases::take_businesses(&store, shard, vec![business])
                .await
                .unwrap()
                .len()
        });
    }
    let mut taken = takers.join_all().await;
    taken.sort_unstable();
    // All may have met another's locks; a second look finds it then.
    assert!(taken[..15].iter().all(|it| *it == 0), "{taken:?}");
    assert!([0, 8].contains(&taken[15]), "{taken:?}");
    bench.end().await;
}
