//! Connections to Postgres and Redis that die without a word, as when a firewall forgets them: each role in turn, again
//! and again, under a stream both ways.

use super::roles::Stream;
use super::rounds;
use crate::outside::cluster::{Cluster, Logins, ROLES};
use crate::outside::line::Line;
use crate::outside::postgres::Postgres;
use crate::outside::redis::Redis;
use crate::outside::until;

/// How long an answer of Postgres is waited for here, in milliseconds: the least that may be set.
const ANSWER_MS: u64 = 3_000;

/// A line of its own for each role, and who logs in over it.
async fn lines(postgres: &Postgres) -> (Vec<Line>, Logins) {
    let direct = postgres.url();
    let mut lines = Vec::new();
    for _ in ROLES {
        lines.push(Line::to(postgres.port()).await);
    }
    let through = |line: &Line| {
        let (here, there) = (postgres.port().to_string(), line.port().to_string());
        direct.replace(&here, &there)
    };
    let roles = [0, 1, 2].map(|role| through(&lines[role]));
    let logins = Logins {
        command: direct.clone(),
        roles,
    };
    (lines, logins)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_connections_of_any_role_to_the_database_are_forgotten() {
    let postgres = Postgres::start().await;
    let (lines, logins) = lines(&postgres).await;
    let settings = [("SWITCHYARD_DB_ANSWER_MS", ANSWER_MS.to_string())];
    let cluster = Box::pin(Cluster::on(postgres, logins, &settings)).await;
    let stream = Stream::on(cluster).await;
    for round in 0..rounds() {
        for (line, (name, _)) in lines.iter().zip(ROLES) {
            stream.flow().await;
            line.forget();
            println!("round {round}: forgot the connections of {name}");
            more_accepted(&stream).await;
        }
    }
    stream.end("connections forgotten", rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_connections_to_redis_are_forgotten() {
    let redis = Redis::start().await;
    let line = Line::to(redis.port()).await;
    let settings = [
        ("REDIS_URL", format!("redis://127.0.0.1:{}", line.port())),
        ("CACHE_PROVIDER", "redis".to_owned()),
    ];
    let stream = Stream::start(&settings).await;
    for _ in 0..rounds() {
        stream.flow().await;
        line.forget();
        more_accepted(&stream).await;
        every_role_has_redis(&stream).await;
    }
    stream.end("connections to redis forgotten", rounds()).await;
}

async fn more_accepted(stream: &Stream) {
    let accepted = stream.accepted();
    until("messages are accepted", || async {
        (stream.accepted() > accepted + 5).then_some(())
    })
    .await;
}

async fn every_role_has_redis(stream: &Stream) {
    for (role, (name, _)) in stream.cluster.roles.iter().zip(ROLES) {
        let internal = role.internal();
        until(&format!("{name} says that Redis is there"), || async {
            let ready = internal.body("/health/ready").await?;
            (ready["checks"]["redis"]["ok"] == true).then_some(())
        })
        .await;
    }
}
