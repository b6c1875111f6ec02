//! Several shards on one Postgres: one killed, a business moved, a shard emptied, and their number raised and lowered,
//! under a stream both ways.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::report::times;
use super::roles::Stream;
use super::rounds;
use crate::outside::cluster::{LEASE, Role};
use crate::outside::{LONG, within};

/// How often operators look: they may ask 20 times a second.
const LOOK: Duration = Duration::from_millis(200);
/// The promise for a move: the number is away for so long at most. The median on an idle machine was a tenth of it.
const GAP: Duration = Duration::from_secs(2);
/// Beyond the lease: looking for orphans each second, the login, and a machine that is shared with other tests.
const ADOPTED: Duration = Duration::from_secs(10);

/// An installation with several shards, a linked number and a stream both ways.
pub(super) struct Fleet {
    pub(super) stream: Stream,
    /// The shards beside the first, by number; that one is a role of the cluster.
    others: BTreeMap<u16, Role>,
}

impl Fleet {
    pub(super) async fn start(shards: u16) -> Self {
        let total = [("SHARDS_TOTAL", shards.to_string())];
        let mut stream = Box::pin(Stream::start(&total)).await;
        let mut others = BTreeMap::new();
        for number in 2..=shards {
            others.insert(number, shard(&mut stream, number, shards).await);
        }
        Self { stream, others }
    }

    /// Where the number is held.
    pub(super) async fn holder(&self) -> u16 {
        let path = format!("/v1/sessions/{}", self.stream.session());
        let session = self.stream.cluster.operator().get(&path).await;
        session["shard"].as_u64().unwrap().try_into().unwrap()
    }

    /// Waits until the number is connected through a shard that `fits`; that shard.
    pub(super) async fn held_by(&self, deadline: Duration, fits: impl Fn(u16) -> bool) -> u16 {
        let (start, mut pace) = (Instant::now(), tokio::time::interval(LOOK));
        loop {
            pace.tick().await;
            let path = format!("/v1/sessions/{}", self.stream.session());
            let operator = self.stream.cluster.operator();
            // None while the database is away.
            let session = operator.body(&path).await.unwrap_or_default();
            let shard = session["shard"].as_u64().unwrap_or_default();
            let shard = u16::try_from(shard).unwrap();
            if fits(shard) && session["state"] == "connected" {
                return shard;
            }
            assert!(start.elapsed() < deadline, "not in {deadline:?}: {session}");
        }
    }

    /// Waits until an answer to an operator is as it shall be.
    pub(super) async fn sees(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let (start, mut pace) = (Instant::now(), tokio::time::interval(LOOK));
        loop {
            pace.tick().await;
            let answer = self.stream.cluster.operator().get(path).await;
            if fits(&answer) {
                return answer;
            }
            assert!(start.elapsed() < LONG, "{path}: {answer}");
        }
    }

    pub(super) async fn business(&self) -> String {
        let me = self.stream.cluster.operator().get("/v1/me").await;
        me["business"]["id"].as_str().unwrap().to_owned()
    }

    /// Sends a shard a signal.
    pub(super) fn signal(&self, number: u16, signal: Signal) {
        let first = &self.stream.cluster.roles[1];
        self.others
            .get(&number)
            .unwrap_or(first)
            .process
            .signal(signal);
    }

    /// Kills a shard.
    fn kill(&mut self, number: u16) {
        match self.others.remove(&number) {
            Some(mut role) => role.process.kill(),
            None => self.stream.cluster.roles[1].process.kill(),
        }
    }

    /// Starts a shard that is not there.
    async fn again(&mut self, number: u16, shards: u16) {
        let role = shard(&mut self.stream, number, shards).await;
        if number == 1 {
            self.stream.cluster.roles[1] = role;
        } else {
            self.others.insert(number, role);
        }
    }

    /// Asks a shard to stop and waits until it has.
    fn stop(&mut self, number: u16) {
        let mut other = self.others.remove(&number);
        let first = &mut self.stream.cluster.roles[1];
        let role = other.as_mut().unwrap_or(first);
        role.process.signal(Signal::TERM);
        let ended = role.process.wait(Duration::from_secs(10));
        assert_eq!(ended.code(), Some(0));
    }

