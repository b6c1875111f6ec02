//! How the program starts, refuses to start and ends: files, exit codes, signals.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::outside::place::Place;
use crate::outside::process::{program, run};
use crate::outside::rows::change;
use crate::outside::{LONG, within};

/// The contract's limit for an orderly end.
const SOFT: Duration = Duration::from_secs(10);

/// "At once", on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The contract's limits for the first answer that it is ready.
const READY_FIRST: Duration = Duration::from_secs(5);
/// At every other start it is 1 s; the rest is for debug builds on a busy machine.
const READY_AGAIN: Duration = Duration::from_secs(3);

fn place() -> Place {
    Place::new(&["--sim-listen", "127.0.0.1:0"])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_secrets_of_a_demo_are_private_and_survive_a_restart() {
    let place = place();
    let mut demo = place.start().await;
    let data = place.data();
    assert_eq!(mode(&data.join("demo.json")), 0o600);
    assert_eq!(mode(&data.join("master.key")), 0o600);
    assert_eq!(mode(&data), 0o700);
    for file in ["switchyard.db", "switchyard.db-wal", "switchyard.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let link = place.stdout().lines().find_map(|line| {
        line.split_whitespace()
            .find(|word| word.contains("/sign-in#link="))
            .map(str::to_owned)
    });
    assert!(
        link.unwrap()
            .starts_with(demo.file["api_url"].as_str().unwrap())
    );
    demo.process.signal(Signal::TERM);
    assert_eq!(demo.process.wait(SOFT).code(), Some(0));

    let again = place.start().await;
    for secret in [
        "email",
        "password",
        "api_key",
        "business_id",
        "binary",
        "version",
    ] {
        assert_eq!(again.file[secret], demo.file[secret], "{secret}");
        assert!(again.file[secret].is_string(), "{secret}");
    }
    again.api.get("/v1/sessions").await;
    let links = place.stdout().matches("/sign-in#link=").count();
    assert_eq!(links, 2, "each start prints a link of its own");
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_says_so_and_ends() {
    let place = place();
    let demo = place.start().await;
    let start = Instant::now();
    let data = place.data();
    let ended = run(program(&[
        "up",
        "--demo",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        data.to_str().unwrap(),
    ]));
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("uses the data folder"),
        "{}",
        ended.stderr
    );
    assert_eq!(demo.api.status("/livez").await, Some(200));
}

