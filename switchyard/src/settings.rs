//! Every setting of the program: flags over environment over defaults. There is no configuration file.

#[cfg(feature = "sim")]
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::environment::secret;
use crate::refusal::Refusal;
use crate::telephony::Telephony;

/// Without what the servers and the job runtime say of their own starts and stops.
pub(crate) const LOG: &str = "info,actix_server=warn,apalis_core=warn";

/// Settings of every role; `doctor` prints them.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Folder with everything that must survive: rows, keys, lock.
    #[arg(long, env = "SWITCHYARD_DATA_DIR", default_value = "./data")]
    pub(crate) data_dir: PathBuf,
    /// Address of the API and the dashboard; port 0 takes a free one.
    #[arg(long, env = "SWITCHYARD_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Address of metrics and of calls between processes [default: 127.0.0.1:8081, or a free port].
    #[arg(long, env = "SWITCHYARD_INTERNAL_LISTEN")]
    pub(crate) internal_listen: Option<SocketAddr>,
    /// Where workers reach this shard [default: the internal address].
    #[arg(long, env = "SWITCHYARD_ADVERTISE_URL")]
    pub(crate) advertise_url: Option<String>,
    /// What processes of this installation show each other; without one the internal address must be loopback.
    #[arg(
        long,
        env = "SWITCHYARD_INTERNAL_KEY",
        hide = true,
        hide_env_values = true
    )]
    pub(crate) internal_key: Option<String>,
    /// File with the internal key.
    #[arg(long, env = "SWITCHYARD_INTERNAL_KEY_FILE")]
    pub(crate) internal_key_file: Option<PathBuf>,
    /// 32 bytes in base64 under which everything secret is sealed.
    #[arg(
        long,
        env = "SWITCHYARD_MASTER_KEY",
        hide = true,
        hide_env_values = true
    )]
    pub(crate) master_key: Option<String>,
    /// File with the master key; `up` makes it for a new data folder [default: master.key in the data folder].
    #[arg(long, env = "SWITCHYARD_MASTER_KEY_FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
    /// What the first owner must show to set the installation up [default: a random one, printed by `up`].
    #[arg(
        long,
        env = "SWITCHYARD_SETUP_TOKEN",
        hide = true,
        hide_env_values = true
    )]
    pub(crate) setup_token: Option<String>,
    /// File with the set-up token.
    #[arg(long, env = "SWITCHYARD_SETUP_TOKEN_FILE")]
    pub(crate) setup_token_file: Option<PathBuf>,
    /// Addresses or networks of proxies whose `X-Forwarded-For` is believed, separated by commas.
    #[arg(long, env = "SWITCHYARD_TRUSTED_PROXIES", value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<api::Network>,
    /// How long a shard holds its sessions without renewing, in milliseconds.
    #[arg(long, env = "SWITCHYARD_LEASE_MS", default_value_t = 15_000,
          value_parser = clap::value_parser!(u64).range(1_000..=120_000))]
    pub(crate) lease_ms: u64,
    /// Whether processes tell each other to look now; polling finds everything without it.
    #[arg(long, env = "SWITCHYARD_HINTS", default_value = "auto")]
    pub(crate) hints: Hints,
    /// What is logged: a level, or directives such as `info,switchyard_store=debug`.
    #[arg(long, env = "SWITCHYARD_LOG", default_value = LOG)]
    pub(crate) log: String,
    /// How long a stop may take before what still runs is dropped, in seconds.
    #[arg(long, env = "SWITCHYARD_DRAIN_S", default_value_t = 8,
          value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) drain_s: u64,
    /// How many sessions this shard takes.
    #[arg(long, env = "SHARD_CAPACITY", default_value_t = 1_000)]
    pub(crate) shard_capacity: u32,
    /// How many shards there are: where a business's first number goes, and nothing else [default: 1].
    #[arg(long, env = "SHARDS_TOTAL", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) shards_total: Option<u16>,
    /// The same, as others call it.
    #[arg(long, env = "BAILEYS_NUM_SHARDS", hide = true,
          value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) baileys_num_shards: Option<u16>,
    /// The address under which people reach the dashboard [default: the address that is listened on].
    #[arg(long, env = "PUBLIC_BASE_URL")]
    pub(crate) public_base_url: Option<String>,
    /// The installation's Postgres database, `postgres://…`, for `api`, `shard` and `worker`; `up` keeps its rows in
    /// the data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// The most connections of this process to Postgres.
    #[arg(long, env = "DB_POOL_MAX", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(2..=500))]
    pub(crate) db_pool_max: u32,
    /// How long an answer of Postgres is waited for, in milliseconds: then its connection is closed, as one that died
    /// without a word.
    #[arg(long, env = "SWITCHYARD_DB_ANSWER_MS", default_value_t = 8_000,
          value_parser = clap::value_parser!(u64).range(3_000..=600_000))]
    pub(crate) db_answer_ms: u64,
    /// A Redis server, `redis://…`, for `api`, `shard` and `worker`: limits, cache and hints of all of them.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub(crate) redis_url: Option<String>,
    /// Where credentials are cached for a moment.
    #[arg(long, env = "CACHE_PROVIDER", default_value = "local")]
    pub(crate) cache_provider: CacheProvider,
    #[command(flatten)]
    pub(crate) telephony: Telephony,
    /// The WhatsApp network, `ws://…`; on loopback only.
    #[cfg(feature = "sim")]
    #[arg(long, env = "SWITCHYARD_WHATSAPP_URL")]
    pub(crate) whatsapp_url: Option<String>,
    /// Kill this process at the n-th passage of a point, `point:n`; for tests.
    #[cfg(feature = "sim")]
    #[arg(long, env = "SWITCHYARD_FAIL")]
    pub(crate) fail: Option<String>,
}

