//! Telephony as a part of a process: its settings, its start, and the server of the provider's webhooks and sockets.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};
use anyhow::Context;
use api::Readiness;
use calls::{AtCapacity, Calls, Options, SharedKey};
use clap::{Args, ValueEnum};
use secrecy::{SecretBox, SecretString};
use store::slots::Timing;

use crate::environment::secret;
use crate::installation::Installation;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::watch;

/// A provider that sends its head more slowly than this is dropped.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// Longer than the usual idle time of a proxy's pooled connection, so that the proxy closes first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What a graceful stop waits for, in seconds.
const STOP_LIMIT_S: u64 = 3;
/// How often the provider's list of live calls is compared with the slots.
const COMPARE: Duration = Duration::from_secs(15);

/// What a provider is answered when all lines are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Full {
    /// 503, so that it asks the number's fallback address, which answers what the flow says.
    #[value(name = "503")]
    Unavailable,
    /// 200 with the tone of a busy line.
    Reject,
}

/// Settings of telephony.
#[derive(Debug, Clone, Args)]
pub(crate) struct Telephony {
    /// The account at the telephone provider; without one there are no calls.
    #[arg(long, env = "TWILIO_ACCOUNT_SID")]
    pub(crate) twilio_account_sid: Option<String>,
    /// Its token, which signs every webhook.
    #[arg(long, env = "TWILIO_AUTH_TOKEN", hide = true, hide_env_values = true)]
    pub(crate) twilio_auth_token: Option<String>,
    /// File with the token.
    #[arg(long, env = "TWILIO_AUTH_TOKEN_FILE")]
    pub(crate) twilio_auth_token_file: Option<PathBuf>,
    /// A token that signs too while the other one is being replaced.
    #[arg(
        long,
        env = "TWILIO_SECOND_AUTH_TOKEN",
        hide = true,
        hide_env_values = true
    )]
    pub(crate) twilio_second_auth_token: Option<String>,
    /// File with that token.
    #[arg(long, env = "TWILIO_SECOND_AUTH_TOKEN_FILE")]
    pub(crate) twilio_second_auth_token_file: Option<PathBuf>,
    /// The name of a key that the provider signs webhooks with instead of the token, `webhooks_sharedkey_…`.
    #[arg(long, env = "TWILIO_SHARED_KEY_ID")]
    pub(crate) twilio_shared_key_id: Option<String>,
    /// That key.
    #[arg(long, env = "TWILIO_SHARED_KEY", hide = true, hide_env_values = true)]
    pub(crate) twilio_shared_key: Option<String>,
    /// File with that key.
    #[arg(long, env = "TWILIO_SHARED_KEY_FILE")]
    pub(crate) twilio_shared_key_file: Option<PathBuf>,
    /// Calls that the account may begin a second.
    #[arg(long, env = "TWILIO_CALLS_PER_SECOND", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) twilio_calls_per_second: u32,
    /// Calls of all businesses at once, where no operator has set another number; the same for every replica, since each
    /// goes by its own.
    #[arg(long, env = "MAX_CONCURRENT_CALLS", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) max_concurrent_calls: u32,
    /// Calls of one business at once.
    #[arg(long, env = "SWITCHYARD_CALLS_PER_BUSINESS", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) calls_per_business: u32,
    /// The longest that a call may take, in seconds.
    #[arg(long, env = "SWITCHYARD_CALL_MAX_S", default_value_t = 14_400,
          value_parser = clap::value_parser!(u64).range(60..=14_400))]
    pub(crate) call_max_s: u64,
    /// What the provider is answered when all lines are taken.
    #[arg(long, env = "SWITCHYARD_CALLS_AT_CAPACITY", default_value = "503")]
    pub(crate) calls_at_capacity: Full,
    /// Where `up` listens for the provider [default: 127.0.0.1:8082, or a free port].
    #[arg(long, env = "SWITCHYARD_CALLS_LISTEN")]
    pub(crate) calls_listen: Option<SocketAddr>,
    /// The telephone network, `http://…`; on loopback only.
    #[cfg(feature = "sim")]
    #[arg(long, env = "SWITCHYARD_TWILIO_URL")]
    pub(crate) twilio_url: Option<String>,
}