#[tokio::test]
async fn another_master_key_ends_the_program_before_it_listens_and_changes_nothing() {
    let place = place();
    let mut demo = place.start().await;
    demo.process.signal(Signal::TERM);
    demo.process.wait(SOFT);
    let (data, rows) = (place.data(), place.data().join("switchyard.db"));
    let before = fs::read(&rows).unwrap();

    let other = tempfile::NamedTempFile::new().unwrap();
    fs::write(other.path(), "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = port.local_addr().unwrap().to_string();
    // The address is taken: a program that listened first would end with another code.
    let mut command = program(&[
        "up",
        "--listen",
        &taken,
        "--data-dir",
        data.to_str().unwrap(),
    ]);
    command.env("SWITCHYARD_MASTER_KEY_FILE", other.path());
    let ended = run(command);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert_eq!(fs::read(&rows).unwrap(), before, "the rows were changed");
    let mut doctor = program(&["doctor", "--listen", "127.0.0.1:0", "--data-dir"]);
    doctor
        .arg(&data)
        .env("SWITCHYARD_MASTER_KEY_FILE", other.path());
    let ended = run(doctor);
    assert_eq!(ended.code, Some(4), "{}", ended.stdout);
    let mut doctor = program(&["doctor", "--listen", "127.0.0.1:0", "--data-dir"]);
    doctor.arg(&data);
    let ended = run(doctor);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert_eq!(fs::read(&rows).unwrap(), before, "doctor changed the rows");

    fs::rename(data.join("master.key"), data.join("kept.key")).unwrap();
    let ended = run(program(&[
        "up",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        data.to_str().unwrap(),
    ]));
    assert_eq!(
        ended.code,
        Some(4),
        "a lost key must not be replaced: {}",
        ended.stderr
    );
    fs::rename(data.join("kept.key"), data.join("master.key")).unwrap();
    place.start().await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_ends_this_one_and_is_left_as_it_is() {
    let place = place();
    let mut demo = place.start().await;
    demo.process.signal(Signal::TERM);
    demo.process.wait(SOFT);
    let rows = place.data().join("switchyard.db");
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (99991231235959, 'of a later version', true, x'00', 0)";
    assert_eq!(change(&rows, newer).await, 1);
    let before = fs::read(&rows).unwrap();
    for role in ["up", "migrate"] {
        let mut command = program(&[role]);
        command
            .env("SWITCHYARD_DATA_DIR", place.data())
            .env("SWITCHYARD_LISTEN", "127.0.0.1:0");
        let ended = run(command);
        assert_eq!(ended.code, Some(5), "{role}: {}", ended.stderr);
        let sentence = ended.stderr.trim();
        assert_eq!(sentence.lines().count(), 1, "{role}: {sentence}");
        assert!(sentence.contains("newer version"), "{role}: {sentence}");
        assert_eq!(fs::read(&rows).unwrap(), before, "{role} changed the rows");
    }
}

/// Arguments and environment.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

#[test]
fn a_wrong_setting_is_one_sentence_and_exit_code_two() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let cases: [Case<'_>; 8] = [
        (&[], &[]),
        (&["up", "--listen", "nowhere"], &[]),
        (&["up", "--no-such-flag"], &[]),
        (&["up"], &[("SWITCHYARD_LISTN", "127.0.0.1:0")]),
        (&["up"], &[("SWITCHYARD_FAIL", "nowhere:1")]),
        (&["up"], &[("SWITCHYARD_MASTER_KEY", "c2hvcnQ=")]),
        (&["up", "--demo", "--listen", "0.0.0.0:0"], &[]),
        (&["no-such-role"], &[]),
    ];
    for (arguments, environment) in cases {
        let mut command = program(arguments);
        command
            .env("SWITCHYARD_DATA_DIR", data)
            .envs(environment.iter().copied());
        let ended = run(command);
        assert_eq!(
            ended.code,
            Some(2),
            "{arguments:?} {environment:?}: {}",
            ended.stderr
        );
        assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    }
}

#[tokio::test]
async fn the_first_signal_finishes_what_runs_and_the_second_ends_at_once() {
    let place = place();
    let demo = place.start().await;
    assert!(demo.ready_after < READY_FIRST, "{:?}", demo.ready_after);
    let mut demo = demo;
    demo.process.signal(Signal::TERM);
    demo.process.signal(Signal::TERM);
    demo.process.wait(AT_ONCE);

    let mut demo = place.start().await;
    assert!(demo.ready_after < READY_AGAIN, "{:?}", demo.ready_after);
    demo.process.signal(Signal::INT);
    demo.process.signal(Signal::INT);
    demo.process.wait(AT_ONCE);

    let mut demo = place.start().await;
    demo.process.signal(Signal::TERM);
    let start = Instant::now();
    // A refused connection says nothing: whoever asks in time is told so.
    within(SOFT, "the answer that it is not ready any more", || async {
        (demo.api.status("/health/ready").await == Some(503)).then_some(())
    })
    .await;
    assert_eq!(demo.process.wait(SOFT).code(), Some(0));
    assert!(start.elapsed() < SOFT);
}

#[tokio::test]
async fn everything_on_stderr_is_a_line_of_json() {
    let place = place();
    let mut demo = place.start().await;
    demo.process.signal(Signal::TERM);
    demo.process.wait(SOFT);
    let log = place.log();
    assert!(!log.is_empty());
    for line in log.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn the_version_says_that_this_build_has_the_simulated_network() {
    let ended = run(program(&["--version"]));
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        ended.stdout.trim(),
        concat!("switchyard ", env!("CARGO_PKG_VERSION"), " (sim)")
    );
}

#[test]
fn doctor_shows_every_setting_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(&["doctor", "--listen", "127.0.0.1:0"]);
    command
        .env("SWITCHYARD_DATA_DIR", folder.path())
        .env("SWITCHYARD_SETUP_TOKEN", "canary-token");
    let ended = run(command);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("SWITCHYARD_LEASE_MS") && ended.stdout.contains("15000"));
    let made = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(made, 0, "doctor makes nothing");
    assert!(ended.stdout.contains("(set, not shown)") && !ended.stdout.contains("canary-token"));
}

/// What dashboards and alerts read.
const METRICS: [&str; 13] = [
    "switchyard_cache_hits_total",
    "switchyard_cache_misses_total",
    "switchyard_cache_stale_total",
    "switchyard_duplicates_total",
    "switchyard_fenced_total",
    "switchyard_hints_sent_total",
    "switchyard_job_oldest_seconds",
    "switchyard_jobs_dead",
    "switchyard_jobs_running",
    "switchyard_jobs_waiting",
    "switchyard_rows_per_commit",
    "switchyard_searches_ended_total",
    "switchyard_sessions",
];

#[tokio::test]
async fn every_metric_that_is_promised_is_on_the_internal_port() {
    let place = place();
    let demo = place.start().await;
    demo.api.new_session("Front desk").await;
    let url = format!("{}/metrics", demo.file["internal_url"].as_str().unwrap());
    let client = crate::outside::http().build().unwrap();
    let missing = || async {
        let page = client.get(&url).send().await.unwrap();
        let page = page.text().await.unwrap();
        METRICS
            .into_iter()
            .filter(|name| !page.contains(&format!("# TYPE {name} ")))
            .collect::<Vec<_>>()
    };
    // Some are filled by the first round of their own clock.
    let what = "every metric that is promised";
    within(LONG, what, || async {
        missing().await.is_empty().then_some(())
    })
    .await;
}
