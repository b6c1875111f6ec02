//! Hints: one contract inside a process, between processes by Postgres and by Redis.

use std::time::{Duration, Instant};

use store::hints::{Relay, Via};
use store::{Hint, Store, sessions};
use switchyard_core::job::Job;
use switchyard_core::queue::Queue;
use switchyard_core::session::Wanted;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::bench::{Bench, NOON};
use crate::redis::Server;

/// Two ends between which hints go.
struct Ends {
    bench: Bench,
    /// Where something happens.
    here: Store,
    /// Where it is to be heard.
    there: Store,
    relays: Vec<Relay>,
    server: Option<Server>,
}

impl Ends {
    async fn inside_a_process() -> Self {
        let bench = Bench::sqlite().await;
        let (here, there) = (bench.store.clone(), bench.store.clone());
        Self {
            bench,
            here,
            there,
            relays: Vec::new(),
            server: None,
        }
    }

    async fn by_postgres() -> Self {
        let bench = Bench::postgres().await;
        let (here, there) = (bench.store.clone(), bench.another().await);
        let relays = [&here, &there].map(|store| Relay::start(store, Via::Database));
        Self {
            bench,
            here,
            there,
            relays: relays.into(),
            server: None,
        }
    }

    async fn by_redis() -> Self {
        let server = Server::start().await;
        let bench = Bench::sqlite().await;
        // Redis carries hints of whatever database; the other end is another process on the same file.
        let (here, there) = (bench.store.clone(), bench.another().await);
        let relays = [&here, &there].map(|store| Relay::start(store, Via::Redis(server.client())));
        Self {
            bench,
            here,
            there,
            relays: relays.into(),
            server: Some(server),
        }
    }

    /// Waits until what is committed here is heard there.
    async fn connected(&self, heard: &mut Receiver<Hint>) {
        let start = Instant::now();
        loop {
            self.happens().await;
            if timeout(QUIET, heard.recv()).await.is_ok() {
                break;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "the ends do not hear each other"
            );
        }
        while timeout(QUIET, heard.recv()).await.is_ok() {}
    }

    /// Something that is hinted at.
    async fn happens(&self) -> Hint {
        let business = self.bench.business();
        let session = sessions::create(&self.here, NOON, business, "Front desk")
            .await
            .unwrap();
        Hint::Session(session.id)
    }

    async fn end(self) {
        for relay in self.relays {
            relay.stop().await;
        }
        drop(self.server);
        self.bench.end().await;
    }
}

macro_rules! everywhere {
    ($($(#[$doc:meta])* async fn $name:ident($ends:ident: &Ends) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn check($ends: &Ends) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn inside_a_process() {
                let ends = Ends::inside_a_process().await;
                check(&ends).await;
                ends.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let ends = Ends::by_postgres().await;
                check(&ends).await;
                ends.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                let ends = Ends::by_redis().await;
                check(&ends).await;
                ends.end().await;
            }
        }
    )*};
}

/// The next session or job that is hinted at; an event comes beside it.
async fn next(heard: &mut Receiver<Hint>, wait: Duration) -> Option<Hint> {
    loop {
        match timeout(wait, heard.recv()).await.ok()?.ok()? {
            Hint::Events(_) => {}
            hint => return Some(hint),
        }
    }
}

/// Long for a hint.
const LONG: Duration = Duration::from_secs(5);
/// Nothing comes any more.
const QUIET: Duration = Duration::from_millis(300);

everywhere! {
    async fn what_is_committed_here_is_heard_there(ends: &Ends) {
        let mut heard = ends.there.hints().subscribe();
        ends.connected(&mut heard).await;
        let hint = ends.happens().await;
        assert_eq!(next(&mut heard, LONG).await, Some(hint));
        let job = store::jobs::tick(&ends.here, NOON, &Job::Prune, Duration::from_mins(1));
        job.await.unwrap();
        assert_eq!(next(&mut heard, LONG).await, Some(Hint::Jobs(Queue::Maintenance)));
    }

    async fn every_one_of_a_burst_is_heard_and_none_comes_back(ends: &Ends) {
        let mut heard = ends.there.hints().subscribe();
        ends.connected(&mut heard).await;
        let mut own = ends.here.hints().subscribe();
        let mut given = Vec::new();
        for _ in 0..40 {
            given.push(ends.happens().await);
        }
        for _ in 0..given.len() {
            let hint = next(&mut heard, LONG).await.unwrap();
            let place = given.iter().position(|it| *it == hint).unwrap();
            given.swap_remove(place);
        }
        let mut own_count = 0;
        while next(&mut own, QUIET).await.is_some() {
            own_count += 1;
        }
        assert_eq!(own_count, 40, "each once, without an echo");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_hints_at_one_thing_are_few_messages() {
    let ends = Ends::by_postgres().await;
    let mut heard = ends.there.hints().subscribe();
    ends.connected(&mut heard).await;
    let business = ends.bench.business();
    let session = ends.bench.session(business).await;
    let start = Instant::now();
    for _ in 0..200 {
        let wanted = sessions::want(&ends.here, NOON, business, session, Wanted::Connected);
        wanted.await.unwrap();
    }
    let allowed = 2 + start.elapsed().as_millis() / 50;
    let mut count = 0;
    while next(&mut heard, QUIET).await.is_some() {
        count += 1;
    }
    assert!((1..=allowed).contains(&count), "{count} of {allowed}");
    ends.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_is_made_again() {
    let ends = Ends::by_postgres().await;
    let mut heard = ends.there.hints().subscribe();
    ends.connected(&mut heard).await;
    ends.bench.cut_connections().await;
    ends.connected(&mut heard).await;
    ends.end().await;
}
