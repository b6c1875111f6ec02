//! Faults on a cluster under a standing load, one after the other, each with a line in the report.
//!
//! `cargo xtask test` makes each once with a few businesses; `cargo xtask faults` with 60 and 100 messages a second each
//! way, with the pauses and outages of production, and cuts the sockets of 1,000 numbers at once.

mod calls;
mod resized;
mod scale;

use std::time::{Duration, Instant};

use rand::seq::IndexedRandom;
use serde_json::json;

use super::load::Load;
use super::report::Report;
use super::standing::Standing;
use crate::outside::line::{Line, Manner};
use scale::{Scale, scale};

/// So long after all sockets were cut the last number is connected, however many there are: a shard dials 50 a second.
const ALL_BACK: Duration = Duration::from_mins(1);

/// Additive, as every migration of ours is: processes of this version go on beside it.
const NEXT_VERSION: &str = "
    alter table messages add column next_text text;
    alter table jobs add column next_number bigint not null default 0;
    alter table sessions add column next_flag boolean;
    alter table events add column next_text text;
    create table next_rows (id uuid primary key, business_id uuid not null references businesses (id));
    create index next_messages on messages (next_text) where next_text is not null;";

/// How slow Redis gets: a call waits for half a second at most, so the one is slow and the other is too slow.
const SLOW: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(700)];

/// A load that flows, and how many it has accepted a second.
async fn flowing(standing: &mut Standing, scale: &Scale) -> (Load, f64) {
    let load = standing.load();
    let before = load.rate(scale.before).await;
    let least = scale.flows[0] * scale.rate();
    assert!(before >= least, "{before:.0} a second flow");
    (load, before)
}

/// The fault is over: waits until everything is as before, and judges.
async fn over(
    standing: &mut Standing,
    scale: &Scale,
    load: Load,
    before: f64,
    fault: &str,
) -> Report {
    let back = standing
        .back(&load, before, scale.back, scale.patience)
        .await;
    standing.connected(scale.patience).await;
    standing.judge(load, fault, Some(back)).await
}

/// Starts a process again, as whatever supervises it would.
fn again(standing: &mut Standing, name: &str) {
    tokio::task::block_in_place(|| {
        standing.cluster.again(name).unwrap();
        standing.cluster.wait(name).unwrap();
    });
}

/// A fault of a shard that holds nothing would show nothing.
fn holds(standing: &Standing, name: &str) {
    assert!(
        !name.starts_with("shard") || standing.held_by(name) > 0,
        "{name} holds no number"
    );
}

fn kill(standing: &Standing, name: &str) {
    tokio::task::block_in_place(|| standing.cluster.kill(name).unwrap());
}

