//! Rubbish on the socket and at the control API: nothing in the simulator panics, and a real client still links.

use std::panic;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_websockets::{ClientBuilder, Message};
use wacore_binary::consts::WA_CONN_HEADER;

use crate::control::{Control, network};

static PANICS: AtomicU32 = AtomicU32::new(0);

/// Counts the panics of the simulator's own code, beside what is done about any.
fn count_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info
            .location()
            .is_some_and(|it| it.file().contains("sim/src"))
        {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
}

/// How long to go on; `cargo xtask faults` asks for more.
fn span() -> Duration {
    let seconds = std::env::var("SWITCHYARD_FUZZ_S").ok();
    Duration::from_secs(seconds.map_or(3, |text| text.parse().expect("seconds")))
}

fn bytes(chance: &mut StdRng, most: usize) -> Vec<u8> {
    let length = chance.random_range(0..most);
    (0..length).map(|_| chance.random()).collect()
}

/// What a connection says: mostly the right beginning, then frames of rubbish, whose lengths may lie.
fn speech(chance: &mut StdRng) -> Vec<u8> {
    let mut speech = match chance.random_range(0..5) {
        0 => bytes(chance, 64),
        1 => [b"ED".as_slice(), &bytes(chance, 8)].concat(),
        _ => WA_CONN_HEADER.to_vec(),
    };
    for _ in 0..chance.random_range(0..4) {
        let frame = bytes(chance, 300);
        let length = if chance.random_range(0..4) == 0 {
            chance.random_range(0..1_u32 << 24)
        } else {
            u32::try_from(frame.len()).expect("short")
        };
        speech.extend(&length.to_be_bytes()[1..]);
        speech.extend(frame);
    }
    speech
}

/// Says it, in one message or in two, and waits for the other end to make something of it.
async fn speak(url: &str, chance: &mut StdRng) {
    let uri = url.parse().expect("an address");
    let (mut socket, _) = ClientBuilder::from_uri(uri)
        .connect()
        .await
        .expect("a socket");
    let speech = speech(chance);
    let (first, second) = speech.split_at(chance.random_range(0..=speech.len()));
    for part in [first, second] {
        // The other end may have had enough.
        if socket.send(Message::binary(part.to_vec())).await.is_err() {
            return;
        }
    }
    // An answer, the end, or silence: a frame that is not whole is waited for.
    timeout(Duration::from_millis(5), socket.next()).await.ok();
}

async fn ask(control: &Control, chance: &mut StdRng) {
    let rubbish = [
        json!(null),
        json!([]),
        json!({"phone": -1}),
        json!({"phone": "+", "name": "\0"}),
        json!({"phone": "1".repeat(400), "name": 7}),
        json!({"kind": "cut", "ms": -5}),
        json!({"kind": "\u{202e}", "count": u64::MAX}),
        json!({"to": "", "text": "x".repeat(100_000)}),
        json!({"qr": "2@,,,"}),
        json!({"qr": "a,b,c,d,e,f"}),
        json!({"chat": {"a": [1]}}),
    ];
    let paths = [
        "/phones",
        "/phones/15550001/scan",
        "/phones/%00/messages",
        "/phones/15550001/messages",
        "/phones/15550001/read",
        "/network/faults",
        "/nowhere",
    ];
    let path = paths[chance.random_range(0..paths.len())];
    let body: Value = rubbish[chance.random_range(0..rubbish.len())].clone();
    let (status, answer) = control.post(path, body.clone()).await;
    assert!(status < 500, "POST {path} {body}: {status} {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_ends_its_own_connection_and_nothing_else() {
    count_panics();
    let seed = std::env::var("SWITCHYARD_FUZZ_SEED").ok();
    let seed = seed.map_or_else(rand::random, |text| text.parse().expect("a number"));
    println!("SWITCHYARD_FUZZ_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    let url = network.url().replace("http://", "ws://") + "/ws/chat";
    let start = Instant::now();
    let mut spoken = 0;
    while start.elapsed() < span() {
        speak(&url, &mut chance).await;
        ask(&control, &mut chance).await;
        spoken += 1;
    }
    println!("{spoken} connections");
    assert_eq!(control.delete("/network/faults").await, 204);
    let shop = control.linked(&network, "15550001").await;
    shop.stop().await;
    network.stop().await;
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "seed {seed}");
}
