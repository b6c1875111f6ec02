//! What `api`, `shard` and `worker` need: the database at this program's schema and with this key, connections enough
//! for all of them, Redis where it is set, clocks that agree.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use store::hints::Via;
use store::redis::Redis;
use store::seal::{self, MasterKey};
use store::survey::Survey;
use store::{Store, StoreOptions};
use switchyard_core::fail::FailPoints;
use tokio::time::timeout;

use super::Findings;
use crate::installation::{hints_via, postgres_url, redis};
use crate::keys;
use crate::login;
use crate::refusal::Refusal;
use crate::settings::Settings;

/// A dependency that takes longer to answer is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Leases are timed by the database's clock and times of messages by ours: a larger difference is seen by people.
const CLOCKS: i64 = 1_000;

/// Checks them.
pub(super) async fn check(settings: &Settings, findings: &mut Findings) {
    let master = match master(settings) {
        Ok(master) => Some(master),
        Err(refusal) => {
            findings.note("master key", Err(refusal));
            None
        }
    };
    match connect(settings).await {
        Ok(store) => {
            database(settings, &store, master, findings).await;
            store.close().await;
        }
        Err(refusal) => {
            findings.note("Postgres", Err(refusal));
        }
    }
    match answers_in_time(settings) {
        Ok(sentence) => {
            findings.note("answers", Ok(sentence));
        }
        Err(advice) => Findings::advise("answers", &advice),
    }
    match redis(settings) {
        Ok(None) => {
            findings.note(
                "Redis",
                Ok("not set: limits and cache are each process's own".to_owned()),
            );
        }
        Ok(Some(redis)) => {
            findings.note("Redis", answers(&redis).await);
        }
        Err(refusal) => {
            findings.note("Redis", Err(refusal));
        }
    }
    let hints = match hints_via(settings, redis(settings).ok().flatten()) {
        None => "are off: processes find what is new by polling",
        Some(Via::Database) => "go by Postgres",
        Some(Via::Redis(_)) => "go by Redis",
    };
    findings.note("hints", Ok(hints.to_owned()));
}

fn master(settings: &Settings) -> Result<MasterKey, Refusal> {
    let key = keys::given(settings)?;
    MasterKey::from_base64(key.expose_secret()).map_err(|error| Refusal::Setting(error.to_string()))
}

async fn connect(settings: &Settings) -> Result<Store, Refusal> {
    let url = postgres_url(settings)?;
    let options = StoreOptions {
        fail: Arc::new(FailPoints::none()),
        registry: prometheus::Registry::new(),
        hints: false,
        answer: store::ANSWER,
    };
    let connecting = Box::pin(Store::connect_postgres(url, 2, options));
    let connected = timeout(PATIENCE, connecting).await;
    let connected = connected.map_err(|_elapsed| away("it did not answer in time"))?;
    connected.map_err(away)
}

fn away(why: impl std::fmt::Display) -> Refusal {
    Refusal::Fault(anyhow::anyhow!("cannot be reached: {why}"))
}

async fn database(
    settings: &Settings,
    store: &Store,
    master: Option<MasterKey>,
    findings: &mut Findings,
) {
    let Store::Postgres(postgres) = store else {
        return;
    };
    match postgres.survey().await {
        Ok(survey) => {
            findings.note(
                "Postgres",
                Ok(format!("answers, version {}", survey.version)),
            );
            findings.note("clock", clock(&survey));
            findings.note("connections", connections(settings, &survey));
        }
        Err(error) => {
            findings.note("Postgres", Err(away(error)));
        }
    }
    let login = postgres.login();
    match login::advice(login) {
        Some(advice) => Findings::advise("login", &advice),
        None => {
            findings.note(
                "login",
                Ok(format!("is {}, which owns nothing", login.name)),
            );
        }
    }
    let schema = store.check_schema().await;
    let schema = schema.map(|()| "is this program's".to_owned());
    if findings.note("schema", schema.map_err(Refusal::from))
        && let Some(master) = master
    {
        let same = seal::check_fingerprint(store, &master).await;
        let same = same.map(|()| "is the one of this database".to_owned());
        findings.note("master key", same.map_err(Refusal::from));
    }
}

