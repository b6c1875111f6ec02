//! Redis flushed, stopped, paused, slowed and started again under a stream both ways: it is speed, never truth.

use std::time::Duration;

use rustix::process::Signal;

use super::roles::Stream;
use super::rounds;
use crate::outside::cluster::ROLES;
use crate::outside::line::{Line, Manner};
use crate::outside::redis::Redis;
use crate::outside::{until, within};

/// How soon readiness tells that Redis went or came.
const TOLD: Duration = Duration::from_secs(10);

/// A call waits half a second at most: the one is slow, the other is too slow.
const SLOW: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(700)];

fn settings(port: u16) -> Vec<(&'static str, String)> {
    vec![
        ("REDIS_URL", format!("redis://127.0.0.1:{port}")),
        ("CACHE_PROVIDER", "redis".to_owned()),
    ]
}

/// Waits until every role says whether it has Redis.
async fn told(stream: &Stream, ok: bool) {
    for (role, (name, _)) in stream.cluster.roles.iter().zip(ROLES) {
        let internal = role.internal();
        within(
            TOLD,
            &format!("{name} says that Redis is there: {ok}"),
            || async {
                let ready = internal.body("/health/ready").await?;
                (ready["checks"]["redis"]["ok"] == ok).then_some(())
            },
        )
        .await;
    }
}

async fn more_accepted(stream: &Stream) {
    let accepted = stream.accepted();
    until("messages are accepted", || async {
        (stream.accepted() > accepted + 5).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_flow_while_redis_is_flushed_paused_stopped_and_back() {
    let mut redis = Redis::start().await;
    let stream = Stream::start(&settings(redis.port())).await;
    told(&stream, true).await;
    let keys = redis.command(&["--raw", "KEYS", "*"]).unwrap();
    assert!(
        keys.lines().count() > 0 && keys.lines().all(|key| key.starts_with("sy:")),
        "{keys}"
    );
    for _ in 0..rounds() {
        stream.flow().await;
        redis.command(&["FLUSHALL"]);
        stream.flow().await;

        redis.signal(Signal::STOP);
        told(&stream, false).await;
        more_accepted(&stream).await;
        redis.signal(Signal::CONT);
        told(&stream, true).await;

        redis.stop();
        told(&stream, false).await;
        stream.flow().await;
        redis.again().await;
        told(&stream, true).await;
    }
    stream.end("redis flushed, paused, killed", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_flow_while_redis_is_slow_and_while_it_is_too_slow() {
    let redis = Redis::start().await;
    let line = Line::to(redis.port()).await;
    let stream = Stream::start(&settings(line.port())).await;
    told(&stream, true).await;
    for _ in 0..rounds() {
        for delay in SLOW {
            line.is(Manner::Slow(delay));
            more_accepted(&stream).await;
        }
        told(&stream, false).await;
        line.is(Manner::Clear);
        told(&stream, true).await;
        more_accepted(&stream).await;
    }
    stream.end("redis slow", rounds()).await;
}
