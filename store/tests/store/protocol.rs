//! The protocol of leases, explored: shards start, lapse, wake, take, move and drain in an order that a seed decides,
//! one committed transaction after the other, with the verbs that the product itself uses. At no point do two holders
//! have one epoch, and nobody writes under an epoch that is not the session's last; in the end everything is held.
//!
//! `SWITCHYARD_LEASE_SEEDS` says how many seeds are tried, `SWITCHYARD_LEASE_SEED` names the one to replay.

use std::collections::HashMap;
use std::env;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use store::audit::Actor;
use store::leases::{self, Figures, Homing, Incarnation, Registration, Renewer};
use store::{Engine, Error, Held, Lane, Store, sessions, shards};
use switchyard_core::adoption::Adoption;
use switchyard_core::routing::share;
use switchyard_core::session::Wanted;
use switchyard_core::{BusinessId, SessionId};
use uuid::Uuid;

use crate::bench::{Bench, NOON};

/// So many seeds, unless the environment says otherwise.
const SEEDS: u64 = 40;
/// So many steps each.
const STEPS: usize = 60;
/// The numbers of the shards.
const NUMBERS: [u16; 3] = [1, 2, 3];
/// Sessions of each of the businesses.
const SESSIONS: [usize; 3] = [1, 2, 3];
/// Nothing lapses by itself: only where a step says so.
const LEASE: Duration = Duration::from_hours(1);
/// So often at most each shard looks at the end.
const ROUNDS: usize = 50;

/// One process that was started, and what it believes to hold.
struct Process {
    number: u16,
    incarnation: Incarnation,
    held: HashMap<SessionId, Held>,
    adoption: Adoption,
}

/// One history.
struct World<'a> {
    store: &'a Store,
    seed: u64,
    rng: StdRng,
    businesses: Vec<BusinessId>,
    processes: Vec<Process>,
    /// Every right that was ever given, and to whom.
    given: HashMap<(SessionId, i64), Incarnation>,
    /// The last epoch of each session.
    last: HashMap<SessionId, i64>,
    /// What was done, to be read when something is wrong.
    done: Vec<String>,
}

impl<'a> World<'a> {
    async fn new(store: &'a Store, seed: u64) -> Self {
        forget_everything(store).await;
        let mut rng = StdRng::seed_from_u64(seed);
        let mut businesses = Vec::new();
        for count in SESSIONS {
            // Who takes what goes by the ids too: the seed decides them.
            let business = Uuid::from_u128(rng.random());
            run(store, BUSINESS, Some(business), None).await;
            let id = BusinessId::from(business);
            for _ in 0..count {
                let session = Uuid::from_u128(rng.random());
                for sql in [SESSION, LEASE_ROW] {
                    run(store, sql, Some(business), Some(session)).await;
                }
                sessions::want(store, NOON, id, session.into(), Wanted::Connected)
                    .await
                    .unwrap();
            }
            businesses.push(id);
        }
        Self {
            store,
            seed,
            rng,
            businesses,
            processes: Vec::new(),
            given: HashMap::new(),
            last: HashMap::new(),
            done: Vec::new(),
        }
    }

    fn note(&mut self, what: String) {
        self.done.push(what);
    }

    /// Fails with the seed and the history.
    fn wrong(&self, what: &str) -> ! {
        let history = self.done.join("\n");
        panic!("seed {}: {what} after\n{history}", self.seed);
    }

    async fn start(&mut self) {
        let number = *NUMBERS.choose(&mut self.rng).unwrap();
        let registration = Registration {
            number,
            url: "http://127.0.0.1:1".to_owned(),
            capacity: self.rng.random_range(2..10),
            lease: LEASE,
        };
        let incarnation = leases::register(self.store, NOON, registration)
            .await
            .unwrap();
        self.note(format!(
            "shard {number} starts as process {}",
            self.processes.len()
        ));
        self.processes.push(Process {
            number,
            incarnation,
            held: HashMap::new(),
            adoption: Adoption::default(),
        });
    }

