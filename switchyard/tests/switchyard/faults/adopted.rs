//! What becomes of the sessions of a shard that is killed, emptied or cut off from its database: many businesses at
//! once, and one whose holder lives on without knowing anything.

use std::collections::BTreeMap;
use std::env;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::report::times;
use super::sharded::Fleet;
use crate::outside::api::Api;
use crate::outside::cluster::{Cluster, LEASE, Role};
use crate::outside::line::{Line, Manner};
use crate::outside::{LONG, within};

/// So many businesses with one number each, unless `SWITCHYARD_FAULT_BUSINESSES` says otherwise.
const BUSINESSES: usize = 24;
/// So many are linked at a time.
const AT_A_TIME: usize = 6;
/// How often operators look.
const LOOK: Duration = Duration::from_millis(250);
/// The promise for a lease of 15 s is 30 s: as much beyond the lease.
const ADOPTED: Duration = Duration::from_secs(15);
/// The promise for a thousand sessions.
const DRAINED: Duration = Duration::from_mins(1);

/// A business with one linked number.
struct Customer {
    name: String,
    api: Api,
    session: String,
}

impl Customer {
    async fn linked(cluster: &Cluster, index: usize) -> Self {
        let (name, phone) = (format!("Shop {index}"), format!("44770091{index:04}"));
        cluster.network.phone(&phone).await;
        let api = cluster.another_business(&name).await;
        let session = api.new_session("Front desk").await;
        let qr = api.qr(&session).await;
        cluster.network.scan(&phone, &qr).await;
        api.session_in(&session, "connected").await;
        Self { name, api, session }
    }

    async fn is_connected(&self) -> bool {
        let session = self
            .api
            .get(&format!("/v1/sessions/{}", self.session))
            .await;
        session["state"] == "connected"
    }
}

/// One more shard.
async fn shard(cluster: &Cluster, number: &str) -> Role {
    cluster.one_more(&["shard", "--number", number], &[]).await
}

/// Which shard holds each business.
async fn holders(cluster: &Cluster) -> BTreeMap<String, u64> {
    let path = "/v1/admin/businesses?limit=200";
    let rows = cluster.operator().all(path).await;
    let held = rows.iter().filter_map(|row| {
        let name = row["name"].as_str().unwrap().to_owned();
        Some((name, row["held_by"].as_u64()?))
    });
    held.collect()
}

