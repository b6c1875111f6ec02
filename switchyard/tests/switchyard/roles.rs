//! The roles as processes of their own on one Postgres: the main job, their refusals, their health, their ends.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::faults::traffic::Traffic;
use crate::outside::LONG;
use crate::outside::cluster::{Cluster, LEASE, ROLES, settings};
use crate::outside::postgres::Postgres;
use crate::outside::process::{Ended, program, run};
use crate::story::{BUSINESS, CUSTOMERS};

/// Links a new session of the installation to the business's phone.
pub(crate) async fn link(cluster: &Cluster) -> String {
    for phone in [BUSINESS, CUSTOMERS[0], CUSTOMERS[1]] {
        cluster.network.phone(phone).await;
    }
    let session = cluster.api.new_session("Front desk").await;
    let qr = cluster.api.qr(&session).await;
    cluster.network.scan(BUSINESS, &qr).await;
    cluster.api.session_in(&session, "connected").await;
    session
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_on_postgres_do_the_main_job() {
    let mut cluster = Box::pin(Cluster::start(&[])).await;
    let session = link(&cluster).await;
    let traffic = Traffic::paced(&cluster.api, &cluster.network, Duration::from_millis(50));
    cluster
        .network
        .shows(CUSTOMERS[0], &format!("to {}, number 30", CUSTOMERS[0]))
        .await;
    let promised = traffic.end().await;
    let report = promised.compared(&cluster.api, &cluster.network).await;
    report.judged();

    let asked = json!({ "to": CUSTOMERS[0], "text": "until tomorrow" });
    let message = cluster.api.post("/v1/messages", asked).await;
    let id = message["id"].as_str().unwrap().to_owned();
    cluster.api.message_is(&id, "delivered").await;
    cluster.network.read(CUSTOMERS[0], BUSINESS).await;
    cluster.api.message_is(&id, "read").await;

    for (role, (name, _)) in cluster.roles.iter().zip(ROLES) {
        let internal = role.internal();
        assert_eq!(internal.status("/livez").await, Some(200), "{name}");
        assert_eq!(internal.get("/health").await["role"], name);
        assert_eq!(internal.status("/metrics").await, Some(200), "{name}");
    }
    let offered = cluster.network.log("qr_offered").await.len();
    cluster.stop();
    for index in 0..ROLES.len() {
        cluster.again(index).await;
    }
    cluster.api.session_in(&session, "connected").await;
    assert_eq!(
        cluster.network.log("qr_offered").await.len(),
        offered,
        "a new code was asked for"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_every_process_tells_is_on_the_live_stream_once_and_in_order() {
    let cluster = Box::pin(Cluster::start(&[])).await;
    link(&cluster).await;
    let mut stream = cluster.api.stream("/v1/events/stream?after=0").await;
    let mut messages = Vec::new();
    for number in 0..20 {
        let body = json!({ "to": CUSTOMERS[0], "text": format!("number {number}") });
        let message = cluster.api.post("/v1/messages", body).await;
        messages.push(message["id"].as_str().unwrap().to_owned());
    }
    // Accepted by the API, sent by the shard, delivered by the worker.
    let mut heard = String::new();
    let delivered = |heard: &str, id: &String| {
        let mut lines = heard.lines().filter(|line| line.contains(id));
        lines.any(|line| line.contains(r#""status":"delivered""#))
    };
    while !messages.iter().all(|id| delivered(&heard, id)) {
        let chunk = tokio::time::timeout(LONG, stream.chunk()).await.unwrap();
        heard.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap()));
    }
    let ids = heard.lines().filter_map(|line| line.strip_prefix("id: "));
    let ids: Vec<i64> = ids.map(|id| id.parse().unwrap()).collect();
    let consecutive: Vec<i64> = (1..).take(ids.len()).collect();
    assert_eq!(ids, consecutive);

    let page = cluster.roles[0].internal().page("/metrics").await;
    let counted = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse::<f64>().unwrap()
    };
    assert!(
        counted("switchyard_hints_sent_total ") > 0.0,
        "hints must have gone out"
    );
    assert!(
        counted("switchyard_live_echo_total ") > 0.0,
        "what comes back is dropped"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_died_is_replaced_when_its_lease_has_lapsed_and_a_live_one_is_not() {
    let mut cluster = Box::pin(Cluster::start(&[])).await;
    let shard = 1;
    let start = Instant::now();
    let second = cluster.run(ROLES[shard].1);
    assert_eq!(second.code, Some(3), "{}", second.stderr);
    assert!(
        last_line(&second).contains("is shard 1"),
        "{}",
        second.stderr
    );
    assert!(
        start.elapsed() > LEASE,
        "it must wait for a lease that may lapse"
    );

    cluster.roles[shard].process.kill();
    cluster.again(shard).await;
    // Told twice, it ends at once.
    cluster.roles[shard].process.signal(Signal::INT);
    cluster.roles[shard].process.signal(Signal::INT);
    cluster.roles[shard].process.wait(Duration::from_secs(5));
}

#[tokio::test]
async fn a_role_says_in_one_sentence_what_it_lacks() {
    for (name, arguments) in ROLES {
        let refused = |settings: &[(&str, &str)]| {
            let mut command = program(arguments);
            command.envs(settings.iter().copied());
            let ended = run(command);
            assert_eq!(ended.code, Some(2), "{name}: {}", ended.stderr);
            assert_eq!(
                ended.stderr.trim().lines().count(),
                1,
                "{name}: {}",
                ended.stderr
            );
            ended.stderr
        };
        assert!(refused(&[]).contains("DATABASE_URL"));
        assert!(refused(&[("DATABASE_URL", "sqlite:data/switchyard.db")]).contains("SQLite"));
        let url = ("DATABASE_URL", "postgres://127.0.0.1:1/none");
        assert!(refused(&[url]).contains("SWITCHYARD_MASTER_KEY"));
    }
    let unknown = run(program(&["worker", "--queues", "high,slow"]));
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("high, default, low, media and all"),
        "{}",
        unknown.stderr
    );
    let mut up = program(&["up", "--listen", "127.0.0.1:0"]);
    let folder = tempfile::tempdir().unwrap();
    up.env("DATABASE_URL", "postgres://127.0.0.1:1/none")
        .current_dir(folder.path());
    let refused = run(up);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("up keeps its rows in the data folder")
    );
}

#[tokio::test]
async fn a_database_of_another_version_or_key_is_refused_before_anything_listens() {
    let postgres = Postgres::start().await;
    let with = |arguments: &[&str], key: Option<&str>| {
        let mut command = program(arguments);
        command.envs(settings(&postgres.url()));
        if let Some(key) = key {
            command.env("SWITCHYARD_MASTER_KEY", key);
        }
        run(command)
    };
    let older = with(ROLES[0].1, None);
    assert_eq!(older.code, Some(6), "{}", older.stderr);
    assert!(
        last_line(&older).contains("switchyard migrate"),
        "{}",
        older.stderr
    );

    assert_eq!(with(&["migrate"], None).code, Some(0));
    assert_eq!(
        with(&["migrate"], None).code,
        Some(0),
        "a second time changes nothing"
    );
    let other = with(
        ROLES[1].1,
        Some("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="),
    );
    assert_eq!(other.code, Some(4), "{}", other.stderr);

    postgres.sql(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'of tomorrow', true, '', 0)",
    );
    for (name, arguments) in ROLES {
        let newer = with(arguments, None);
        assert_eq!(newer.code, Some(5), "{name}: {}", newer.stderr);
        assert!(
            last_line(&newer).contains("newer version"),
            "{name}: {}",
            newer.stderr
        );
    }
    assert_eq!(with(&["migrate"], None).code, Some(5));
}

#[tokio::test]
async fn the_doctor_checks_every_dependency_and_says_what_is_wrong() {
    let cluster = Box::pin(Cluster::start(&[])).await;
    let well = cluster.run(&["doctor"]);
    assert_eq!(well.code, Some(0), "{}", well.stdout);
    for what in [
        "Postgres",
        "clock",
        "connections",
        "schema",
        "master key",
        "Redis",
        "hints",
    ] {
        assert!(
            well.stdout.contains(&format!("ok    {what}")),
            "{what}: {}",
            well.stdout
        );
    }
    assert!(well.stdout.contains("72 of 3 that run"), "{}", well.stdout);
    assert!(!well.stdout.contains("MDEyMzQ1"), "the master key is shown");

    let greedy = cluster.run(&["doctor", "--db-pool-max", "200"]);
    assert_eq!(greedy.code, Some(2));
    assert!(greedy.stderr.contains("DB_POOL_MAX"), "{}", greedy.stderr);
    let away = cluster.run(&["doctor", "--redis-url", "redis://127.0.0.1:1"]);
    assert_eq!(away.code, Some(1));
    assert!(away.stdout.contains("FAIL  Redis"), "{}", away.stdout);
    let other = cluster.run(&[
        "doctor",
        "--master-key",
        "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
    ]);
    assert_eq!(other.code, Some(4), "{}", other.stdout);
    let lost = cluster.run(&["doctor", "--database-url", "postgres://127.0.0.1:1/none"]);
    assert_eq!(lost.code, Some(1), "{}", lost.stdout);
}

/// The sentence for the person at the terminal; the log is before it.
fn last_line(ended: &Ended) -> &str {
    ended.stderr.lines().last().unwrap_or_default()
}