    /// How long the number was away after its last connection but one.
    async fn gap(&self, logins_before: usize) -> Duration {
        let network = &self.stream.cluster.network;
        let logins = within(LONG, "the next login", || async {
            let logins = network.log("login").await;
            (logins.len() > logins_before).then_some(logins)
        })
        .await;
        let old = &logins[logins_before - 1]["socket"];
        let ended = within(LONG, "the end of the last connection", || async {
            let ended = network.log("ended").await;
            ended.into_iter().find(|line| line["socket"] == *old)
        })
        .await;
        let at = |line: &Value| line["at"].as_str().unwrap().parse::<jiff::Timestamp>();
        let away = at(&logins[logins_before]).unwrap() - at(&ended).unwrap();
        Duration::try_from(away).unwrap_or_default()
    }

    /// Ends the stream and judges every ledger; no connection took the place of the present holder's.
    pub(super) async fn end(self, fault: &str, rounds: u32) {
        let replaced = self.stream.cluster.network.log("replaced").await;
        let kickers: HashSet<_> = replaced
            .iter()
            .filter_map(|it| it["kicked_by"].as_u64())
            .collect();
        let wrong = replaced.iter().filter(|it| {
            it["socket"]
                .as_u64()
                .is_some_and(|socket| kickers.contains(&socket))
        });
        assert_eq!(wrong.count(), 0, "{replaced:?}");
        self.stream.end(fault, rounds).await;
    }
}