/// Waits until every business that was on a shard is connected through another one; how long each took.
async fn elsewhere(
    cluster: &Cluster,
    customers: &[Customer],
    before: &BTreeMap<String, u64>,
    left: u64,
) -> Vec<Duration> {
    let was_there = |it: &&Customer| before.get(&it.name) == Some(&left);
    let customers: Vec<&Customer> = customers.iter().filter(was_there).collect();
    let (start, mut pace) = (Instant::now(), tokio::time::interval(LOOK));
    let mut took = BTreeMap::new();
    while took.len() < customers.len() {
        pace.tick().await;
        let holders = holders(cluster).await;
        for customer in &customers {
            let name = &customer.name;
            let moved = holders.get(name).is_some_and(|holder| *holder != left);
            if moved && !took.contains_key(name) && customer.is_connected().await {
                took.insert(name.clone(), start.elapsed());
            }
        }
        assert!(start.elapsed() < LONG, "{took:?} of {}", customers.len());
    }
    let mut took: Vec<Duration> = took.into_values().collect();
    took.sort_unstable();
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_businesses_of_a_killed_shard_are_shared_out_and_those_of_a_drained_one_follow() {
    let total = [("SHARDS_TOTAL", "3".to_owned())];
    let mut cluster = Box::pin(Cluster::start(&total)).await;
    let _others = [shard(&cluster, "2").await, shard(&cluster, "3").await];
    let businesses = env::var("SWITCHYARD_FAULT_BUSINESSES").ok();
    let businesses = businesses.map_or(BUSINESSES, |text| text.parse().unwrap());
    let linking = (0..businesses).map(|index| Customer::linked(&cluster, index));
    let linking = futures_util::stream::iter(linking).buffered(AT_A_TIME);
    let customers: Vec<Customer> = Box::pin(linking.collect()).await;
    let before = holders(&cluster).await;
    let on = |holders: &BTreeMap<String, u64>, number| {
        holders.values().filter(|it| **it == number).count()
    };
    println!(
        "on the shards: {:?}",
        (1..=3).map(|it| on(&before, it)).collect::<Vec<_>>()
    );
    let offered = cluster.network.log("qr_offered").await.len();

    cluster.roles[1].process.kill();
    let took = elsewhere(&cluster, &customers, &before, 1).await;
    let after = holders(&cluster).await;
    let (second, third) = (on(&after, 2), on(&after, 3));
    times("many, shard killed", took.clone());
    println!("on the others {second} and {third}");
    assert!(took.iter().all(|it| *it < LEASE + ADOPTED), "{took:?}");
    for (name, holder) in before.iter().filter(|(_, holder)| **holder != 1) {
        assert_eq!(after.get(name), Some(holder), "{name} had no reason to go");
    }
    let adopted = on(&before, 1);
    let gained = [second - on(&before, 2), third - on(&before, 3)];
    assert_eq!(gained.iter().sum::<usize>(), adopted);
    assert!(
        gained[0].abs_diff(gained[1]) <= 1,
        "{gained:?} of {adopted}"
    );

    let operator = cluster.operator();
    operator.post("/v1/admin/shards/2/drain", json!({})).await;
    let took = elsewhere(&cluster, &customers, &after, 2).await;
    times("many, shard drained", took.clone());
    assert!(took.iter().all(|it| *it < DRAINED), "{took:?}");
    let drained = operator.get("/v1/admin/shards/2/drain").await;
    assert_eq!(
        (&drained["state"], &drained["moved"]),
        (&json!("drained"), &json!(second))
    );
    assert_eq!(
        cluster.network.log("qr_offered").await.len(),
        offered,
        "nobody scans again"
    );
    assert_eq!(cluster.network.log("replaced").await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_is_cut_from_its_database_has_hung_up_before_another_takes_over() {
    let fleet = Box::pin(Fleet::start(1)).await;
    let cluster = &fleet.stream.cluster;
    let url = cluster.postgres.url();
    let (before, rest) = url.split_once("127.0.0.1:").unwrap();
    let (port, after) = rest.split_once('/').unwrap();
    let line = Line::to(port.parse().unwrap()).await;
    let own = [(
        "DATABASE_URL",
        format!("{before}127.0.0.1:{}/{after}", line.port()),
    )];
    let cut_off = cluster.one_more(&["shard", "--number", "2"], &own).await;
    let path = format!("/v1/admin/businesses/{}/move", fleet.business().await);
    cluster.operator().post(&path, json!({"shard": 2})).await;
    fleet.sees(&path, |it| it["state"] == "done").await;
    fleet.held_by(LONG, |shard| shard == 2).await;
    fleet.stream.flow().await;

    let logins = cluster.network.log("login").await;
    let old = logins.last().unwrap()["socket"].clone();
    line.is(Manner::Silent);
    fleet.held_by(LEASE + ADOPTED, |shard| shard == 1).await;
    let ended = within(LONG, "the end of the old connection", || async {
        let ended = cluster.network.log("ended").await;
        ended.into_iter().find(|it| it["socket"] == old)
    })
    .await;
    let next = cluster.network.log("login").await[logins.len()].clone();
    let at = |line: &Value| {
        line["at"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    assert!(at(&ended) < at(&next), "{ended} {next}");
    // It wakes to a session that is somebody else's.
    line.is(Manner::Clear);
    let internal = cut_off.internal();
    within(LONG, "the shard is ready again", || async {
        (internal.status("/health/ready").await == Some(200)).then_some(())
    })
    .await;
    fleet.stream.flow().await;
    fleet.end("shard cut from Postgres", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_sleeps_past_its_lease_wakes_to_sessions_of_others() {
    let fleet = Box::pin(Fleet::start(3)).await;
    fleet.stream.flow().await;
    let network = &fleet.stream.cluster.network;
    let asleep = fleet.holder().await;
    let logins = network.log("login").await.len();
    fleet.signal(asleep, Signal::STOP);
    let heir = fleet
        .held_by(LEASE + ADOPTED, |shard| shard != asleep)
        .await;
    // Who holds the session has not yet dialled.
    within(LONG, "the heir's login", || async {
        (network.log("login").await.len() > logins).then_some(())
    })
    .await;
    let before = (
        network.log("login").await.len(),
        network.log("replaced").await.len(),
    );
    fleet.signal(asleep, Signal::CONT);
    let all_live = |page: &Value| {
        let shards = page["data"].as_array().unwrap();
        shards.iter().all(|shard| shard["state"] == "live")
    };
    fleet.sees("/v1/admin/shards", all_live).await;
    // Nothing shall happen, which only the passing of time shows: as long as it once had to act.
    tokio::time::sleep(LEASE).await;
    let after = (
        network.log("login").await.len(),
        network.log("replaced").await.len(),
    );
    assert_eq!(after, before, "logins and replacements since it woke");
    assert_eq!(fleet.holder().await, heir);
    fleet.end("shard asleep, three of them", 1).await;
}