/// The names of the processes that are the program itself.
fn roles(standing: &Standing) -> Vec<String> {
    let processes = standing.cluster.book().processes.iter();
    let own = processes.filter(|it| it.internal_url.is_some());
    own.map(|it| it.name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_processes_of_a_cluster_lose_nothing() {
    let scale = scale();
    let mut standing = scale.standing().await;
    for name in [
        "api-1",
        "shard-1",
        "shard-2",
        "worker-high-1",
        "worker-default-1",
        "worker-low-1",
    ] {
        let (load, before) = flowing(&mut standing, &scale).await;
        holds(&standing, name);
        kill(&standing, name);
        again(&mut standing, name);
        over(
            &mut standing,
            &scale,
            load,
            before,
            &format!("kill -9 {name}"),
        )
        .await;
    }

    let (load, before) = flowing(&mut standing, &scale).await;
    holds(&standing, "shard-3");
    kill(&standing, "shard-3");
    // Nobody starts it again meanwhile.
    tokio::time::sleep(scale.every).await;
    let fault = "shard-3 dead, its sessions adopted";
    over(&mut standing, &scale, load, before, fault).await;
    again(&mut standing, "shard-3");

    let (load, before) = flowing(&mut standing, &scale).await;
    let workers: Vec<String> = roles(&standing)
        .into_iter()
        .filter(|name| name.starts_with("worker"))
        .collect();
    for name in &workers {
        kill(&standing, name);
    }
    for name in &workers {
        again(&mut standing, name);
    }
    over(
        &mut standing,
        &scale,
        load,
        before,
        "kill -9 of all workers",
    )
    .await;

    storm(&mut standing, &scale).await;
}

/// One random process killed and started again after the other.
async fn storm(standing: &mut Standing, scale: &Scale) {
    let (load, before) = flowing(standing, scale).await;
    let start = Instant::now();
    // Its last quarter counts.
    let mut counted = None;
    while start.elapsed() < scale.storm {
        tokio::time::sleep(scale.every).await;
        let name = roles(standing).choose(&mut rand::rng()).unwrap().clone();
        kill(standing, &name);
        again(standing, &name);
        if counted.is_none() && start.elapsed() * 4 >= scale.storm * 3 {
            counted = Some((Instant::now(), load.accepted()));
        }
    }
    let (since, then) = counted.unwrap();
    let count = f64::from(u32::try_from(load.accepted() - then).unwrap());
    let during = count / since.elapsed().as_secs_f64();
    let least = scale.flows[1] * before.min(scale.rate());
    let fault = "a random kill -9 again and again";
    over(standing, scale, load, before, fault).await;
    assert!(
        during >= least,
        "{during:.0} of {before:.0} a second flowed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_outlives_its_servers() {
    let scale = scale();
    let mut standing = scale.standing().await;

    let (load, before) = flowing(&mut standing, &scale).await;
    tokio::task::block_in_place(|| standing.cluster.redis("FLUSHALL").unwrap());
    over(&mut standing, &scale, load, before, "Redis flushed").await;

    let (load, before) = flowing(&mut standing, &scale).await;
    kill(&standing, "redis");
    // The outage itself is the fault.
    tokio::time::sleep(scale.outage).await;
    again(&mut standing, "redis");
    over(&mut standing, &scale, load, before, "Redis away").await;

    slowed(&mut standing, &scale).await;

    let (load, before) = flowing(&mut standing, &scale).await;
    tokio::task::block_in_place(|| standing.cluster.end("postgres").unwrap());
    again(&mut standing, "postgres");
    over(&mut standing, &scale, load, before, "Postgres restarted").await;

    let (load, before) = flowing(&mut standing, &scale).await;
    kill(&standing, "postgres");
    again(&mut standing, "postgres");
    over(&mut standing, &scale, load, before, "Postgres kill -9").await;

    let (load, before) = flowing(&mut standing, &scale).await;
    let start = Instant::now();
    while start.elapsed() < scale.storm {
        let all = "select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'";
        tokio::task::block_in_place(|| standing.cluster.sql(all).unwrap());
        tokio::time::sleep(scale.every * 2).await;
    }
    let fault = "every backend terminated";
    let report = over(&mut standing, &scale, load, before, fault).await;
    let count = |count: usize| f64::from(u32::try_from(count).unwrap());
    let failed = count(report.internal + report.unavailable + report.unanswered);
    assert!(failed <= scale.errors * count(report.accepted), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_of_a_cluster_pause_and_lose_their_network_without_harm() {
    let scale = scale();
    let mut standing = scale.standing().await;

    let (load, before) = flowing(&mut standing, &scale).await;
    holds(&standing, "shard-1");
    standing.cluster.pause("shard-1").unwrap();
    // The pause itself is the fault: longer than the lease.
    tokio::time::sleep(scale.outage.max(Duration::from_millis(scale.lease_ms * 2))).await;
    standing.cluster.resume("shard-1").unwrap();
    over(&mut standing, &scale, load, before, "shard paused").await;

    // One shard behind a line of its own to Postgres; its line to WhatsApp stays as it is.
    let line = line_to(&standing.cluster.book().postgres_url.clone()).await;
    let url = standing.cluster.book().postgres_url.clone();
    let through = moved(&url, line.port()).replace("postgres@", "sy_platform@");
    reroute(
        &mut standing,
        &["shard-1".to_owned()],
        "DATABASE_URL",
        &through,
    );
    standing.connected(scale.patience).await;
    for (manner, fault) in [
        (Manner::Silent, "a shard cut from Postgres, silently"),
        (Manner::Dead, "a shard cut from Postgres, by resets"),
    ] {
        // What it held went to others while it was away.
        standing.move_to(1, scale.patience).await;
        let (load, before) = flowing(&mut standing, &scale).await;
        holds(&standing, "shard-1");
        line.is(manner);
        tokio::time::sleep(scale.outage.max(Duration::from_millis(scale.lease_ms * 2))).await;
        line.is(Manner::Clear);
        over(&mut standing, &scale, load, before, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_of_a_cluster_is_back_after_all_sockets_were_cut_at_once() {
    let scale = scale();
    let mut standing = scale.standing().await;
    standing.crowd(scale.numbers - scale.businesses).await;
    let (load, before) = flowing(&mut standing, &scale).await;
    let logins = standing.network.log("login").await.len();
    let cut = json!({ "kind": "cut", "count": scale.numbers });
    standing.network.fault(cut).await;
    // The numbers of the load come back among all the others.
    let (begun, all_back) = (
        Instant::now(),
        standing.logged_in_again(logins, scale.numbers, ALL_BACK),
    );
    all_back.await;
    println!("all are back after {:.1} s", begun.elapsed().as_secs_f64());
    let back = standing
        .back(&load, before, scale.back, scale.patience)
        .await;
    standing.connected(scale.patience).await;
    let fault = format!("{} sockets cut at once", scale.numbers);
    standing.judge(load, &fault, Some(back)).await;
}

/// Every process reaches Redis over a line that gets slow, then too slow.
async fn slowed(standing: &mut Standing, scale: &Scale) {
    let url = standing.cluster.book().redis_url.clone();
    let line = line_to(&url).await;
    let roles = roles(standing);
    reroute(standing, &roles, "REDIS_URL", &moved(&url, line.port()));
    standing.connected(scale.patience).await;
    for (delay, fault) in SLOW.into_iter().zip(["Redis slow", "Redis too slow"]) {
        let (load, before) = flowing(standing, scale).await;
        line.is(Manner::Slow(delay));
        tokio::time::sleep(scale.outage).await;
        line.is(Manner::Clear);
        over(standing, scale, load, before, fault).await;
    }
    reroute(standing, &roles, "REDIS_URL", &url);
    standing.connected(scale.patience).await;
}

/// A line to a server of the cluster.
async fn line_to(url: &str) -> Line {
    Line::to(port(url).parse().unwrap()).await
}

/// The port in an address.
fn port(url: &str) -> &str {
    let (_, port) = url.rsplit_once(':').unwrap();
    port.split('/').next().unwrap()
}

/// The same address at another port.
fn moved(url: &str, to: u16) -> String {
    url.replace(&format!(":{}", port(url)), &format!(":{to}"))
}

/// Restarts processes with another address of a server: all are ended before the first one is back, while nobody sends.
fn reroute(standing: &mut Standing, names: &[String], setting: &str, url: &str) {
    tokio::task::block_in_place(|| {
        for name in names {
            standing.cluster.set(name, setting, url).unwrap();
            standing.cluster.end(name).unwrap();
        }
        for name in names {
            standing.cluster.again(name).unwrap();
        }
        for name in names {
            standing.cluster.wait(name).unwrap();
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_restarted_piece_by_piece_and_nobody_notices() {
    let scale = scale();
    let mut standing = scale.standing().await;
    standing.through_nginx();
    let (load, before) = flowing(&mut standing, &scale).await;
    // What the migrations of a next version do to tables in use, before any process of it runs.
    tokio::task::block_in_place(|| {
        standing.cluster.sql(NEXT_VERSION).unwrap();
        standing.cluster.migrate().unwrap();
    });
    for name in roles(&standing) {
        tokio::task::block_in_place(|| standing.cluster.end(&name).unwrap());
        again(&mut standing, &name);
    }
    let report = over(&mut standing, &scale, load, before, "rolling restart").await;
    let noticed = (report.unavailable, report.unanswered, report.evicted);
    assert_eq!(noticed, (0, 0, 0), "{report}");

    let (load, before) = flowing(&mut standing, &scale).await;
    kill(&standing, "nginx");
    again(&mut standing, "nginx");
    over(&mut standing, &scale, load, before, "kill -9 nginx").await;
}