impl Settings {
    /// What processes of this installation show each other.
    pub(crate) fn internal_key(&self) -> Result<Option<SecretString>, Refusal> {
        let (value, file) = (&self.internal_key, &self.internal_key_file);
        secret("SWITCHYARD_INTERNAL_KEY", value.as_deref(), file.as_deref())
    }

    /// What the first owner must show.
    pub(crate) fn setup_token(&self) -> Result<Option<SecretString>, Refusal> {
        let (value, file) = (&self.setup_token, &self.setup_token_file);
        secret("SWITCHYARD_SETUP_TOKEN", value.as_deref(), file.as_deref())
    }

    /// How many shards there are.
    pub(crate) fn shards_total(&self) -> u16 {
        self.shards_total.or(self.baileys_num_shards).unwrap_or(1)
    }

    /// What no single setting shows.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        #[cfg(feature = "sim")]
        if let Some(url) = &self.whatsapp_url {
            check_loopback("SWITCHYARD_WHATSAPP_URL", url, "ws")?;
        }
        if let (Some(ours), Some(alias)) = (self.shards_total, self.baileys_num_shards)
            && ours != alias
        {
            return Err(Refusal::Setting(format!(
                "SHARDS_TOTAL is {ours} and BAILEYS_NUM_SHARDS is {alias}: set one of them"
            )));
        }
        self.telephony.check()?;
        let needs_redis = [
            (self.hints == Hints::Redis, "SWITCHYARD_HINTS"),
            (
                self.cache_provider == CacheProvider::Redis,
                "CACHE_PROVIDER",
            ),
        ];
        for (_, name) in needs_redis.iter().filter(|(needs, _)| *needs) {
            if self.redis_url.is_none() {
                return Err(Refusal::Setting(format!("{name} is redis: set REDIS_URL")));
            }
        }
        if self.hints == Hints::Postgres && self.database_url.is_none() {
            return Err(Refusal::Setting(
                "SWITCHYARD_HINTS is postgres: set DATABASE_URL".to_owned(),
            ));
        }
        let has_key = self.internal_key.is_some() || self.internal_key_file.is_some();
        match self.internal_listen {
            Some(address) if !address.ip().is_loopback() && !has_key => {
                Err(Refusal::Setting(format!(
                    "the internal address {address} is not loopback: set SWITCHYARD_INTERNAL_KEY"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// How processes tell each other to look now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hints {
    /// By Redis if there is one, else by Postgres; inside the process for `up`.
    Auto,
    /// By Redis.
    Redis,
    /// By Postgres.
    Postgres,
    /// Not at all.
    Off,
}

/// Where credentials are cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheProvider {
    /// In each process.
    Local,
    /// In Redis, for all processes.
    Redis,
}

/// Settings whose value is never shown.
pub(crate) const SECRETS: [&str; 8] = [
    "SWITCHYARD_INTERNAL_KEY",
    "SWITCHYARD_MASTER_KEY",
    "SWITCHYARD_SETUP_TOKEN",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_SECOND_AUTH_TOKEN",
    "TWILIO_SHARED_KEY",
    // These addresses may hold a password.
    "DATABASE_URL",
    "REDIS_URL",
];

/// The simulated network is on this machine, whatever a setting says.
#[cfg(feature = "sim")]
pub(crate) fn check_loopback(name: &str, url: &str, scheme: &str) -> Result<(), Refusal> {
    let is_local = |host: &str| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || (host.parse::<IpAddr>()).is_ok_and(|address| address.is_loopback())
    };
    let parsed = reqwest::Url::parse(url).ok();
    let fits =
        parsed.is_some_and(|url| url.scheme() == scheme && url.host_str().is_some_and(is_local));
    if fits {
        return Ok(());
    }
    Err(Refusal::Setting(format!(
        "{name} is {scheme}:// and an address of this machine, not {url}"
    )))
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;

    /// The settings of a command line.
    pub(crate) fn settings(flags: &[&str]) -> Settings {
        let command = Settings::augment_args(clap::Command::new("test").no_binary_name(true));
        Settings::from_arg_matches(&command.get_matches_from(flags)).unwrap()
    }

    #[test]
    fn the_defaults_listen_on_loopback_only() {
        let settings = settings(&[]);
        assert!(settings.listen.ip().is_loopback() && settings.internal_listen.is_none());
    }

    #[test]
    fn what_is_to_go_through_redis_needs_one() {
        for flags in [["--hints", "redis"], ["--cache-provider", "redis"]] {
            assert!(settings(&flags).check().is_err(), "{flags:?}");
            let mut with = flags.to_vec();
            with.extend(["--redis-url", "redis://127.0.0.1"]);
            assert!(settings(&with).check().is_ok(), "{flags:?}");
        }
    }
}
