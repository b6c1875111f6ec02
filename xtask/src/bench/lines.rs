//! One replica of the calls with what it needs, alone on the machine: its load asks it without anything in between.

use std::net::TcpListener;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cluster::launch::CARRIER;
use crate::postgres::Cluster;
use crate::redis::Redis;

use super::http::{Http, text};
use super::roles::{Role, configured, set_up};
use super::usage::cpu;

/// The number of the business that is called.
pub(super) const NUMBER: &str = "+15550001111";
/// More than any load has at once: what is measured is no limit.
const PLENTY: u32 = 100_000;

/// Everything that runs. Each part ends before those that it needs.
pub(super) struct Lines {
    calls: Role,
    api: Role,
    /// The API with a key of the business.
    pub(super) key: Http,
    /// The business.
    pub(super) business: String,
    /// The replica's address, which is its public one too.
    pub(super) url: String,
    _redis: Redis,
    postgres: Cluster,
}

impl Lines {
    /// Starts all of it. `network`: the simulated telephone network that is asked for its live calls, if there is one;
    /// `core`: the processor that the replica alone uses.
    pub(super) fn start(
        program: &Path,
        folder: &Path,
        network: Option<&str>,
        core: Option<&str>,
    ) -> Result<Self> {
        let postgres = Cluster::start(folder)?;
        let redis = Redis::start(&folder.join("redis"))?;
        let url = format!("http://127.0.0.1:{}", free_port()?);
        let mut settings = vec![
            ("REDIS_URL", redis.url()),
            ("PUBLIC_BASE_URL", url.clone()),
            ("MAX_CONCURRENT_CALLS", PLENTY.to_string()),
            ("SWITCHYARD_CALLS_PER_BUSINESS", PLENTY.to_string()),
        ];
        settings.extend(CARRIER.map(|(name, value)| (name, value.to_owned())));
        settings.extend(network.map(|url| ("SWITCHYARD_TWILIO_URL", url.to_owned())));
        let database = |url: String| [settings.as_slice(), &[("DATABASE_URL", url)]].concat();
        let migrate = configured(program, &["migrate"], &database(postgres.url()))
            .current_dir(folder)
            .status()?;
        ensure!(migrate.success(), "`switchyard migrate` failed: {migrate}");
        let words = ["api", "--listen", "127.0.0.1:0"];
        let of_api = database(postgres.url_of("sy_api"));
        let mut api = Role::start(program, "api", &words, &of_api, folder)?;
        let place = url.trim_start_matches("http://");
        let of_calls = database(postgres.url_of("sy_platform"));
        let calls = replica(program, core, place, &of_calls, folder);
        let calls = calls.inspect_err(|_| api.end())?;
        let key = set_up(&postgres, &api.address("api")?)?;
        let me = key.get("/v1/me")?;
        let business = text(me.get("business").unwrap_or(&Value::Null), "id")?.to_owned();
        let number = json!({ "phone": NUMBER, "name": "Shop" });
        key.post("/v1/call-numbers", &number)?;
        Ok(Self {
            calls,
            api,
            key,
            business,
            url,
            _redis: redis,
            postgres,
        })
    }

    /// So many businesses beside the one that it starts with, each with a number: their ids, and their numbers.
    pub(super) fn neighbours(&self, count: u32) -> Result<Vec<(String, String)>> {
        let mut made = Vec::new();
        for place in 1..=count {
            let digits = format!("1555001{place:04}");
            let id = self.postgres.sql(&format!(
                "with shop as (
                    insert into businesses (id, name, status, created_at)
                    values (gen_random_uuid(), 'Shop {place}', 'active', 0) returning id),
                line as (
                    insert into call_numbers (id, business_id, phone, name, created_at)
                    select gen_random_uuid(), id, '{digits}', 'Shop', 0 from shop)
                select replace(id::text, '-', '') from shop"
            ))?;
            made.push((format!("biz_{}", id.trim()), format!("+{digits}")));
        }
        Ok(made)
    }

    /// Processor seconds of the replica so far.
    pub(super) fn cpu(&self) -> Result<f64> {
        Ok(cpu(self.calls.pid())?.as_secs_f64())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.calls.end();
        self.api.end();
    }
}

/// The replica, on a processor of its own where one is named.
fn replica(
    program: &Path,
    core: Option<&str>,
    place: &str,
    settings: &[(&str, String)],
    folder: &Path,
) -> Result<Role> {
    let words = ["calls", "--listen", place];
    let Some(core) = core else {
        return Role::start(program, "calls", &words, settings, folder);
    };
    let path = program.to_str().context("the path of the program")?;
    let pinned = ["-c", core, path, "calls", "--listen", place];
    Role::start(Path::new("taskset"), "calls", &pinned, settings, folder)
}

/// All processors but the first, as `taskset` names them; an error where there is no other.
pub(super) fn other_cores() -> Result<String> {
    let last = available_parallelism()?.get().saturating_sub(1);
    ensure!(last > 0, "a replica on a processor of its own wants two");
    Ok(format!("1-{last}"))
}

/// A port at which nothing listens now.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