fn clock(survey: &Survey) -> Result<String, Refusal> {
    let ms = survey.ahead_ms;
    let sentence = format!("the database's is {ms} ms ahead of this machine's");
    if ms.abs() <= CLOCKS {
        Ok(sentence)
    } else {
        Err(Refusal::Fault(anyhow::anyhow!(
            "{sentence}; set both by the same time server"
        )))
    }
}

/// What all processes may open together, this one included, against what the server allows.
fn connections(settings: &Settings, survey: &Survey) -> Result<String, Refusal> {
    let own = i64::from(settings.db_pool_max.saturating_add(store::BESIDE));
    let others: i64 = survey.processes.iter().sum();
    let (count, all) = (survey.processes.len(), own.saturating_add(others));
    let allowed = survey.connections;
    let sentence = format!(
        "{own} of this process and {others} of {count} that run are {all} of {allowed} that the server allows"
    );
    if all <= allowed {
        Ok(sentence)
    } else {
        Err(Refusal::Setting(format!(
            "{sentence}; lower DB_POOL_MAX or raise max_connections"
        )))
    }
}

/// Whether a connection that died without a word is given up before a shard that cannot renew hangs up; else what to do.
fn answers_in_time(settings: &Settings) -> Result<String, String> {
    let answer = settings.db_answer_ms;
    // By then a shard has hung up by itself.
    let acts = settings.lease_ms.saturating_mul(2) / 3;
    let sentence = format!(
        "of Postgres are waited for {answer} ms, and a shard acts for {acts} ms without a renewal"
    );
    if answer < acts {
        Ok(sentence)
    } else {
        Err(format!(
            "{sentence}: over a connection that died numbers wait longer than they would for another shard; lower SWITCHYARD_DB_ANSWER_MS or raise SWITCHYARD_LEASE_MS"
        ))
    }
}

async fn answers(redis: &Redis) -> Result<String, Refusal> {
    let answer = timeout(PATIENCE, redis.ping()).await;
    match answer {
        Ok(Ok(())) => Ok("answers".to_owned()),
        Ok(Err(error)) => Err(Refusal::Fault(error.into())),
        Err(_elapsed) => Err(away("it did not answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;

    fn survey(connections: i64, processes: &[i64], ahead_ms: i64) -> Survey {
        Survey {
            version: "15".to_owned(),
            connections,
            ahead_ms,
            processes: processes.to_vec(),
        }
    }

    #[test]
    fn the_pools_of_all_processes_fit_into_what_the_server_allows() {
        let settings = settings(&["--db-pool-max", "20"]);
        assert!(connections(&settings, &survey(97, &[24, 24, 24], 0)).is_ok());
        let refused = connections(&settings, &survey(97, &[24, 24, 24, 24], 0));
        assert!(matches!(refused, Err(Refusal::Setting(text)) if text.contains("120 of 97")));
    }

    #[test]
    fn a_limit_for_answers_that_outlasts_a_shard_without_a_renewal_is_told() {
        assert!(answers_in_time(&settings(&[])).is_ok(), "as it comes");
        let told = |answer, lease| {
            let flags = ["--db-answer-ms", answer, "--lease-ms", lease];
            answers_in_time(&settings(&flags)).is_err_and(|it| it.contains(answer))
        };
        assert!(!told("3000", "4503"));
        assert!(told("3000", "4500"));
        assert!(told("20000", "15000"));
    }

    #[test]
    fn clocks_that_differ_by_more_than_a_second_are_told() {
        assert!(clock(&survey(1, &[], -900)).is_ok());
        assert!(clock(&survey(1, &[], 1_100)).is_err());
    }
}
