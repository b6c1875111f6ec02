//! Each role on Postgres killed and paused in turn, and the database restarted, killed and cut off, under a stream
//! both ways.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::json;

use super::report::Report;
use super::rounds;
use super::traffic::{Traffic, inbound};
use crate::outside::api::Api;
use crate::outside::cluster::{Cluster, LEASE, ROLES};
use crate::outside::{LONG, until, within};
use crate::roles::link;
use crate::story::{BUSINESS, CUSTOMERS};

/// A random moment within this is when the fault is made.
const LIFE_MS: Range<u64> = 200..1_500;

/// Between two messages of one writer: three processes and a database server share the machine with other tests, and
/// what waited during a fault has to be worked off.
const PACE: Duration = Duration::from_millis(80);

/// How long the database is away: less than a request waits for it, and when one long try would look again 1.6 s later.
const OUTAGE: Duration = Duration::from_secs(7);
/// When messages are accepted again: two seconds are promised, half a second was seen.
const ACCEPTED_AGAIN: Duration = Duration::from_millis(1_500);

/// The place of the shard among the roles.
const SHARD: usize = 1;

/// An installation with a linked number and a stream both ways.
pub(super) struct Stream {
    pub(super) cluster: Cluster,
    session: String,
    traffic: Traffic,
    offered: usize,
}