impl Telephony {
    /// What no single setting shows.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        #[cfg(feature = "sim")]
        if let Some(url) = &self.twilio_url {
            crate::settings::check_loopback("SWITCHYARD_TWILIO_URL", url, "http")?;
        }
        Ok(())
    }

    /// The account, if one is set.
    pub(crate) fn account(&self) -> Result<Option<Account>, Refusal> {
        // An empty one is how compose says that there is none.
        let sid = self.twilio_account_sid.clone();
        let Some(sid) = sid.filter(|sid| !sid.is_empty()) else {
            return Ok(None);
        };
        let (value, file) = (&self.twilio_auth_token, &self.twilio_auth_token_file);
        let token = secret("TWILIO_AUTH_TOKEN", value.as_deref(), file.as_deref())?;
        let missing =
            || Refusal::Setting("TWILIO_ACCOUNT_SID is set: set TWILIO_AUTH_TOKEN too".to_owned());
        let (value, file) = (
            &self.twilio_second_auth_token,
            &self.twilio_second_auth_token_file,
        );
        Ok(Some(Account {
            sid,
            token: token.ok_or_else(missing)?,
            second: secret(
                "TWILIO_SECOND_AUTH_TOKEN",
                value.as_deref(),
                file.as_deref(),
            )?,
            shared: self.shared_key()?,
            provider_url: self.provider_url(),
        }))
    }

    /// The key that is shared for webhooks, if one is named.
    fn shared_key(&self) -> Result<Option<SharedKey>, Refusal> {
        let id = self.twilio_shared_key_id.clone();
        let (value, file) = (&self.twilio_shared_key, &self.twilio_shared_key_file);
        let found = secret("TWILIO_SHARED_KEY", value.as_deref(), file.as_deref())?;
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return match found {
                Some(_nameless) => Err(Refusal::Setting(
                    "TWILIO_SHARED_KEY is set: set TWILIO_SHARED_KEY_ID too".to_owned(),
                )),
                None => Ok(None),
            };
        };
        let missing = || {
            Refusal::Setting("TWILIO_SHARED_KEY_ID is set: set TWILIO_SHARED_KEY too".to_owned())
        };
        let secret = found.ok_or_else(missing)?;
        Ok(Some(SharedKey { id, secret }))
    }

    /// A build with the simulated network asks no other one.
    #[cfg(feature = "sim")]
    fn provider_url(&self) -> Option<String> {
        self.twilio_url.clone()
    }

    #[cfg(not(feature = "sim"))]
    #[expect(clippy::unused_self, reason = "the other build reads a setting here")]
    fn provider_url(&self) -> Option<String> {
        Some("https://api.twilio.com".to_owned())
    }
}

/// An account at a provider.
#[derive(Debug)]
pub(crate) struct Account {
    /// Its name.
    pub(crate) sid: String,
    /// What signs.
    pub(crate) token: SecretString,
    /// And what signs beside it.
    pub(crate) second: Option<SecretString>,
    /// A key that signs webhooks instead of them.
    pub(crate) shared: Option<SharedKey>,
    /// Where the provider is asked.
    pub(crate) provider_url: Option<String>,
}

/// What the calls of a process are beside its settings.
#[derive(Debug)]
pub(crate) struct CallsPlan {
    /// The account.
    pub(crate) account: Account,
    /// Where the provider reaches us.
    pub(crate) url: String,
}

/// Starts the calls of a process, if it takes any, and adds their server to those that run. `told` hears whether new calls
/// are let in; `up` does more than calls and is ready without them.
pub(crate) fn begin(
    settings: &Settings,
    installation: &Installation,
    of_calls: Option<(CallsPlan, TcpListener)>,
    told: Option<Readiness>,
    running: &mut Vec<Server>,
) -> Result<Option<Calls>, Refusal> {
    let Some((plan, listener)) = of_calls else {
        return Ok(None);
    };
    let calls = start(settings, installation, plan)?;
    if let Some(readiness) = told {
        watch::calls(calls.is_ready(), readiness);
    }
    running.push(serve(&calls, listener)?);
    Ok(Some(calls))
}

fn start(
    settings: &Settings,
    installation: &Installation,
    plan: CallsPlan,
) -> Result<Calls, Refusal> {
    let telephony = &settings.telephony;
    let socket_key = installation.master.for_purpose("media sockets");
    let started = Calls::start(Options {
        store: installation.store.clone(),
        redis: installation.redis.clone(),
        timing: Timing::default(),
        public_base_url: plan.url,
        account: plan.account.sid,
        token: plan.account.token,
        second_token: plan.account.second,
        shared_key: plan.account.shared,
        socket_key: SecretBox::new(Box::new(*socket_key)),
        provider_url: plan.account.provider_url,
        calls_per_second: telephony.twilio_calls_per_second,
        limit: telephony.max_concurrent_calls,
        business_limit: telephony.calls_per_business,
        longest: Duration::from_secs(telephony.call_max_s),
        at_capacity: match telephony.calls_at_capacity {
            Full::Unavailable => AtCapacity::Unavailable,
            Full::Reject => AtCapacity::Reject,
        },
        compare_every: COMPARE,
        local_programs: cfg!(feature = "sim"),
        registry: installation.registry.clone(),
    });
    Ok(started.context("the calls")?)
}

/// Serves the provider.
fn serve(calls: &Calls, listener: TcpListener) -> Result<Server, Refusal> {
    let routes = calls.configure();
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    Ok(server
        .client_request_timeout(HEAD_LIMIT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(STOP_LIMIT_S)
        // A frame of sound does not wait until the one before is acknowledged.
        .tcp_nodelay(true)
        .disable_signals()
        .listen(listener)?
        .run())
}

#[cfg(test)]
mod tests {
    use crate::settings::tests::settings;

    #[test]
    fn an_account_without_a_token_of_its_own_is_refused() {
        let account = |flags: &[&str]| settings(flags).telephony.account();
        assert!(account(&[]).unwrap().is_none());
        let named = ["--twilio-account-sid", "AC1", "--twilio-auth-token"];
        assert!(account(&[named.as_slice(), &[""]].concat()).is_err());
        let full = [named.as_slice(), &["token"]].concat();
        assert!(
            account(&full)
                .unwrap()
                .is_some_and(|it| it.shared.is_none())
        );
        let shared = [full.as_slice(), &["--twilio-shared-key-id", "key"]].concat();
        assert!(account(&shared).is_err());
        let shared = [shared.as_slice(), &["--twilio-shared-key", "secret"]].concat();
        assert!(
            account(&shared)
                .unwrap()
                .is_some_and(|it| it.shared.is_some())
        );
    }
}