    /// A process was given rights.
    fn granted(&mut self, index: usize, held: Vec<Held>) {
        for right in held {
            let process = self.processes[index].incarnation;
            let key = (right.session, right.epoch);
            if self.given.insert(key, process).is_some() {
                self.wrong("an epoch has two holders");
            }
            let before = self.last.insert(right.session, right.epoch);
            if before.is_some_and(|before| before >= right.epoch) {
                self.wrong("an epoch went back");
            }
            self.note(format!(
                "process {index} has {} under {}",
                right.session, right.epoch
            ));
            self.processes[index].held.insert(right.session, right);
        }
    }

    /// What a process does when it looks.
    async fn look(&mut self, index: usize, adopts: bool) {
        let (me, number) = (
            self.processes[index].incarnation,
            self.processes[index].number,
        );
        if adopts {
            leases::mark_lost(self.store).await.unwrap();
        }
        let unheld = leases::unheld(self.store, me).await.unwrap();
        let mut wanted = unheld.inherited;
        let adoption = adopts.then_some(&mut self.processes[index].adoption);
        wanted.extend(share(number, 3, &unheld.peers, &unheld.strays, adoption));
        match leases::take_businesses(self.store, me, wanted).await {
            Ok(taken) => self.granted(index, taken),
            Err(Error::Fenced) => self.note(format!("process {index} is lost")),
            Err(error) => self.wrong(&error.to_string()),
        }
    }

    /// A process writes under every right that it was ever given.
    async fn write(&mut self, index: usize) {
        let rights: Vec<Held> = self.processes[index].held.values().copied().collect();
        for right in rights {
            let is_last = self.last.get(&right.session) == Some(&right.epoch);
            match sessions::seen(self.store, NOON, &right).await {
                Ok(()) if is_last => {}
                Ok(()) => self.wrong("a stale write was accepted"),
                // Let go, or taken.
                Err(Error::Fenced) => {}
                Err(error) => self.wrong(&error.to_string()),
            }
        }
    }

    /// A process lets go of what others are to have.
    async fn let_go(&mut self, index: usize) {
        let me = self.processes[index].incarnation;
        for wish in sessions::wishes(self.store, me).await.unwrap() {
            let wish = wish.unwrap();
            if wish.moves {
                leases::release(self.store, me, wish.session).await.unwrap();
                self.note(format!("process {index} lets go of {}", wish.session));
            }
        }
    }

    async fn renew(&mut self, index: usize) {
        let me = self.processes[index].incarnation;
        let mut renewer = Renewer::new(self.store);
        let renewed = renewer.renew(me, LEASE, Figures::default()).await.unwrap();
        self.note(format!("process {index} renews: {renewed}"));
    }

    async fn operate(&mut self) {
        let number = *NUMBERS.choose(&mut self.rng).unwrap();
        let (store, by) = (self.store, Actor::system());
        let outcome = match self.rng.random_range(0..3) {
            0 => {
                let id = *self.businesses.choose(&mut self.rng).unwrap();
                let moved = shards::move_business(store, NOON, by, id, number, false).await;
                moved.map(|it| format!("move {id} to {number}: {it:?}"))
            }
            1 => {
                let drained = shards::drain(store, NOON, by, None, number).await;
                drained.map(|it| format!("drain {number}: {it:?}"))
            }
            _ => {
                let undrained = shards::undrain(store, NOON, by, None, number).await;
                undrained.map(|it| format!("undrain {number}: {it:?}"))
            }
        };
        match outcome {
            Ok(told) => self.note(told),
            Err(Error::Conflict(why)) => self.note(why.to_owned()),
            Err(error) => self.wrong(&error.to_string()),
        }
    }

    async fn give(&mut self, index: usize) {
        let (me, number) = (
            self.processes[index].incarnation,
            self.processes[index].number,
        );
        let at_once = Homing {
            healthy: Duration::ZERO,
            calm: Duration::ZERO,
            at_a_time: 5,
        };
        let given = if leases::unheld(self.store, me).await.unwrap().drains {
            let given = leases::give_away(self.store, me, 5).await;
            given.map(|given| given.sessions)
        } else {
            leases::send_home(self.store, me, number, at_once).await
        };
        match given {
            Ok(given) => self.note(format!("process {index} gives {given} away")),
            Err(Error::Fenced) => self.note(format!("process {index} is lost")),
            Err(error) => self.wrong(&error.to_string()),
        }
    }