async fn shard(stream: &mut Stream, number: u16, shards: u16) -> Role {
    let number = number.to_string();
    let arguments = ["shard", "--number", number.as_str()];
    let own = [("SHARDS_TOTAL", shards.to_string())];
    stream.cluster.one_more(&arguments, &own).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_a_shard_is_killed_and_others_take_over() {
    let mut fleet = Box::pin(Fleet::start(3)).await;
    let mut took = Vec::new();
    for round in 0..rounds() {
        fleet.stream.cluster.sign_in().await;
        fleet.stream.flow().await;
        let dead = fleet.holder().await;
        let killed = Instant::now();
        fleet.kill(dead);
        let heir = fleet.held_by(LEASE + ADOPTED, |shard| shard != dead).await;
        println!("round {round}: {dead} killed, {heir} has it");
        took.push(killed.elapsed());
        fleet.again(dead, 3).await;
    }
    times("  elsewhere, lease 3 s", took);
    fleet.end("shard killed, three of them", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_a_business_is_moved() {
    let fleet = Box::pin(Fleet::start(3)).await;
    let path = format!("/v1/admin/businesses/{}/move", fleet.business().await);
    let mut gaps = Vec::new();
    for _ in 0..rounds() * 2 {
        fleet.stream.cluster.sign_in().await;
        let operator = fleet.stream.cluster.operator();
        fleet.stream.flow().await;
        let here = fleet.holder().await;
        let there = here % 3 + 1;
        let plan = operator
            .post(&path, json!({"shard": there, "dry_run": true}))
            .await;
        assert_eq!(
            (&plan["state"], &plan["total"]),
            (&json!("planned"), &json!(1))
        );
        let logins = fleet.stream.cluster.network.log("login").await.len();
        let begun = operator.post(&path, json!({"shard": there})).await;
        assert_eq!(begun["total"], 1, "{begun}");
        fleet.sees(&path, |it| it["state"] == "done").await;
        fleet.held_by(LONG, |shard| shard == there).await;
        gaps.push(fleet.gap(logins).await);
    }
    times("  away during a move", gaps.clone());
    assert!(gaps.iter().all(|gap| *gap <= GAP), "{gaps:?}");
    fleet.end("business moved", rounds() * 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_a_shard_is_drained_and_taken_back() {
    let fleet = Box::pin(Fleet::start(2)).await;
    for _ in 0..rounds() {
        fleet.stream.cluster.sign_in().await;
        let operator = fleet.stream.cluster.operator();
        fleet.stream.flow().await;
        let full = fleet.holder().await;
        let path = format!("/v1/admin/shards/{full}/drain");
        let begun = operator.post(&path, json!({})).await;
        assert_eq!(
            (&begun["state"], &begun["total"]),
            (&json!("draining"), &json!(1))
        );
        fleet.sees(&path, |it| it["state"] == "drained").await;
        let other = fleet.held_by(LONG, |shard| shard != full).await;
        operator
            .post(&format!("/v1/admin/shards/{full}/undrain"), json!({}))
            .await;
        let list = operator.get("/v1/admin/shards").await;
        let states: Vec<_> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["state"])
            .collect();
        assert_eq!(states, ["live", "live"]);
        assert_eq!(fleet.holder().await, other, "what has moved stays");
    }
    fleet.end("shard drained", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_steers_the_shards_from_the_command_line() {
    let fleet = Box::pin(Fleet::start(2)).await;
    let cluster = &fleet.stream.cluster;
    let (full, business) = (fleet.holder().await, fleet.business().await);
    let (full, other) = (full.to_string(), (3 - full).to_string());
    let done = |arguments: &[&str]| {
        let ended = cluster.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        ended.stdout
    };
    let list = done(&["shard", "list"]);
    assert_eq!(list.matches(" live ").count(), 2, "{list}");
    let told = done(&["shard", "drain", full.as_str()]);
    assert!(told.contains("drained, 1 of 1 moved"), "{told}");
    let list = done(&["shard", "list"]);
    assert_eq!(list.matches(" draining ").count(), 1, "{list}");
    let refused = cluster.run(&["shard", "drain", other.as_str()]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("switchyard shard list"),
        "{}",
        refused.stderr
    );
    done(&["shard", "undrain", full.as_str()]);
    let again = cluster.run(&["shard", "undrain", full.as_str()]);
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    let move_there = ["shard", "move", business.as_str(), full.as_str()];
    let plan = done(&[move_there.as_slice(), &["--dry-run"]].concat());
    assert!(plan.contains("planned, 0 of 1 moved"), "{plan}");
    let told = done(&move_there);
    assert!(told.contains("done, 1 of 1 moved"), "{told}");
    assert_eq!(fleet.holder().await.to_string(), full);
    fleet.end("steered by hand", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_outage_of_the_database_each_shard_finds_its_own_again() {
    let mut fleet = Box::pin(Fleet::start(3)).await;
    for _ in 0..rounds() {
        fleet.stream.cluster.sign_in().await;
        fleet.stream.flow().await;
        let before = fleet.holder().await;
        fleet.stream.cluster.postgres.stop();
        // The outage itself is the fault: every lease lapses during it.
        tokio::time::sleep(LEASE * 2).await;
        fleet.stream.cluster.postgres.start_again().await;
        let after = fleet.held_by(LONG, |_| true).await;
        assert_eq!(
            after, before,
            "nobody adopts before each had the time to come back"
        );
    }
    fleet.end("outage, three shards", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_shards_and_then_fewer_move_nobody_who_need_not_go() {
    let mut fleet = Box::pin(Fleet::start(3)).await;
    fleet.stream.flow().await;
    let pinned = fleet.holder().await;
    let logins = fleet.stream.cluster.network.log("login").await.len();
    for number in 4..=5 {
        fleet.again(number, 5).await;
    }
    // The shards that hold nothing learn the new number first.
    for number in (1..=3).filter(|it| *it != pinned) {
        fleet.stop(number);
        fleet.again(number, 5).await;
    }
    fleet.stream.flow().await;
    assert_eq!(fleet.holder().await, pinned);
    let network = &fleet.stream.cluster.network;
    assert_eq!(network.log("login").await.len(), logins, "nobody moved");

    let operator = fleet.stream.cluster.operator();
    for number in 3..=5 {
        let path = format!("/v1/admin/shards/{number}/drain");
        operator.post(&path, json!({})).await;
        fleet.sees(&path, |it| it["state"] == "drained").await;
        fleet.stop(number);
    }
    let holder = fleet.held_by(LONG, |shard| shard <= 2).await;
    if pinned <= 2 {
        assert_eq!(holder, pinned, "it had no reason to go");
    }
    let network = &fleet.stream.cluster.network;
    let logins = network.log("login").await.len();
    let idle = 3 - holder;
    fleet.stop(idle);
    fleet.again(idle, 2).await;
    fleet.stream.flow().await;
    assert_eq!(fleet.holder().await, holder);
    let network = &fleet.stream.cluster.network;
    assert_eq!(network.log("login").await.len(), logins, "nobody moved");
    fleet.end("3, 5 and 2 shards", 1).await;
}