impl Stream {
    pub(super) async fn start(settings: &[(&'static str, String)]) -> Self {
        Self::on(Box::pin(Cluster::start(settings)).await).await
    }

    /// The same with an installation that runs.
    pub(super) async fn on(cluster: Cluster) -> Self {
        let session = link(&cluster).await;
        let offered = cluster.network.log("qr_offered").await.len();
        let traffic = Traffic::paced(&cluster.api, &cluster.network, PACE);
        Self {
            cluster,
            session,
            traffic,
            offered,
        }
    }

    /// Lets the stream flow for a random while.
    pub(super) async fn flow(&self) {
        let life = rand::rng().random_range(LIFE_MS);
        tokio::time::sleep(Duration::from_millis(life)).await;
    }

    /// The linked number.
    pub(super) fn session(&self) -> &str {
        &self.session
    }

    /// How many messages the API has accepted so far.
    pub(super) fn accepted(&self) -> usize {
        self.traffic.accepted()
    }

    /// Kills a role and starts it again.
    async fn kill(&mut self, index: usize) {
        self.cluster.roles[index].process.kill();
        self.cluster.again(index).await;
        self.traffic.now_at(&self.cluster.api);
    }

    /// Ends the stream and judges every ledger.
    pub(super) async fn end(self, fault: &str, rounds: u32) {
        let api = &self.cluster.api;
        api.session_in(&self.session, "connected").await;
        let network = &self.cluster.network;
        let report = self.traffic.end().await.compared(api, network).await;
        let offered = network.log("qr_offered").await.len();
        Report {
            fault: fault.to_owned(),
            rounds,
            codes: offered - self.offered,
            ..report
        }
        .judged();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_any_role_is_killed() {
    let mut stream = Stream::start(&[]).await;
    for round in 0..rounds() {
        for (index, (name, _)) in ROLES.iter().enumerate() {
            stream.flow().await;
            stream.kill(index).await;
            println!("round {round}: killed {name}");
        }
    }
    stream.end("role killed", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_without_hints() {
    let off = [("SWITCHYARD_HINTS", "off".to_owned())];
    let mut stream = Stream::start(&off).await;
    for index in 0..ROLES.len() {
        stream.flow().await;
        stream.kill(index).await;
    }
    stream.end("hints off, role killed", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_any_role_sleeps_past_the_lease() {
    let stream = Stream::start(&[]).await;
    for round in 0..rounds() {
        for (role, (name, _)) in stream.cluster.roles.iter().zip(ROLES) {
            stream.flow().await;
            role.process.signal(Signal::STOP);
            // The pause itself is the fault: nothing can be waited for while the role stands still.
            tokio::time::sleep(LEASE + Duration::from_millis(500)).await;
            role.process.signal(Signal::CONT);
            println!("round {round}: paused {name}");
        }
    }
    stream.end("role paused", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_slept_while_another_took_over_writes_and_sends_nothing_when_it_wakes() {
    let mut stream = Stream::start(&[]).await;
    for _ in 0..rounds() {
        stream.flow().await;
        let logins = stream.cluster.network.log("login").await.len();
        stream.cluster.roles[SHARD].process.signal(Signal::STOP);
        let old = stream.cluster.beside(SHARD).await;
        let network = &stream.cluster.network;
        within(LONG, "the next holder logs in", || async {
            (network.log("login").await.len() > logins).then_some(())
        })
        .await;
        let before = (
            network.log("login").await.len(),
            network.log("replaced").await.len(),
        );
        old.process.signal(Signal::CONT);
        // Nothing shall happen, which only the passing of time shows: as long as the old one had to act.
        tokio::time::sleep(LEASE).await;
        let after = (
            network.log("login").await.len(),
            network.log("replaced").await.len(),
        );
        assert_eq!(
            after, before,
            "logins and replacements since the old one woke"
        );
        assert_eq!(
            old.internal().status("/livez").await,
            Some(200),
            "it must have woken"
        );
    }
    stream.end("shard taken over", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_database_is_restarted_or_killed() {
    let mut stream = Stream::start(&[]).await;
    for round in 0..rounds() {
        stream.flow().await;
        stream.cluster.postgres.restart().await;
        println!("round {round}: restarted");
        stream.flow().await;
        stream.cluster.postgres.kill_and_start().await;
        println!("round {round}: killed");
    }
    stream.end("postgres restarted, killed", rounds()).await;
}

/// Whether a message is accepted now.
async fn accepted(api: &Api, text: &str) -> bool {
    let body = json!({ "to": CUSTOMERS[0], "text": text });
    let answer = api.attempt(Method::POST, "/v1/messages", Some(&body), None);
    let answer = answer.await;
    answer.is_some_and(|(status, _)| status == StatusCode::ACCEPTED)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_accepted_again_within_two_seconds_of_the_database_being_back() {
    let mut cluster = Box::pin(Cluster::start(&[])).await;
    cluster.api.new_session("Front desk").await;
    assert!(accepted(&cluster.api, "before").await);
    cluster.postgres.stop();
    // More than the process has connections: every one of them is being waited for.
    let waiting: Vec<_> = (0..60)
        .map(|_| {
            let api = cluster.api.clone();
            tokio::spawn(async move { api.attempt(Method::GET, "/v1/chats", None, None).await })
        })
        .collect();
    let api = cluster.api.clone();
    let late = tokio::spawn(async move { accepted(&api, "meanwhile").await });
    // The outage itself is the fault: long enough for whoever waits longer each time.
    tokio::time::sleep(OUTAGE).await;
    cluster.postgres.start_again().await;
    let back = Instant::now();
    within(LONG, "a message is accepted", || async {
        accepted(&cluster.api, "after").await.then_some(())
    })
    .await;
    let took = back.elapsed();
    assert!(
        took < ACCEPTED_AGAIN,
        "accepted {took:?} after the database was back"
    );
    late.await.unwrap();
    for one in waiting {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_every_connection_is_cut_again_and_again() {
    let stream = Stream::start(&[]).await;
    for _ in 0..rounds() * 2 {
        stream.flow().await;
        stream.cluster.postgres.terminate_all();
    }
    stream.end("connections cut", rounds() * 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_the_vault_could_not_take_in_time_are_offered_again_at_once_and_in_order() {
    let cluster = Arc::new(Box::pin(Cluster::start(&[])).await);
    link(&cluster).await;
    cluster.network.write(CUSTOMERS[0], BUSINESS, "first").await;
    let chat = cluster.api.chat_with(CUSTOMERS[0]).await;
    let chat = chat["id"].as_str().unwrap();
    let mut written = vec!["first".to_owned()];
    for _ in 0..rounds() {
        // The lease is renewed all the while, so that the shard has no other reason to begin anew.
        let held = format!(
            "begin; lock table vault in exclusive mode; select pg_sleep({}); commit",
            LEASE.as_secs_f64()
        );
        let holding = {
            let cluster = Arc::clone(&cluster);
            tokio::task::spawn_blocking(move || cluster.postgres.sql(&held))
        };
        let is_held = "select true from pg_locks where relation = 'vault'::regclass and mode = 'ExclusiveLock' and granted";
        until("the vault is held", || async {
            let rows = tokio::task::block_in_place(|| cluster.postgres.sql(is_held));
            rows.contains('t').then_some(())
        })
        .await;
        // Some while it is held, some as it is let go, some on the next connection.
        for _ in 0..40 {
            let text = format!("number {}", written.len());
            cluster.network.write(CUSTOMERS[0], BUSINESS, &text).await;
            written.push(text);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        holding.await.unwrap();
        within(LEASE * 2, "the last message is there", || async {
            let messages = cluster.api.messages(chat).await;
            let there = messages.iter().filter(|it| !it["text"].is_null());
            (there.count() >= written.len()).then_some(())
        })
        .await;
    }
    let messages = cluster.api.messages(chat).await;
    let received: Vec<&str> = inbound(&messages).collect();
    assert_eq!(received, written);
    let offered = cluster.network.log("qr_offered").await.len();
    assert_eq!(offered, 1, "nobody scans again");
}