    async fn step(&mut self) {
        if self.processes.is_empty() {
            return self.start().await;
        }
        let index = self.rng.random_range(0..self.processes.len());
        match self.rng.random_range(0..20) {
            0 => self.start().await,
            1 => {
                let me = self.processes[index].incarnation;
                lapse(self.store, me).await;
                self.note(format!("process {index} sleeps past its lease"));
            }
            2 => {
                leases::mark_lost(self.store).await.unwrap();
            }
            3 => {
                let me = self.processes[index].incarnation;
                leases::deregister(self.store, me).await.unwrap();
                self.note(format!("process {index} leaves"));
            }
            4 | 5 => self.renew(index).await,
            6..=8 => self.write(index).await,
            9 | 10 => self.operate().await,
            11 | 12 => self.give(index).await,
            13 | 14 => self.let_go(index).await,
            15 | 16 => self.look(index, false).await,
            _ => self.look(index, true).await,
        }
    }

    /// In the end one shard with room is there, and no other: everything is held by it.
    async fn settles(&mut self) {
        for process in &self.processes {
            lapse(self.store, process.incarnation).await;
        }
        for number in NUMBERS {
            let by = Actor::system();
            shards::undrain(self.store, NOON, by, None, number)
                .await
                .unwrap();
        }
        let registration = Registration {
            number: 1,
            url: "http://127.0.0.1:1".to_owned(),
            capacity: 100,
            lease: LEASE,
        };
        let incarnation = leases::register(self.store, NOON, registration)
            .await
            .unwrap();
        let index = self.processes.len();
        self.processes.push(Process {
            number: 1,
            incarnation,
            held: HashMap::new(),
            adoption: Adoption::default(),
        });
        for _ in 0..ROUNDS {
            self.look(index, true).await;
            if self.processes[index].held.len() == SESSIONS.iter().sum::<usize>() {
                for other in 0..=index {
                    self.write(other).await;
                }
                return;
            }
        }
        self.wrong("something is held by nobody for ever");
    }
}

const BUSINESS: &str = "insert into businesses (id, name, status, created_at)
    select $1, 'Bakery', 'active', 1 where $2 is null";
const SESSION: &str = "insert into sessions (id, business_id, name, state, since, wanted, wanted_at, paired, created_at)
    values ($2, $1, 'Desk', 'created', 1, 'disconnected', 1, false, 1)";
const LEASE_ROW: &str =
    "insert into session_leases (session_id, business_id, epoch) values ($2, $1, 0)";

/// The lease of a process ends now.
async fn lapse(store: &Store, process: Incarnation) {
    let sql = "update shards set lease_until = 0 where incarnation = $1 and $2 is null";
    run(store, sql, Some(process.0), None).await;
}

async fn forget_everything(store: &Store) {
    for sql in [
        "update shards set state = 'lost' where $1 is null and $2 is null",
        "delete from session_leases where $1 is null and $2 is null",
        "delete from shard_drains where $1 is null and $2 is null",
    ] {
        run(store, sql, None, None).await;
    }
}

async fn run(store: &Store, sql: &'static str, one: Option<Uuid>, other: Option<Uuid>) {
    let work = store.write(Lane::Leases, (sql, one, other), |tx, (sql, one, other)| {
        Box::pin(async move {
            if let Engine::Sqlite(connection) = tx.engine() {
                let query = sqlx::query(*sql).bind(*one).bind(*other);
                query.execute(connection).await?;
            }
            Ok(())
        })
    });
    work.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_epoch_has_two_holders_and_no_stale_write_is_accepted_in_any_order_of_events() {
    let named = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match named("SWITCHYARD_LEASE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..named("SWITCHYARD_LEASE_SEEDS").unwrap_or(SEEDS),
    };
    let bench = Bench::sqlite().await;
    let mut given = 0;
    for seed in seeds {
        given += history(&bench.store, seed).await.given.len();
    }
    println!("{given} epochs were given");
    bench.end().await;
}

/// All that happens under a seed.
async fn history(store: &Store, seed: u64) -> World<'_> {
    let mut world = World::new(store, seed).await;
    for _ in 0..STEPS {
        world.step().await;
    }
    world.settles().await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seed_tells_the_same_history_again() {
    let (first, second) = (Bench::sqlite().await, Bench::sqlite().await);
    for seed in [3, 17] {
        let told = history(&first.store, seed).await.done;
        assert_eq!(told, history(&second.store, seed).await.done);
    }
    first.end().await;
    second.end().await;
}
