//! Rubbish on the internal port, where processes call each other: refused, with no panic, and the product goes on.

use std::env;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::outside::place::Place;

/// How long to go on; `cargo xtask faults` asks for more.
fn span() -> Duration {
    let seconds = env::var("SWITCHYARD_FUZZ_S").ok();
    Duration::from_secs(seconds.map_or(3, |text| text.parse().unwrap()))
}

/// A drain as a worker asks for one, with something else in it; or no drain at all.
fn body(chance: &mut StdRng) -> Vec<u8> {
    let id = |prefix: &str| format!("{prefix}_01a1fe1868b77e40a9d8c1f2b3e4d502");
    let good = json!({"session_id": id("ses"), "chat_id": id("chat"), "max": 20});
    let mut bytes = serde_json::to_vec(&good).unwrap();
    for _ in 0..chance.random_range(0..4) {
        let at = chance.random_range(0..bytes.len());
        match chance.random_range(0..4) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] = chance.random(),
            2 => bytes.insert(at, chance.random()),
            _ => bytes.extend(vec![b'['; chance.random_range(0..9_000)]),
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_on_the_internal_port_is_refused() {
    let seed = env::var("SWITCHYARD_FUZZ_SEED").ok();
    let seed = seed.map_or_else(rand::random, |text| text.parse().unwrap());
    println!("SWITCHYARD_FUZZ_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let demo = place.start().await;
    let internal = demo.file["internal_url"].as_str().unwrap();
    let client = crate::outside::http().build().unwrap();
    let start = Instant::now();
    while start.elapsed() < span() {
        let request = client
            .post(format!("{internal}/internal/v1/drain"))
            .header("content-type", "application/json")
            .header("authorization", "Bearer of nobody")
            .body(body(&mut chance));
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(!status.is_server_error(), "seed {seed}: {status}");
    }
    demo.api.get("/v1/me").await;
    let log = place.log();
    assert!(!log.contains("panicked"), "seed {seed}: {log}");
}
